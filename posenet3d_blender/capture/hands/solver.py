"""The hand solver: the wrist by the palm, then Gauss-Newton steps over all joints and samples."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ...arrays import Array, blocks
from ...body.hands import RestHand
from ...body.rotations import matrix_to_axis_angle, turned_part_way
from ...least_squares.banded import FrameSystem
from ..keypoints.sampling import seconds_to_nearest
from ..solve.segments import overlapping_segments
from .bones import PALM_COUNT
from .posed_hand import PosedHand
from .sampling import SampledHand
from .terms import UNKNOWNS, HandWeights, add_bones, add_limits, add_priors, add_smoothness, bone_cost

STEPS: Final = 8
DAMPING: Final = 0.1
SEGMENT: Final = 1800
"""Samples solved at once, a minute."""
OVERLAP: Final = 60
"""Samples that two segments share."""
SMALLEST_SEEN: Final = 1e-3
STEPS_ALONE: Final = 4
SIDE_WINDOW: Final = 0.25
"""Seconds to either side over which left and right are decided."""
SUREST_WORD: Final = 1e-3
"""Nearest to 0 and 1 that the predicted handedness is taken for."""


@dataclass(frozen=True)
class SolvedHand:
    """One hand over S samples."""

    wrist: Array
    """(S, 3, 3) rotation of the wrist's joint in the frame of the solve."""
    pose: Array
    """(S, 45) axis-angle, as `Motion.left_hand_pose`."""
    confidence: Array
    """(S,) from 0 (relaxed, as the hand is not seen) to 1."""


def solve_hand(
    rest: RestHand, time: Array, sampled: SampledHand, body_wrist: Array, weights: HandWeights | None = None
) -> SolvedHand:
    """Fit a hand to its found bones.

    Args:
        rest: the body's hand.
        time: (S,) seconds, even.
        sampled: the found bones.
        body_wrist: (S, 3, 3) the wrist's rotation by the body alone.
        weights: of the terms.
    """
    weights = weights or HandWeights()
    state = PosedHand.relaxed(rest, body_wrist)
    if sampled.confidence.max(initial=0.0) < SMALLEST_SEEN:
        return SolvedHand(body_wrist, _pose(state), np.zeros(len(time)))
    sampled = _with_true_depths(state, time, sampled, body_wrist, weights)
    by_palm = _by_palm(state, sampled, body_wrist)
    off = np.linalg.norm(matrix_to_axis_angle(np.swapaxes(body_wrist, -1, -2) @ by_palm), axis=-1)  # (S,)
    misread = off > weights.misread
    sampled = replace(sampled, confidence=np.where(misread, 0.0, sampled.confidence))
    state = replace(state, wrist=np.where(misread[:, None, None], body_wrist, by_palm))
    solved = None
    for part in overlapping_segments(len(time), SEGMENT, OVERLAP):
        segment = state.select(part)
        fitted = _fit(segment, time[part], sampled.select(part), body_wrist[part], weights)
        solved = fitted if solved is None else _blend(solved, fitted, part.start)
    assert solved is not None
    return SolvedHand(solved.wrist, _pose(solved), sampled.confidence)


def _with_true_depths(
    state: PosedHand, time: Array, sampled: SampledHand, body_wrist: Array, weights: HandWeights
) -> SampledHand:
    """The found hand with its depths turned back where the network takes it for one of the other side.

    Both ways are fitted, each sample alone: a hand whose depths are mirrored fits none of the body's side. The better
    fit and the predicted handedness decide together, over the samples around, as a hand keeps its side.
    """
    worse = np.empty(len(time))  # (S,) by how much mirrored depths fit worse
    for part in blocks(len(time)):
        one, wrist = sampled.select(part), body_wrist[part]
        cost, other_cost = (_cost_alone(state.select(part), each, wrist, weights) for each in (one, one.mirrored()))
        worse[part] = other_cost - cost
    word = np.clip(sampled.own_side, SUREST_WORD, 1 - SUREST_WORD)
    gain = worse + weights.handedness * np.log(word / (1 - word))
    sums = np.concatenate([[0.0], np.cumsum(gain * (sampled.confidence + SMALLEST_SEEN))])
    first, end = np.searchsorted(time, time - SIDE_WINDOW), np.searchsorted(time, time + SIDE_WINDOW, side="right")
    is_other = sums[end] < sums[first]  # (S,)
    directions = sampled.directions.copy()
    directions[is_other] = sampled.select(is_other).mirrored().directions
    return replace(sampled, directions=directions)


def _cost_alone(state: PosedHand, sampled: SampledHand, body_wrist: Array, weights: HandWeights) -> Array:
    """(S,) cost of the best fit to the bones of each sample without its neighbours."""
    alone = replace(state, wrist=_by_palm(state, sampled, body_wrist))
    found = replace(sampled, confidence=np.ones(len(body_wrist)))
    for _ in range(STEPS_ALONE):
        system = FrameSystem(len(body_wrist), UNKNOWNS, 0)
        add_bones(system, alone, found, weights)
        add_priors(system, alone, body_wrist, found.confidence, weights)
        add_limits(system, alone, weights)
        alone = alone.moved(system.solve(DAMPING)[0])
    return bone_cost(alone, found, weights)


def _fit(state: PosedHand, time: Array, sampled: SampledHand, body_wrist: Array, weights: HandWeights) -> PosedHand:
    step_seconds = float(time[1] - time[0])
    seen = np.clip(1 - seconds_to_nearest(time, sampled.confidence > 0) / weights.easing, 0.0, 1.0)  # (S,)
    for _ in range(STEPS):
        system = FrameSystem(len(time), UNKNOWNS, 0)
        add_bones(system, state, sampled, weights)
        add_priors(system, state, body_wrist, seen, weights)
        add_limits(system, state, weights)
        add_smoothness(system, state, step_seconds, weights)
        state = state.moved(system.solve(DAMPING)[0])
    return state


def _by_palm(state: PosedHand, sampled: SampledHand, body_wrist: Array) -> Array:
    """(S, 3, 3) the wrist's rotation that fits the palm best (Kabsch), or the body's where the hand is not seen."""
    covariance = np.einsum("ska,kb->sab", sampled.directions[:, :PALM_COUNT], state.rest_directions[:PALM_COUNT])
    left, _, right = np.linalg.svd(covariance)
    left[..., 2] *= np.linalg.det(left @ right)[:, None]
    return np.where((sampled.confidence > 0)[:, None, None], left @ right, body_wrist)


def _pose(state: PosedHand) -> Array:
    """(S, 45) as `PosedHand.pose`; some samples at a time, so that an hour's joints need not all be kept."""
    return np.concatenate([state.select(part).pose() for part in blocks(len(state.wrist))])


def _blend(before: PosedHand, after: PosedHand, start: int) -> PosedHand:
    """Join two segments; `after` begins at sample `start` of `before`, and the overlap is cross-faded."""
    overlap = len(before.wrist) - start
    part = (np.arange(overlap) + 0.5) / overlap
    wrist = turned_part_way(before.wrist[start:], after.wrist[:overlap], part)
    angles = before.angles[start:] * (1 - part[:, None]) + after.angles[:overlap] * part[:, None]
    return replace(
        before,
        wrist=np.concatenate([before.wrist[:start], wrist, after.wrist[overlap:]]),
        angles=np.concatenate([before.angles[:start], angles, after.angles[overlap:]]),
    )
