"""Views of the evaluation: whole clips in several cameras, with ground truth.

Camera frame: x right, y down, z forward, metres.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch

from posenet3d_blender.arrays import Array
from posenet3d_blender.capture.student.features import STUDENT_RATE
from posenet3d_blender.capture.student.joint_of_point import JOINT_OF_POINT, NO_JOINT

from ..data.clips import Clips, resampled
from .cameras import STATURE, camera_rotations
from .detector_noise import DetectorNoise, simulate_detector

ELEVATION: Final = (0.0, 20.0)
"""Degrees."""
DISTANCE: Final = (3.0, 7.0)
"""Metres to the middle of the clip's path."""
_NEAREST: Final = 1.0
"""Metres; the camera is set back where a joint comes nearer."""
_POINTS: Final = [point for point, joint in enumerate(JOINT_OF_POINT) if joint != NO_JOINT]
_JOINTS: Final = [JOINT_OF_POINT[point] for point in _POINTS]


@dataclass(frozen=True)
class BenchmarkView:
    """One clip in one camera, at the student's rate.

    The focal length is known, so the field of view does not matter: the rays are the same.
    """

    rays: Array
    """(T, 27, 2) x/z and y/z of the student's points; 0 where the point has no joint."""
    confidence: Array
    """(T, 27) from 0 (missing) to 1."""
    joints: Array
    """(T, 24, 3) ground truth in the camera frame, metres."""


def benchmark_views(clips: Clips, views: int, seed: int, noise: DetectorNoise | None) -> Iterator[BenchmarkView]:
    """All views of all clips, the same for the same seed; `noise`: None for exact projections."""
    clips = resampled(clips, STUDENT_RATE)
    for clip, (start, end) in enumerate(clips.ranges()):
        joints = clips.relative_joints[start:end] + clips.root[start:end, None]
        for view in range(views):
            yield _view(joints.astype(np.float64), _generator(seed, clip, view), noise)


def _generator(seed: int, clip: int, view: int) -> torch.Generator:
    """One for each view, so that views do not depend on the number of clips or of views."""
    mixed = np.random.SeedSequence((seed, clip, view)).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(mixed) >> 1)


def _view(joints: Array, generator: torch.Generator, noise: DetectorNoise | None) -> BenchmarkView:
    azimuth, elevation, distance = torch.rand(3, 1, generator=generator)
    tilt = torch.deg2rad(ELEVATION[0] + (ELEVATION[1] - ELEVATION[0]) * elevation)
    camera = camera_rotations(2 * math.pi * azimuth, tilt, torch.zeros_like(tilt))[0].double().numpy()
    middle = joints[:, 0].mean(0)
    placed = (joints - middle) @ camera.T  # (T, 24, 3)
    depth = DISTANCE[0] + (DISTANCE[1] - DISTANCE[0]) * float(distance)
    placed[..., 2] += max(depth, _NEAREST - float(placed[..., 2].min()))
    rays, confidence = np.zeros((len(placed), len(JOINT_OF_POINT), 2)), np.zeros((len(placed), len(JOINT_OF_POINT)))
    rays[:, _POINTS] = placed[:, _JOINTS, :2] / placed[:, _JOINTS, 2:]
    confidence[:, _POINTS] = 1
    if noise is not None:
        rays, detected_confidence = simulate_detector(rays, STATURE / placed[:, 0, 2], noise, generator)
        confidence *= detected_confidence
    return BenchmarkView(rays, confidence, placed)
