"""Terms of the hand solver's cost: each adds its residuals to the system of equations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ...arrays import Array
from ...body.fingers import FINGER_JOINTS
from ...body.rotations import matrix_to_axis_angle
from ...least_squares.banded import FrameSystem
from ..solve.terms import SolveWeights, tempo
from .bones import PALM_BONES, PALM_COUNT, rest_vectors
from .posed_hand import ANGLE_COUNT, ANGLES, LAST_BY_MIDDLE, PosedHand, angle_limits, relaxed_angles
from .sampling import SampledHand

UNKNOWNS: Final = 3 + ANGLE_COUNT
"""Of a sample: the wrist's turn and the angles."""
_LAST_OF_FINGERS: Final = [
    PALM_COUNT + joint for joint, name in enumerate(FINGER_JOINTS) if name.endswith("3") and name != "thumb3"
]
OUTLYING_ACCELERATION: Final = 12.0
"""Expected deviations of an acceleration from which it costs less and less."""


@dataclass(frozen=True)
class HandWeights:
    """Expected deviations (one standard deviation) of each term, in radians and seconds."""

    across: float = 0.12
    """Between a bone of 3 cm and the found one, across the view."""
    along: float = 0.40
    """Between a bone of 3 cm and the found one, along the view, which single pictures tell less of."""
    outlier: float = 0.6
    """From which a bone counts less and less."""
    palm: float = 2.0
    """Deviation of lines through the palm, as a part of the others': no two palms are of one shape."""
    last: float = 2.0
    """Deviation of the last bone of a finger, the thumb aside, as a part of the others': the networks hardly see how
    far it bends."""
    relaxed: float = 1.5
    """Deviation from the relaxed hand while the hand is seen, as a part of the usual one."""
    unseen_relaxed: float = 0.3
    """Deviation from the relaxed hand while the hand is not seen, as a part of the usual one."""
    wrist: float = 1.0
    """Between the wrist's rotation and the body's own estimate, while the hand is seen."""
    unseen_wrist: float = 0.1
    """Between the wrist's rotation and the body's own estimate, while the hand is not seen."""
    handedness: float = 4.0
    """Squares of deviations that the log odds of the predicted handedness are worth."""
    misread: float = 1.75
    """Angle between the palm that the network shows and the body's own from which the hand counts as unseen: it is
    taken for its back, or for the other hand."""
    coupling: float = 0.15
    """Between a finger's last joint and what its middle one tells."""
    limit: float = 0.05
    """Beyond a joint's limits."""
    turn_acceleration: float = 40.0
    """Of the fingers per second squared, as the body's."""
    wrist_acceleration: float = 16.0
    """Of the wrist on the forearm: less, as the palm's few points show its turn badly."""
    easing: float = 0.4
    """Seconds from the last sight of a hand until it is relaxed."""
    smoothing: float = SolveWeights.smoothing
    """As of `SolveWeights`."""


def add_bones(system: FrameSystem, state: PosedHand, sampled: SampledHand, weights: HandWeights) -> None:
    """The bones point the way of the found ones. Robust, with Geman and McClure's weights."""
    error = state.directions - sampled.directions  # (S, 22, 3)
    robust_weight = _trust(error, weights) ** 2  # (S, 22)
    root_weight = np.sqrt(robust_weight * sampled.confidence[:, None]) / _deviations(state, weights)  # (S, 22)
    view = sampled.view[:, None, None]  # (S, 1, 1, 3)
    ratio = weights.across / weights.along

    def weighted(derivative: Array) -> Array:
        """(S, 22, 3, N) to (S, 66, N), of which the part along the view counts less."""
        along = np.swapaxes(view @ derivative, -1, -2)  # (S, 22, N, 1)
        less = derivative - (1 - ratio) * np.swapaxes(along * view, -1, -2)
        rows: Array = (less * root_weight[..., None, None]).reshape(len(error), -1, derivative.shape[-1])
        return rows

    system.add([weighted(state.jacobian())], weighted(error[..., None])[..., 0])


def bone_cost(state: PosedHand, sampled: SampledHand, weights: HandWeights) -> Array:
    """(S,) how far the bones are from the found ones, in squares of the expected deviations, as for full confidence."""
    error = state.directions - sampled.directions  # (S, 22, 3)
    along = (error * sampled.view[:, None]).sum(axis=-1)
    ratio = weights.across / weights.along
    squares = (error**2).sum(axis=-1) - (1 - ratio**2) * along**2  # (S, 22)
    cost: Array = (squares * _trust(error, weights) / _deviations(state, weights) ** 2).sum(axis=1)
    return cost


