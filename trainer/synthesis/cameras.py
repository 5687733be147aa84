"""Virtual cameras and a model of the detector's noise: from posed bodies to windows of 2D points.

Camera frame: x right, y down, z forward, metres. Rays are x/z and y/z.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from posenet3d_blender.capture.keypoints.keypoints import KEYPOINT_INDEX
from posenet3d_blender.capture.student.features import STUDENT_POINT_COUNT

from ..geometry.kinematics import axis_angle_to_matrix

STATURE: Final = 1.7
"""Metres: the body's height that sizes in the picture are counted in."""


@dataclass(frozen=True)
class ViewRanges:
    """What cameras are drawn from. Angles in degrees, lengths in metres."""

    elevation_mean: float = 6.0
    elevation_deviation: float = 10.0
    roll_deviation: float = 2.5
    nearest: float = 1.8
    farthest: float = 8.0
    focal_error: float = 0.1
    """Deviation of the logarithm of the guessed focal length over the true one."""
    level_elevation: float = 22.0
    """Largest elevation of the cameras that stand level."""


@dataclass(frozen=True)
class NoiseRanges:
    """The detector's faults. Lengths as shares of a 1.7 m body's height in the picture."""

    jitter: float = 0.004
    """Largest mean deviation from frame to frame."""
    drift: float = 0.012
    """Largest mean slow wander of a point."""
    part_missing: float = 0.12
    """Chance that a whole part (face, hands, feet) is not given, as with detectors of fewer points."""
    occlusion: float = 0.25
    """Chance that a window has a limb hidden for a while."""
    swap: float = 0.04
    """Chance that left and right are swapped for a few frames."""


_PARTS = {
    "face": ["nose", "left_eye", "right_eye", "left_ear", "right_ear"],
    "hands": ["left_index", "right_index", "left_pinky", "right_pinky"],
    "feet": ["left_big_toe", "right_big_toe", "left_heel", "right_heel"],
}
_LIMBS = [
    ["left_elbow", "left_wrist", "left_index", "left_pinky"],
    ["right_elbow", "right_wrist", "right_index", "right_pinky"],
    ["left_knee", "left_ankle", "left_heel", "left_big_toe"],
    ["right_knee", "right_ankle", "right_heel", "right_big_toe"],
    ["left_ankle", "right_ankle", "left_heel", "right_heel", "left_big_toe", "right_big_toe"],
    ["left_wrist", "left_index", "left_pinky"],
    ["right_wrist", "right_index", "right_pinky"],
]
_SWAPS = [
    ["knee", "ankle", "heel", "big_toe"],
    ["shoulder", "elbow", "wrist", "hip", "knee", "ankle", "heel", "big_toe"],
]


def random_cameras(count: int, ranges: ViewRanges, generator: torch.Generator) -> Tensor:
    """(count, 3, 3) proper rotations from a Y-up world to camera frames at random azimuths."""

    def normal(mean: float, deviation: float) -> Tensor:
        return torch.deg2rad(mean + deviation * torch.randn(count, generator=generator))

    azimuth = 2 * math.pi * torch.rand(count, generator=generator)
    elevation = normal(ranges.elevation_mean, ranges.elevation_deviation).clamp(-0.35, 0.9)
    roll = normal(0.0, ranges.roll_deviation)
    return camera_rotations(azimuth, elevation, roll)


def level_cameras(count: int, ranges: ViewRanges, generator: torch.Generator) -> Tensor:
    """(count, 3, 3) as `random_cameras`, with the horizon level, from just below the horizontal to looking down."""
    azimuth = 2 * math.pi * torch.rand(count, generator=generator)
    elevation = torch.deg2rad(ranges.level_elevation * (1.1 * torch.rand(count, generator=generator) - 0.1))
    return camera_rotations(azimuth, elevation, torch.zeros_like(elevation))


def camera_rotations(azimuth: Tensor, elevation: Tensor, roll: Tensor) -> Tensor:
    """(count, 3, 3) proper rotations from a Y-up world to camera frames; angles (count,) in radians.

    At positive elevation the camera stands high and looks down.
    """
    zero = torch.zeros_like(azimuth)
    # A half turn about x (never a negated axis) leads from y up to y down.
    half_turn = torch.diag(torch.tensor([1.0, -1.0, -1.0]))
    turn = axis_angle_to_matrix(torch.stack([zero, azimuth, zero], -1))
    tilt = axis_angle_to_matrix(torch.stack([elevation, zero, zero], -1))
    lean = axis_angle_to_matrix(torch.stack([zero, zero, roll], -1))
    return lean @ tilt @ half_turn @ turn


