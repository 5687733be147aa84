"""The solve itself: a first translation, then Gauss-Newton steps."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...body.landmarks import BodyKeypoints, body_keypoints
from ...body.model import Body
from ...progress import Progress, silent
from ..sampling import SampledKeypoints
from ..student import StudentPrediction
from .banded import FrameSystem
from .posed_body import PosedBody
from .terms import SolveWeights, add_contacts, add_keypoints, add_smoothness, add_student

Array = NDArray[np.float64]

STEPS: Final = 8
DAMPING: Final = 1.0
UNKNOWNS: Final = 75
"""Of a frame: the pelvis's position and 24 joint turns."""


def solve(
    body: Body,
    seen: SampledKeypoints,
    prediction: StudentPrediction,
    weights: SolveWeights | None = None,
    progress: Progress = silent,
) -> PosedBody:
    """Fit the body to the seen keypoints, from the student's prediction on."""
    weights = weights or SolveWeights()
    state = place(body, body_keypoints(body), seen, prediction)
    step_seconds = float(seen.time[1] - seen.time[0])
    for number in range(STEPS):
        progress("solve", number / STEPS)
        system = FrameSystem(len(seen.time), UNKNOWNS, len(state.betas))
        add_keypoints(system, state, seen, weights)
        add_student(system, state, prediction, weights)
        add_smoothness(system, state, step_seconds, weights)
        add_contacts(system, state, prediction.contacts, step_seconds, weights)
        state = state.moved(*system.solve(DAMPING))
    progress("solve", 1.0)
    return state


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