def _trust(error: Array, weights: HandWeights) -> Array:
    """(S, 22) from 1 down to 0 for large errors (S, 22, 3): Geman and McClure's."""
    trust: Array = 1 / (1 + (error**2).sum(-1) / weights.outlier**2)
    return trust


def add_priors(system: FrameSystem, state: PosedHand, body_wrist: Array, seen: Array, weights: HandWeights) -> None:
    """The hand is relaxed and the wrist as the body has it, more so where the hand is not seen.

    Args:
        system: of the equations.
        state: of the hand.
        body_wrist: (S, 3, 3) the wrist's rotation by the body alone.
        seen: (S,) from 0 (not seen for long) to 1.
        weights: of the terms.
    """
    usual = np.radians([angle.deviation for angle in ANGLES])
    factor = weights.unseen_relaxed * (weights.relaxed / weights.unseen_relaxed) ** seen[:, None]  # (S, 1)
    wrist = weights.unseen_wrist * (weights.wrist / weights.unseen_wrist) ** seen[:, None]
    off = np.concatenate(
        [matrix_to_axis_angle(np.swapaxes(body_wrist, 1, 2) @ state.wrist), state.angles - relaxed_angles(state.rest)],
        axis=1,
    )  # (S, 3 + A)
    deviation = np.concatenate([np.repeat(wrist, 3, axis=1), factor * usual], axis=1)
    _add_for_each(system, 1 / deviation**2, off)


def add_limits(system: FrameSystem, state: PosedHand, weights: HandWeights) -> None:
    """Joints keep their limits, and the last joint of a finger bends with its middle one."""
    lowest, highest = angle_limits(state.rest)
    beyond = np.minimum(state.angles - lowest, 0) + np.maximum(state.angles - highest, 0)  # (S, A)
    zero = np.zeros((len(beyond), 3))
    _add_for_each(
        system,
        np.concatenate([zero, (beyond != 0) / weights.limit**2], axis=1),
        np.concatenate([zero, beyond], axis=1),
    )
    flexion = state.angles + [state.rest.rest_flexion[angle.joint] for angle in ANGLES]
    rows: list[tuple[int, int]] = []
    for number, angle in enumerate(ANGLES):
        if angle.kind == "flex" and angle.joint % 3 == 2 and ANGLES[number - 1].kind == "flex":
            rows.append((number - 1, number))
    jacobian = np.zeros((len(beyond), len(rows), UNKNOWNS))
    residual = np.empty((len(beyond), len(rows)))
    for row, (middle, last) in enumerate(rows):
        jacobian[:, row, 3 + last], jacobian[:, row, 3 + middle] = 1.0, -LAST_BY_MIDDLE
        residual[:, row] = flexion[:, last] - LAST_BY_MIDDLE * flexion[:, middle]
    system.add([jacobian / weights.coupling], residual / weights.coupling)


def add_smoothness(system: FrameSystem, state: PosedHand, step_seconds: float, weights: HandWeights) -> None:
    """Accelerations are small; robust, but less than the body's: a misread frame turns the whole hand over."""
    turns = matrix_to_axis_angle(np.swapaxes(state.wrist[:-1], 1, 2) @ state.wrist[1:])  # (S - 1, 3)
    steps = np.concatenate([turns, np.diff(state.angles, axis=0)], axis=1)
    acceleration = np.diff(steps, axis=0)  # (S - 2, 3 + A)
    of_each = np.repeat([weights.wrist_acceleration, weights.turn_acceleration], [3, ANGLE_COUNT])  # (3 + A,)
    deviation = of_each * (tempo(weights.smoothing) * step_seconds) ** 2
    system.add_small_differences(2, acceleration, deviation, OUTLYING_ACCELERATION)


def _deviations(state: PosedHand, weights: HandWeights) -> Array:
    """(22,) of the bones across the view: short bones' directions are less sure."""
    lengths = np.linalg.norm(rest_vectors(state.rest), axis=-1)
    deviations: Array = weights.across * np.sqrt(0.03 / np.maximum(lengths, 0.01))
    deviations[:PALM_COUNT] *= weights.palm
    # The thumb's first joint lies elsewhere in the networks' hand.
    deviations[PALM_BONES.index(("wrist", "thumb1"))] *= 3
    deviations[_LAST_OF_FINGERS] *= weights.last
    return deviations


def _add_for_each(system: FrameSystem, weight: Array, residual: Array) -> None:
    """Add one residual for each unknown of each sample: squared weights and residuals (S, 3 + A)."""
    indices = np.arange(UNKNOWNS)
    system.blocks[0][:, indices, indices] += weight
    system.gradient += weight * residual
