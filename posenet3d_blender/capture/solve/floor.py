"""The floor, solved with the body, and the terms of feet that rest on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import Array
from ...body.model import SHAPE_COUNT
from ...body.soles import SOLE_JOINTS
from ...least_squares.banded import FrameSystem
from .posed_body import PosedBody
from .terms import SolveWeights

FLOOR_COUNT: Final = 3
"""Unknowns of the floor: two tilts and the height."""
RAISED_SOLE: Final = 0.03
"""Metres from which the upper end of a tilted foot counts less and less as resting."""
OTHER_FLOOR: Final = 0.08
"""Metres from the floor from which a resting foot counts less and less: it stands on something else."""
SLIDING: Final = 0.2
"""Metres per second from which a foot that should rest counts less and less."""
_REST, _RELEASE = 0.5, 0.35
"""Probabilities at which a foot begins to rest and at which it leaves."""
_LEVEL_STEP: Final = 0.01
"""Metres between the heights at which the floor is looked for."""
_OFTEN: Final = 0.5
"""Share of the most common height's support from which a lower height is the floor."""
_EASE: Final = 0.1
"""Seconds over which a foot is let go, so that it does not jump."""


@dataclass(frozen=True)
class Floor:
    """A plane in the camera frame: the points p with `up` · p = `height`."""

    up: Array
    """(3,) unit vector against gravity."""
    height: float
    """Metres, below 0 where the camera is above the floor."""

    def heights(self, points: Array) -> Array:
        """(...) metres of points (..., 3) above the floor."""
        above: Array = points @ self.up - self.height
        return above

    @property
    def tilts(self) -> Array:
        """(2, 3) unit vectors in the floor, by which `up` tilts."""
        first = np.cross(self.up, [0.0, 0.0, 1.0] if abs(self.up[2]) < 0.9 else [1.0, 0.0, 0.0])
        first /= np.linalg.norm(first)
        return np.stack([first, np.cross(self.up, first)])

    def moved(self, step: Array) -> Floor:
        """The floor after a step (3,): two tilts, radians about the camera, and the height."""
        up = self.up + step[:2] @ self.tilts
        return Floor(up / np.linalg.norm(up), self.height + float(step[2]))


def resting(contacts: Array, step_seconds: float) -> Array:
    """(S, 2) from 0 to 1 for each foot, of probabilities (S, 2) that it rests.

    A foot rests from the sample at which the probability is high until it is low, so that it does not flicker between
    the two; both ends are eased.
    """
    held = np.zeros(contacts.shape)
    for foot in range(contacts.shape[1]):
        rests = False
        for sample, probability in enumerate(contacts[:, foot]):
            rests = probability > (_RELEASE if rests else _REST)
            held[sample, foot] = rests
    return np.minimum(_average(held, step_seconds), held)


def _average(values: Array, step_seconds: float) -> Array:
    """(S, N) averaged over _EASE before and after each sample, the nearer the more."""
    reach = max(1, round(_EASE / step_seconds))
    window = np.hanning(2 * reach + 3)[1:-1]
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
    return np.stack([np.convolve(column, window / window.sum(), mode="valid") for column in padded.T], axis=1)


def sole_weights(state: PosedBody, floor: Floor, rests: Array, step_seconds: float) -> Array:
    """(S, 4) from 0 to 1: how much heels and balls of feet that rest (S, 2) touch the floor.

    Told from heights averaged over time, so that no sole is let go for a sample or two.
    """
    heights = _average(floor.heights(state.soles), step_seconds).reshape(-1, 2, 2)  # (S, foot, heel or ball)
    weights: Array = rests[..., None] * _lowness(heights, axis=2)
    return weights.reshape(len(rests), -1)


def _lower_sole_weights(state: PosedBody, floor: Floor, hidden: NDArray[np.bool_], step_seconds: float) -> Array:
    """(S, 4) from 0 to 1: how much each sole is the one that stands, in samples without a foot in view (S,)."""
    heights = _average(floor.heights(state.soles), step_seconds)  # (S, 4)
    weights: Array = hidden[:, None] * _lowness(heights, axis=1)
    return weights


def _lowness(heights: Array, axis: int) -> Array:
    """From 0 to 1: 1 for the lowest along the axis, less from RAISED_SOLE above it."""
    raised = heights - heights.min(axis=axis, keepdims=True)
    lowness: Array = (1 + (raised / RAISED_SOLE) ** 2) ** -2
    return lowness


