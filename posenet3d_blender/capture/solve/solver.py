"""The solver: initial translation by least squares, then Gauss-Newton steps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import Array, blocks
from ...body.keypoints import BodyKeypoints, body_keypoints
from ...body.model import SHAPE_COUNT, Body
from ...body.rotations import turned_part_way
from ...least_squares.banded import FrameSystem
from ...progress import Progress, silent
from ..keypoints.presence import VISIBLE_CERTAINTY, certainty
from ..keypoints.sampling import SampledKeypoints
from ..student.predict import StudentPrediction
from .floor import FLOOR_COUNT, Floor, add_contacts, add_floor, level_floor, resting
from .foot_motion import seen_feet, still_feet
from .hidden_legs import stand_hidden_legs
from .posed_body import PosedBody
from .segments import overlapping_segments
from .standing_knees import straighten_standing_knees
from .terms import SolveWeights, add_keypoints, add_smoothness, add_student

STEPS: Final = 8
DAMPING: Final = 1.0
UNKNOWNS: Final = 75
"""Of a sample: the pelvis's position and 24 joint rotations."""
SEGMENT: Final = 600
"""Samples solved at once, 20 s: about 300 MB."""
OVERLAP: Final = 60
"""Samples that two segments share."""
_FIXED: Final = 1e-3
"""Deviation of a shape or floor that is solved already."""


@dataclass(frozen=True)
class Solution:
    """The solved body and the floor under it, camera frame."""

    body: PosedBody
    floor: Floor
    contacts: Array
    """(S, 2) probability that the left and the right foot rest; 0 where the foot is not in view, or moves in it."""


@dataclass(frozen=True)
class _Feet:
    """Resting and hidden feet, found before the solve."""

    contacts: Array
    """(S, 2) as of `Solution`."""
    rests: Array
    """(S, 2) from 0 to 1, see `resting`."""
    hidden: NDArray[np.bool_]
    """(S,) samples without a foot in view."""


def solve(
    body: Body,
    sampled: SampledKeypoints,
    prediction: StudentPrediction,
    weights: SolveWeights | None = None,
    progress: Progress = silent,
    floor: Floor | None = None,
) -> Solution:
    """Fit the body and the floor, unless it is known, to the sampled keypoints, from the student's prediction.

    Long clips are solved in overlapping segments, so that memory stays bounded; the shape and the floor are solved on
    the segment of the highest confidence and kept for all.
    """
    weights = weights or SolveWeights()
    # For the whole clip at once: during a long absence only the rest of the clip tells where the person is.
    placed = place(body, body_keypoints(body), sampled, prediction)
    stood = stand_hidden_legs(placed.rotations, placed.pelvis, sampled, prediction.up)
    feet = _feet(sampled, prediction, sampled.in_camera(placed.pelvis)[:, 2])
    rest_joints = body.rest_joints(prediction.betas)
    stood = straighten_standing_knees(stood, rest_joints, sampled, feet.rests, prediction.up)
    placed, prediction = replace(placed, rotations=stood), replace(prediction, rotations=stood)
    initial = Solution(placed, floor or level_floor(placed, feet.rests, prediction.up), feet.contacts)
    if floor is not None:
        weights = replace(weights, floor_tilt=_FIXED, floor_height=_FIXED)
    segments = overlapping_segments(len(sampled.time), SEGMENT, OVERLAP)
    if len(segments) == 1:
        return _solve_segment(initial, sampled, prediction, feet, weights, progress)
    best = max(segments, key=lambda segment: float(sampled.confidence[segment].mean()))
    rounds = [best, *segments]

    def solve_round(number: int, prediction: StudentPrediction, weights: SolveWeights, floor: Floor) -> Solution:
        segment = rounds[number]
        state = replace(placed.select(segment), betas=prediction.betas)
        return _solve_segment(
            Solution(state, floor, feet.contacts[segment]),
            sampled.select(segment),
            replace(prediction, rotations=prediction.rotations[segment]),
            _Feet(feet.contacts[segment], feet.rests[segment], feet.hidden[segment]),
            weights,
            lambda stage, fraction: progress(stage, (number + fraction) / len(rounds)),
        )

    first = solve_round(0, prediction, weights, initial.floor)
    known = replace(prediction, betas=first.body.betas)
    fixed = replace(weights, shape=_FIXED, floor_tilt=_FIXED, floor_height=_FIXED)
    whole = replace(placed, rotations=placed.rotations.copy(), pelvis=placed.pelvis.copy(), betas=known.betas)
    for number, segment in enumerate(segments, start=1):
        _join(whole, solve_round(number, known, fixed, first.floor).body, segment)
    return Solution(whole, first.floor, feet.contacts)


