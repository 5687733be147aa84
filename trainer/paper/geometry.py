"""Lifting windows of 2D points, turning them about the vertical and projecting them again.

Frame: the virtual camera of `student_input` (x right, y down, z forward), origin at the person. Lengths are in parts of
the distance that one unit of the normalised points spans at the person, so the camera stands at depth -1 / size, where
`size` is the window's angular size.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .skeleton import HIPS, LIMBS, TORSO


@dataclass(frozen=True)
class View:
    """Windows as a camera sees them."""

    points: Tensor
    """(B, T, 18, 2) normalised."""
    size: Tensor
    """(B,) angular size: tangent of the angle that one unit of `points` spans."""


def unproject(view: View, depth: Tensor) -> Tensor:
    """(B, T, 18, 3) joints on the viewing rays of `view` at depth (B, T, 18)."""
    z = depth[..., None]
    return torch.cat([view.points * _nearness(z, view.size), z], -1)


def project_points(joints: Tensor, size: Tensor) -> Tensor:
    """(B, T, 18, 2) points of joints as a camera of `unproject` sees them; the inverse of it."""
    return joints[..., :2] / _nearness(joints[..., 2:], size)


def _nearness(depth: Tensor, size: Tensor) -> Tensor:
    """Distance from the camera over the person's; who passes the camera is held before it."""
    return (1 + size[:, None, None, None] * depth).clamp(min=0.2)


def relative_rotation(from_elevation: Tensor, to_elevation: Tensor, azimuth: Tensor) -> Tensor:
    """(B, 3, 3) from one camera's frame to another's that stands further round by `azimuth`; radians (B,).

    At positive elevation a camera looks down, see `up_vector`. The turn is about that vertical.
    """
    return _about_x(to_elevation) @ _about_y(azimuth) @ _about_x(-from_elevation)


def project(joints: Tensor, size: Tensor) -> View:
    """Windows of joints (B, T, 18, 3) seen from distance 1 / size (B,), normalised as `student_input` does."""
    points = project_points(torso_centred(joints), size)
    radius = points[:, :, list(LIMBS)].square().sum(-1).mean((1, 2)).sqrt().clamp(min=1e-3)
    points = points / radius[:, None, None, None]
    return View(points, size * radius)


def torso_centred(track: Tensor) -> Tensor:
    """Windows (B, T, 18, D) from the mean of their torsos; how the person moves about stays."""
    return track - track[:, :, list(TORSO)].mean((1, 2), keepdim=True)


def root_centred(joints: Tensor) -> Tensor:
    """Joints or points (..., 18, D) from the middle of the hips."""
    return joints - joints[..., list(HIPS), :].mean(-2, keepdim=True)


def up_vector(elevation: Tensor) -> Tensor:
    """(B, 3) against gravity in the frame of a camera that looks down by `elevation` (B,), radians."""
    return torch.stack([torch.zeros_like(elevation), -elevation.cos(), -elevation.sin()], -1)


def _about_x(angle: Tensor) -> Tensor:
    one, zero, c, s = torch.ones_like(angle), torch.zeros_like(angle), angle.cos(), angle.sin()
    return torch.stack([one, zero, zero, zero, c, -s, zero, s, c], -1).unflatten(-1, (3, 3))


def _about_y(angle: Tensor) -> Tensor:
    one, zero, c, s = torch.ones_like(angle), torch.zeros_like(angle), angle.cos(), angle.sin()
    return torch.stack([c, zero, s, zero, one, zero, -s, zero, c], -1).unflatten(-1, (3, 3))
