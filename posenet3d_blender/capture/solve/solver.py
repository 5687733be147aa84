"""The solver: initial translation by least squares, then Gauss-Newton steps."""

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
"""Of a sample: the pelvis's position and 24 joint rotations."""
SEGMENT: Final = 600
"""Samples solved at once, 20 s: about 300 MB."""
OVERLAP: Final = 60
"""Samples that two segments share."""
_FIXED_SHAPE: Final = 1e-3
"""Deviation of a shape that is solved already."""


def solve(
    body: Body,
    sampled: SampledKeypoints,
    prediction: StudentPrediction,
    weights: SolveWeights | None = None,
    progress: Progress = silent,
) -> PosedBody:
    """Fit the body to the sampled keypoints, starting from the student's prediction.

    Long clips are solved in overlapping segments, so that memory stays bounded; the shape is solved on the segment of
    the highest confidence and kept for all.
    """
    weights = weights or SolveWeights()
    # For the whole clip at once: during a long absence only the rest of the clip tells where the person is.
    initial = place(body, body_keypoints(body), sampled, prediction)
    segments = _segments(len(sampled.time))
    if len(segments) == 1:
        return _solve_segment(initial, sampled, prediction, weights, progress)
    best = max(segments, key=lambda segment: float(sampled.confidence[segment].mean()))
    rounds = [best, *segments]

    def solve_round(number: int, prediction: StudentPrediction, weights: SolveWeights) -> PosedBody:
        segment = rounds[number]
        return _solve_segment(
            replace(
                initial, rotations=initial.rotations[segment], pelvis=initial.pelvis[segment], betas=prediction.betas
            ),
            sampled.select(segment),
            replace(prediction, rotations=prediction.rotations[segment], contacts=prediction.contacts[segment]),
            weights,
            lambda stage, fraction: progress(stage, (number + fraction) / len(rounds)),
        )

    with_shape = replace(prediction, betas=solve_round(0, prediction, weights).betas)
    fixed_shape = replace(weights, shape=_FIXED_SHAPE)
    whole = solve_round(1, with_shape, fixed_shape)
    for number, segment in enumerate(segments[1:], start=2):
        whole = _blend(whole, solve_round(number, with_shape, fixed_shape), segment.start)
    return replace(whole, betas=with_shape.betas)


def _solve_segment(
    state: PosedBody,
    sampled: SampledKeypoints,
    prediction: StudentPrediction,
    weights: SolveWeights,
    progress: Progress,
) -> PosedBody:
    """Gauss-Newton from `state`."""
    step_seconds = float(sampled.time[1] - sampled.time[0])
    for number in range(STEPS):
        progress("solve", number / STEPS)
        system = FrameSystem(len(sampled.time), UNKNOWNS, len(state.betas))
        add_keypoints(system, state, sampled, weights)
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


def _blend(before: PosedBody, after: PosedBody, start: int) -> PosedBody:
    """Join two segments; `after` begins at sample `start` of `before`, and the overlap is cross-faded."""
    overlap = len(before.pelvis) - start
    part = (np.arange(overlap) + 0.5) / overlap
    turn = matrix_to_axis_angle(np.swapaxes(before.rotations[start:], -1, -2) @ after.rotations[:overlap])
    rotations = before.rotations[start:] @ axis_angle_to_matrix(part[:, None, None] * turn)
    pelvis = before.pelvis[start:] + part[:, None] * (after.pelvis[:overlap] - before.pelvis[start:])
    return replace(
        before,
        rotations=np.concatenate([before.rotations[:start], rotations, after.rotations[overlap:]]),
        pelvis=np.concatenate([before.pelvis[:start], pelvis, after.pelvis[overlap:]]),
    )


def place(body: Body, keypoints: BodyKeypoints, sampled: SampledKeypoints, prediction: StudentPrediction) -> PosedBody:
    """The student's body, translated in each sample so that its keypoints lie nearest to the rays (least squares)."""
    count = len(sampled.time)
    state = PosedBody(body, keypoints, prediction.rotations, np.zeros((count, 3)), prediction.betas)
    points, rays = state.points, sampled.rays  # (S, 25, 3), (S, 25, 2)
    # (X + t) x - ray (X + t) z = 0, linear in t.
    rows = np.zeros((count, points.shape[1], 2, 3))
    rows[..., 0, 0] = rows[..., 1, 1] = 1.0
    rows[..., 2] = -rays
    right = rays * points[..., 2:] - points[..., :2]  # (S, 25, 2)
    squares = np.einsum("skaj,skal,sk->sjl", rows, rows, sampled.confidence)  # (S, 3, 3)
    sums = np.einsum("skaj,ska,sk->sj", rows, right, sampled.confidence)  # (S, 3)
    visible = sampled.confidence.sum(1) > 3  # (S,)
    pelvis = np.tile([0.0, 0.0, 3.0], (count, 1))
    if visible.any():
        pelvis[visible] = np.linalg.solve(squares[visible], sums[visible][..., None])[..., 0]
        pelvis[:, 2] = np.clip(pelvis[:, 2], 0.5, 100.0)
        for axis in range(3):
            pelvis[:, axis] = np.interp(sampled.time, sampled.time[visible], pelvis[visible, axis])
    return replace(state, pelvis=pelvis)
