"""Rotations in torch, differentiable; see also `posenet3d_blender.capture.student.torch_body`."""

from __future__ import annotations

import torch
from torch import Tensor


def axis_angle_to_matrix(axis_angle: Tensor) -> Tensor:
    """Rodrigues's formula: axis-angle (..., 3), radians, to rotation matrices (..., 3, 3)."""
    angle = axis_angle.norm(dim=-1, keepdim=True).clamp(min=1e-8)
    x, y, z = (axis_angle / angle).unbind(-1)
    zero = torch.zeros_like(x)
    cross = torch.unflatten(torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1), -1, (3, 3))
    angle = angle[..., None]
    identity = torch.eye(3, dtype=axis_angle.dtype, device=axis_angle.device)
    rotations: Tensor = identity + angle.sin() * cross + (1 - angle.cos()) * (cross @ cross)
    return rotations
