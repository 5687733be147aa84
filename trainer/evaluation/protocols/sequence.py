"""Sequences of a public test set: 2D input of the student beside the true joints.

Camera frame: x right, y down, z forward, metres.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.arrays import Array, interpolate_rows
from posenet3d_blender.body.skeleton import JOINT_COUNT, JOINT_INDEX
from posenet3d_blender.capture.student.features import STUDENT_POINT_COUNT, STUDENT_POINT_NAMES, STUDENT_RATE
from posenet3d_blender.capture.student.joint_of_point import JOINT_OF_POINT, NO_JOINT

HEAD_TOP: Final = JOINT_COUNT
"""Index of the crown after the 24 joints; SMPL has no such joint."""
TRACKED: Final = (*JOINT_INDEX, "head_top")
"""Names of the joints of `true_joints`."""


@dataclass(frozen=True)
class TestSequence:
    """One person in one camera of a test set."""

    __test__ = False  # no test case, whatever its name says to pytest

    name: str
    frame_rate: float
    rays: Array
    """(T, 27, 2) x/z and y/z of the student's points."""
    confidence: Array
    """(T, 27) from 0 (missing) to 1."""
    joints: Array
    """(T, 25, 3) ground truth by TRACKED, camera frame, metres; NaN where the data set has no such joint."""
    evaluated: NDArray[np.bool_]
    """(T,) frames that count."""

    @property
    def has_teacher_points(self) -> bool:
        """True where every frame has all points that stand for a joint; the teacher takes nothing less."""
        points = [point for point, joint in enumerate(JOINT_OF_POINT) if joint != NO_JOINT]
        return bool((self.confidence[:, points] > 0).all())


def true_joints(by_name: Mapping[str, Array]) -> Array:
    """(T, 25, 3) by TRACKED from (T, 3) each; NaN for those that are not given."""
    count = len(next(iter(by_name.values())))
    joints = np.full((count, len(TRACKED), 3), np.nan)
    for name, track in by_name.items():
        joints[:, TRACKED.index(name)] = track
    return joints


def exact_points(joints: Array) -> tuple[Array, Array]:
    """Rays (T, 27, 2) and confidence (T, 27) of exact projections of joints (T, 25, 3).

    Points whose joint is not known, or lies behind the camera, have confidence 0.
    """
    rays = np.zeros((len(joints), STUDENT_POINT_COUNT, 2))
    confidence = np.zeros((len(joints), STUDENT_POINT_COUNT))
    for point, joint in enumerate(JOINT_OF_POINT):
        if joint != NO_JOINT and np.isfinite(joints[:, joint]).all():
            before = joints[:, joint, 2] > 0  # the camera
            rays[before, point] = joints[before, joint, :2] / joints[before, joint, 2:]
            confidence[before, point] = 1.0
    return rays, confidence


def detected_points(pixels: Mapping[str, Array], scores: Mapping[str, Array], intrinsics: Array) -> tuple[Array, Array]:
    """Rays (T, 27, 2) and confidence (T, 27) of detected points.

    Args:
        pixels: (T, 2) by the student's names of points.
        scores: (T,) from 0 (missing) to 1, by the same names.
        intrinsics: (3, 3) camera matrix.
    """
    count = len(next(iter(pixels.values())))
    rays, confidence = np.zeros((count, STUDENT_POINT_COUNT, 2)), np.zeros((count, STUDENT_POINT_COUNT))
    to_ray = np.linalg.inv(intrinsics)
    for name, track in pixels.items():
        point = STUDENT_POINT_NAMES.index(name)
        homogeneous = np.concatenate([track, np.ones((count, 1))], axis=1) @ to_ray.T
        rays[:, point] = homogeneous[:, :2] / homogeneous[:, 2:]
        confidence[:, point] = scores[name]
    return rays, confidence


def at_student_rate(sequence: TestSequence) -> tuple[Array, Array]:
    """Rays (S, 27, 2) and confidence (S, 27) at STUDENT_RATE, interpolated between frames.

    A point counts as seen between two frames as far as it is seen in the worse of them.
    """
    at = np.arange(0, len(sequence.rays) - 1 + 1e-6, sequence.frame_rate / STUDENT_RATE)  # frames
    before = at.astype(int)
    after = np.minimum(before + 1, len(sequence.rays) - 1)
    rays = interpolate(sequence.rays, at)
    exact = (at == before)[:, None]
    worse = np.minimum(sequence.confidence[before], sequence.confidence[after])
    return rays, np.where(exact, sequence.confidence[before], worse)


def at_frames(samples: Array, sequence: TestSequence) -> Array:
    """Samples (S, ...) at STUDENT_RATE interpolated to the sequence's frames, (T, ...)."""
    return interpolate(samples, np.arange(len(sequence.rays)) * STUDENT_RATE / sequence.frame_rate)


def interpolate(values: Array, at: Array) -> Array:
    """(N, ...) values between the rows of (T, ...); before the first and after the last they stay."""
    return interpolate_rows(at, np.arange(len(values), dtype=float), values)