def level_floor(state: PosedBody, rests: Array, up: Array) -> Floor:
    """The floor under the soles, at right angles to `up`; where no foot rests, under the lowest.

    Feet may rest at several heights (a stool, a step): the floor is the lowest of those at which feet rest often.
    """
    soles = np.concatenate([part.soles @ up for part in state.in_blocks()])  # (S, 4)
    heights = np.minimum(soles[:, ::2], soles[:, 1::2])  # (S, 2)
    rested = np.sort(heights[rests > 0.5])  # (N,)
    if not len(rested):
        return Floor(up, float(np.percentile(heights.min(1), 5)))
    levels = np.linspace(rested[0], rested[-1], 1 + int((rested[-1] - rested[0]) / _LEVEL_STEP))
    support = np.array([(1 / (1 + ((rested - level) / OTHER_FLOOR) ** 2) ** 2).sum() for level in levels])  # (L,)
    often = (support >= _OFTEN * support.max()) & (support >= np.append(support[1:], 0.0))
    return Floor(up, float(levels[np.flatnonzero(often)[0]]))


def add_floor(
    system: FrameSystem,
    state: PosedBody,
    floor: Floor,
    rests: Array,
    hidden: NDArray[np.bool_],
    expected: Floor,
    step_seconds: float,
    weights: SolveWeights,
) -> None:
    """Soles of feet that rest (S, 2) lie on the floor, others not below it; the floor is near the expected one.

    In samples without a foot in view, `hidden` (S,), the lower sole is near the floor: a guessed foot would float.
    """
    heights = floor.heights(state.soles)  # (S, 4)
    touch = np.sqrt(sole_weights(state, floor, rests, step_seconds)) / weights.floor
    guess = np.sqrt(_lower_sole_weights(state, floor, hidden, step_seconds)) / weights.hidden_foot
    touch = np.maximum(touch, guess)
    robust_root = 1 / (1 + (heights / OTHER_FLOOR) ** 2)
    root_weight = robust_root * np.maximum(touch, (heights < 0) / weights.below_floor)  # (S, 4)
    jacobian = np.einsum("skac,a->skc", state.point_jacobian(state.soles, SOLE_JOINTS), floor.up)
    by_shape = np.einsum("skac,a->skc", state.sole_shape_jacobian(), floor.up)  # (S, 4, 10)
    by_tilt = state.soles @ floor.tilts.T  # (S, 4, 2)
    shared = np.concatenate([by_shape, by_tilt, np.full((*heights.shape, 1), -1.0)], axis=-1)  # (S, 4, 13)
    system.add([root_weight[..., None] * jacobian], root_weight * heights, root_weight[..., None] * shared)
    deviation = np.array([weights.floor_tilt, weights.floor_tilt, weights.floor_height])
    prior = system.frames / deviation**2  # (3,)
    off = np.append(-floor.tilts @ expected.up, floor.height - expected.height)
    own = slice(SHAPE_COUNT, SHAPE_COUNT + FLOOR_COUNT)
    system.corner[own, own] += np.diag(prior)
    system.shared_gradient[own] += prior * off


def add_contacts(
    system: FrameSystem, state: PosedBody, floor: Floor, rests: Array, step_seconds: float, weights: SolveWeights
) -> None:
    """Soles of feet that rest (S, 2) stay where they are."""
    points = state.soles  # (S, 4, 3)
    move = points[1:] - points[:-1]  # (S - 1, 4, 3)
    touch = sole_weights(state, floor, rests, step_seconds)
    # Convex: were large moves free, all of a foot's drift would gather in one jump.
    robust_root = (1 + (move**2).sum(-1) / (SLIDING * step_seconds) ** 2) ** -0.25
    root_weight = np.sqrt(touch[:-1] * touch[1:]) * robust_root / (weights.foot_speed * step_seconds)  # (S - 1, 4)
    root_weight = root_weight[..., None]
    jacobian = state.point_jacobian(points, SOLE_JOINTS)  # (S, 4, 3, 75)

    def weight_rows(derivative: Array) -> Array:
        """(S - 1, 4, 3, 75) to weighted rows (S - 1, 12, 75)."""
        weighted: Array = root_weight[..., None] * derivative
        return weighted.reshape(len(move), -1, derivative.shape[-1])

    system.add([weight_rows(-jacobian[:-1]), weight_rows(jacobian[1:])], (root_weight * move).reshape(len(move), -1))
