"""Virtual cameras around posed bodies.

Camera frame: x right, y down, z forward, metres. Rays are x/z and y/z.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from ..config_checks import OutOfRangeError, require_above_zero, require_not_negative
from ..geometry.rotations import axis_angle_to_matrix

STATURE: Final = 1.7
"""Metres: reference height for sizes in the image."""


@dataclass(frozen=True)
class ViewRanges:
    """Ranges of random cameras; angles in degrees, lengths in metres."""

    elevation_mean: float = 6.0
    elevation_deviation: float = 10.0
    roll_deviation: float = 2.5
    nearest: float = 1.8
    farthest: float = 8.0
    focal_error: float = 0.1
    """Standard deviation of the logarithm of the assumed focal length over the true one."""
    level_elevation: float = 22.0
    """Largest elevation of the cameras with a level horizon."""

    def __post_init__(self) -> None:
        require_not_negative(self, any_sign=("elevation_mean",))
        require_above_zero(self, "nearest")
        if self.farthest < self.nearest:
            raise OutOfRangeError("farthest", f"at least 'nearest', {self.nearest:g}", self.farthest)


def random_cameras(count: int, ranges: ViewRanges, generator: torch.Generator) -> Tensor:
    """(count, 3, 3) proper rotations from a Y-up world to camera frames at random azimuths."""

    def normal(mean: float, deviation: float) -> Tensor:
        return torch.deg2rad(mean + deviation * torch.randn(count, generator=generator))

    azimuth = 2 * math.pi * torch.rand(count, generator=generator)
    elevation = normal(ranges.elevation_mean, ranges.elevation_deviation).clamp(-0.35, 0.9)
    roll = normal(0.0, ranges.roll_deviation)
    return camera_rotations(azimuth, elevation, roll)


def level_cameras(count: int, ranges: ViewRanges, generator: torch.Generator) -> Tensor:
    """(count, 3, 3) rotations as of `random_cameras`, with a level horizon, from slightly below horizontal upwards."""
    azimuth = 2 * math.pi * torch.rand(count, generator=generator)
    elevation = torch.deg2rad(ranges.level_elevation * (1.1 * torch.rand(count, generator=generator) - 0.1))
    return camera_rotations(azimuth, elevation, torch.zeros_like(elevation))


def camera_rotations(azimuth: Tensor, elevation: Tensor, roll: Tensor) -> Tensor:
    """(count, 3, 3) proper rotations from a Y-up world to camera frames; angles (count,) in radians.

    At positive elevation the camera is high and looks down.
    """
    zero = torch.zeros_like(azimuth)
    # Y up to y down is a half turn about x, never a negated axis.
    half_turn = torch.diag(torch.tensor([1.0, -1.0, -1.0]))
    pan = axis_angle_to_matrix(torch.stack([zero, azimuth, zero], -1))
    tilt = axis_angle_to_matrix(torch.stack([elevation, zero, zero], -1))
    lean = axis_angle_to_matrix(torch.stack([zero, zero, roll], -1))
    return lean @ tilt @ half_turn @ pan


def place_before_camera(path: Tensor, ranges: ViewRanges, generator: torch.Generator) -> Tensor:
    """Paths (B, T, 3) in the camera frame, shifted to a random place in view."""
    count = len(path)
    stretch = math.log(ranges.farthest / ranges.nearest)
    depth = ranges.nearest * torch.exp(stretch * torch.rand(count, generator=generator))
    aside = 0.7 * (torch.rand(count, 2, generator=generator) - 0.5) * torch.tensor([0.9, 0.5])
    centre = torch.cat([aside, torch.ones(count, 1)], -1) * depth[:, None]
    placed = path - path.mean(1, keepdim=True) + centre[:, None]
    # Nobody walks into the camera.
    too_near = (1.2 - placed[..., 2].amin(1)).clamp(min=0)
    placed[..., 2] += too_near[:, None]
    return placed


def project(points: Tensor) -> Tensor:
    """Rays (..., 2), x/z and y/z, of points (..., 3) in the camera frame."""
    return points[..., :2] / points[..., 2:].clamp(min=0.3)