def _solve_segment(
    solution: Solution,
    sampled: SampledKeypoints,
    prediction: StudentPrediction,
    feet: _Feet,
    weights: SolveWeights,
    progress: Progress,
) -> Solution:
    """Gauss-Newton from `solution`."""
    step_seconds, rests, hidden = _step_seconds(sampled), feet.rests, feet.hidden
    state, floor = solution.body, solution.floor
    for number in range(STEPS):
        progress("solve", number / STEPS)
        system = FrameSystem(len(sampled.time), UNKNOWNS, SHAPE_COUNT + FLOOR_COUNT, reach=3)
        add_keypoints(system, state, sampled, weights)
        add_student(system, state, prediction, weights)
        add_smoothness(system, state, step_seconds, weights)
        if weights.foot_lock and (rests.any() or hidden.any()):
            add_contacts(system, state, floor, rests, step_seconds, weights)
            add_floor(system, state, floor, rests, hidden, solution.floor, step_seconds, weights)
        step, shared_step = system.solve(DAMPING)
        state, floor = state.moved(step, shared_step[:SHAPE_COUNT]), floor.moved(shared_step[SHAPE_COUNT:])
    progress("solve", 1.0)
    return replace(solution, body=state, floor=floor if weights.foot_lock else level_floor(state, rests, floor.up))


def _feet(sampled: SampledKeypoints, prediction: StudentPrediction, depth: Array) -> _Feet:
    """Resting and hidden feet; depth: (S,) metres from the camera."""
    visible, seen = certainty(sampled.confidence) >= VISIBLE_CERTAINTY, seen_feet(sampled)  # (S,), (S, 2)
    still = still_feet(sampled, depth) * seen  # (S, 2)
    contacts = prediction.contacts * visible[:, None] * still
    return _Feet(contacts, resting(contacts, _step_seconds(sampled)), ~seen.any(axis=1))


def _step_seconds(sampled: SampledKeypoints) -> float:
    return float(sampled.time[1] - sampled.time[0])


def _join(whole: PosedBody, solved: PosedBody, segment: slice) -> None:
    """Write a solved segment into the whole; where it overlaps the one before, both are cross-faded."""
    overlap = OVERLAP if segment.start else 0
    shared, rest = slice(segment.start, segment.start + overlap), slice(segment.start + overlap, segment.stop)
    part = (np.arange(overlap) + 0.5) / max(overlap, 1)
    before = whole.rotations[shared]
    whole.rotations[shared] = turned_part_way(before, solved.rotations[:overlap], part[:, None])
    whole.pelvis[shared] += part[:, None] * (solved.pelvis[:overlap] - whole.pelvis[shared])
    whole.rotations[rest], whole.pelvis[rest] = solved.rotations[overlap:], solved.pelvis[overlap:]


def place(body: Body, keypoints: BodyKeypoints, sampled: SampledKeypoints, prediction: StudentPrediction) -> PosedBody:
    """The student's body, translated in each sample so that its keypoints lie nearest to the rays (least squares)."""
    count = len(sampled.time)
    state = PosedBody(body, keypoints, prediction.rotations, np.zeros((count, 3)), prediction.betas)
    squares, sums = np.empty((count, 3, 3)), np.empty((count, 3))
    for samples in blocks(count):
        squares[samples], sums[samples] = _translation_system(state.select(samples), sampled.select(samples))
    visible = sampled.confidence.sum(1) > 3  # (S,)
    pelvis = np.tile([0.0, 0.0, 3.0], (count, 1))
    if visible.any():
        pelvis[visible] = np.linalg.solve(squares[visible], sums[visible][..., None])[..., 0]
        pelvis[:, 2] = np.clip(pelvis[:, 2], 0.5, 100.0)
        pelvis = sampled.from_camera(pelvis)
        for axis in range(3):
            pelvis[:, axis] = np.interp(sampled.time, sampled.time[visible], pelvis[visible, axis])
    return replace(state, pelvis=pelvis)


def _translation_system(state: PosedBody, sampled: SampledKeypoints) -> tuple[Array, Array]:
    """Normal equations of each sample's translation (S, 3, 3) and (S, 3), in the axes of its camera."""
    points, rays = sampled.turned(state.points), sampled.rays  # (S, 25, 3), (S, 25, 2)
    # (X + t) x - ray (X + t) z = 0, linear in t.
    rows = np.zeros((*points.shape[:2], 2, 3))
    rows[..., 0, 0] = rows[..., 1, 1] = 1.0
    rows[..., 2] = -rays
    right = rays * points[..., 2:] - points[..., :2]  # (S, 25, 2)
    squares = np.einsum("skaj,skal,sk->sjl", rows, rows, sampled.confidence)
    return squares, np.einsum("skaj,ska,sk->sj", rows, right, sampled.confidence)
