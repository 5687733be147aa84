"""The solve itself: a first translation, then Gauss-Newton steps."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from ...body.keypoints import BodyKeypoints, body_keypoints
from ...body.model import Body
from ...body.rotations import axis_angle_to_matrix, matrix_to_axis_angle
from ...progress import Progress, silent
from ..keypoints.sampling import SampledKeypoints
from ..student.predict import StudentPrediction
from .banded import FrameSystem
from .posed_body import PosedBody
from .terms import SolveWeights, add_contacts, add_keypoints, add_smoothness, add_student

STEPS: Final = 8
DAMPING: Final = 1.0
UNKNOWNS: Final = 75
"""Of a frame: the pelvis's position and 24 joint turns."""
SEGMENT: Final = 600
"""Samples solved at once, 20 s: about 300 MB."""
OVERLAP: Final = 60
_FIXED_SHAPE: Final = 1e-3
"""Deviation of a shape that is known already."""


def solve(
    body: Body,
    seen: SampledKeypoints,
    prediction: StudentPrediction,
    weights: SolveWeights | None = None,
    progress: Progress = silent,
) -> PosedBody:
    """Fit the body to the seen keypoints, from the student's prediction on.

    Long clips are solved in overlapping segments, so that memory stays bounded; the shape is found on the segment that
    is seen best and kept for all.
    """
    weights = weights or SolveWeights()
    # Placed once for the whole clip: where nobody is seen for long, only the rest of the clip says where they are.
    placed = place(body, body_keypoints(body), seen, prediction)
    segments = _segments(len(seen.time))
    if len(segments) == 1:
        return _solve_segment(placed, seen, prediction, weights, progress)
    best = max(segments, key=lambda segment: float(seen.confidence[segment].mean()))
    rounds = [best, *segments]

    def solved(number: int, prediction: StudentPrediction, weights: SolveWeights) -> PosedBody:
        part = rounds[number]
        return _solve_segment(
            replace(placed, rotations=placed.rotations[part], pelvis=placed.pelvis[part], betas=prediction.betas),
            SampledKeypoints(seen.time[part], seen.rays[part], seen.confidence[part]),
            replace(prediction, rotations=prediction.rotations[part], contacts=prediction.contacts[part]),
            weights,
            lambda stage, fraction: progress(stage, (number + fraction) / len(rounds)),
        )

    known = replace(prediction, betas=solved(0, prediction, weights).betas)
    fixed = replace(weights, shape=_FIXED_SHAPE)
    whole = solved(1, known, fixed)
    for number, segment in enumerate(segments[1:], start=2):
        whole = _joined(whole, solved(number, known, fixed), segment.start)
    return replace(whole, betas=known.betas)


def _solve_segment(
    state: PosedBody, seen: SampledKeypoints, prediction: StudentPrediction, weights: SolveWeights, progress: Progress
) -> PosedBody:
    step_seconds = float(seen.time[1] - seen.time[0])
    for number in range(STEPS):
        progress("solve", number / STEPS)
        system = FrameSystem(len(seen.time), UNKNOWNS, len(state.betas))
        add_keypoints(system, state, seen, weights)
        add_student(system, state, prediction, weights)
        add_smoothness(system, state, step_seconds, weights)
        if weights.foot_lock:
            add_contacts(system, state, prediction.contacts, step_seconds, weights)
        state = state.moved(*system.solve(DAMPING))
    progress("solve", 1.0)
    return state


def _segments(count: int) -> list[slice]:
    """Slices of about SEGMENT samples that overlap by OVERLAP."""
    if count <= SEGMENT + OVERLAP:
        return [slice(0, count)]
    starts = range(0, count - OVERLAP - 1, SEGMENT)
    return [slice(start, min(start + SEGMENT + OVERLAP, count)) for start in starts]


def _joined(before: PosedBody, after: PosedBody, start: int) -> PosedBody:
    """`after` begins at sample `start` of `before`; where both are, one fades into the other."""
    overlap = len(before.pelvis) - start
    share = (np.arange(overlap) + 0.5) / overlap
    turn = matrix_to_axis_angle(np.swapaxes(before.rotations[start:], -1, -2) @ after.rotations[:overlap])
    rotations = before.rotations[start:] @ axis_angle_to_matrix(share[:, None, None] * turn)
    pelvis = before.pelvis[start:] + share[:, None] * (after.pelvis[:overlap] - before.pelvis[start:])
    return replace(
        before,
        rotations=np.concatenate([before.rotations[:start], rotations, after.rotations[overlap:]]),
        pelvis=np.concatenate([before.pelvis[:start], pelvis, after.pelvis[overlap:]]),
    )


def place(body: Body, keypoints: BodyKeypoints, seen: SampledKeypoints, prediction: StudentPrediction) -> PosedBody:
    """The student's body, moved in each frame to where its keypoints best lie on the seen rays (least squares)."""
    count = len(seen.time)
    state = PosedBody(body, keypoints, prediction.rotations, np.zeros((count, 3)), prediction.betas)
    points, rays = state.points, seen.rays
    # (X + t) x - ray (X + t) z = 0, linear in t.
    rows = np.zeros((count, points.shape[1], 2, 3))
    rows[..., 0, 0] = rows[..., 1, 1] = 1.0
    rows[..., 2] = -rays
    right = rays * points[..., 2:] - points[..., :2]
    squares = np.einsum("skaj,skal,sk->sjl", rows, rows, seen.confidence)
    sums = np.einsum("skaj,ska,sk->sj", rows, right, seen.confidence)
    good = seen.confidence.sum(1) > 3
    pelvis = np.tile([0.0, 0.0, 3.0], (count, 1))
    if good.any():
        pelvis[good] = np.linalg.solve(squares[good], sums[good][..., None])[..., 0]
        pelvis[:, 2] = np.clip(pelvis[:, 2], 0.5, 100.0)
        for axis in range(3):
            pelvis[:, axis] = np.interp(seen.time, seen.time[good], pelvis[good, axis])
    return PosedBody(body, keypoints, prediction.rotations, pelvis, prediction.betas)