def place_before_camera(path: Tensor, ranges: ViewRanges, generator: torch.Generator) -> Tensor:
    """Shift paths (B, T, 3) in the camera frame to a random place in view."""
    count = len(path)
    stretch = math.log(ranges.farthest / ranges.nearest)
    depth = ranges.nearest * torch.exp(stretch * torch.rand(count, generator=generator))
    aside = 0.7 * (torch.rand(count, 2, generator=generator) - 0.5) * torch.tensor([0.9, 0.5])
    centre = torch.cat([aside, torch.ones(count, 1)], -1) * depth[:, None]
    placed = path - path.mean(1, keepdim=True) + centre[:, None]
    # Who walks into the camera is held before it.
    too_near = (1.2 - placed[..., 2].amin(1)).clamp(min=0)
    placed[..., 2] += too_near[:, None]
    return placed


def project(points: Tensor) -> Tensor:
    """Rays (..., 2), x/z and y/z, of points (..., 3) in the camera frame."""
    return points[..., :2] / points[..., 2:].clamp(min=0.3)


def observe(points: Tensor, views: ViewRanges, noise: NoiseRanges, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Project points (B, T, 27, 3) in the camera frame as a detector with faults sees them.

    Returns:
        rays (B, T, 27, 2) and confidence (B, T, 27).
    """
    count, window = points.shape[:2]

    def chance(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    body = STATURE / points[..., 2].mean((1, 2)).clamp(min=0.5)[:, None, None]
    confidence = 0.75 + 0.25 * chance(count, 1, STUDENT_POINT_COUNT).expand(-1, window, -1).clone()
    _hide_limbs(confidence, noise, generator)
    level = body * (1 + 4 * (1 - confidence)) * chance(count, 1, 1)
    jitter = noise.jitter * 2 * level[..., None] * normal(count, window, STUDENT_POINT_COUNT, 2)
    moment = torch.linspace(0, 1, window)[None, :, None, None]
    ends = normal(2, count, 1, STUDENT_POINT_COUNT, 2)
    drift = noise.drift * 2 * level[..., None] * ((1 - moment) * ends[0] + moment * ends[1])
    rays = project(points) + jitter + drift
    swap_sides(rays, noise, generator)
    rays = rays * torch.exp(views.focal_error * normal(count, 1, 1, 1))
    _drop_points(confidence, noise, generator)
    return rays, confidence


def _hide_limbs(confidence: Tensor, noise: NoiseRanges, generator: torch.Generator) -> None:
    count, window = confidence.shape[:2]
    hidden = torch.nonzero(torch.rand(count, generator=generator) < noise.occlusion).flatten().tolist()
    for index in hidden:
        limb = _LIMBS[int(torch.randint(len(_LIMBS), (1,), generator=generator))]
        start, end = sorted(torch.randint(-window // 2, window + window // 2, (2,), generator=generator).tolist())
        columns = [KEYPOINT_INDEX[name] for name in limb]
        confidence[index, max(start, 0) : max(end, 0), columns] *= float(torch.rand(1, generator=generator)) ** 0.5


def swap_sides(rays: Tensor, noise: NoiseRanges, generator: torch.Generator) -> None:
    """Swap left and right of the legs or the whole body for a few frames in some of the windows (B, T, 27, 2)."""
    count, window = rays.shape[:2]
    for index in torch.nonzero(torch.rand(count, generator=generator) < noise.swap).flatten().tolist():
        parts = _SWAPS[int(torch.randint(2, (1,), generator=generator))]
        left = [KEYPOINT_INDEX[f"left_{part}"] for part in parts]
        right = [KEYPOINT_INDEX[f"right_{part}"] for part in parts]
        start = int(torch.randint(0, window, (1,), generator=generator))
        end = start + int(torch.randint(1, 6, (1,), generator=generator))
        swapped = rays[index, start:end].clone()
        rays[index, start:end, left], rays[index, start:end, right] = swapped[:, right], swapped[:, left]


def _drop_points(confidence: Tensor, noise: NoiseRanges, generator: torch.Generator) -> None:
    count = len(confidence)
    kept = torch.rand(count, 1, STUDENT_POINT_COUNT, generator=generator) > 0.02
    for names in _PARTS.values():
        columns = [KEYPOINT_INDEX[name] for name in names]
        kept[:, 0, columns] &= torch.rand(count, 1, generator=generator) > noise.part_missing
    confidence *= kept
    confidence *= torch.rand(confidence.shape, generator=generator) > 0.005
