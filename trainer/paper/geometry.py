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


def lift(view: View, depth: Tensor) -> Tensor:
    """(B, T, 18, 3) joints on the viewing rays of `view` at depth (B, T, 18)."""
    z = depth[..., None]
    return torch.cat([view.points * (1 + view.size[:, None, None, None] * z).clamp(min=0.2), z], -1)


def turn(from_elevation: Tensor, to_elevation: Tensor, azimuth: Tensor) -> Tensor:
    """(B, 3, 3) from one camera's frame to another's that stands further round by `azimuth`; radians (B,).

    At positive elevation a camera looks down: up is (0, -cos, -sin) in its frame. The turn is about that vertical.
    """
    return _about_x(to_elevation) @ _about_y(azimuth) @ _about_x(-from_elevation)


def project(joints: Tensor, size: Tensor) -> View:
    """Windows of joints (B, T, 18, 3) seen from distance 1 / size (B,), normalised as `student_input` does."""
    centred = joints - joints[:, :, list(TORSO)].mean((1, 2), keepdim=True)
    depth = (1 + size[:, None, None, None] * centred[..., 2:]).clamp(min=0.2)
    points = centred[..., :2] / depth
    radius = points[:, :, list(LIMBS)].square().sum(-1).mean((1, 2)).sqrt().clamp(min=1e-3)
    points = points / radius[:, None, None, None]
    return View(points, size * radius)


def rooted(joints: Tensor) -> Tensor:
    """Joints or points (..., 18, D) from the middle of the hips."""
    return joints - joints[..., list(HIPS), :].mean(-2, keepdim=True)


def _about_x(angle: Tensor) -> Tensor:
    one, zero, c, s = torch.ones_like(angle), torch.zeros_like(angle), angle.cos(), angle.sin()
    return torch.stack([one, zero, zero, zero, c, -s, zero, s, c], -1).unflatten(-1, (3, 3))


def _about_y(angle: Tensor) -> Tensor:
    one, zero, c, s = torch.ones_like(angle), torch.zeros_like(angle), angle.cos(), angle.sin()
    return torch.stack([c, zero, s, zero, one, zero, -s, zero, c], -1).unflatten(-1, (3, 3))
