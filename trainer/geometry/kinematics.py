"""Rotations and forward kinematics in torch, differentiable; posenet3d_blender.body has them in NumPy."""

from __future__ import annotations

import torch
from torch import Tensor

from posenet3d_blender.body.skeleton import JOINT_COUNT, PARENTS


def six_d_to_matrix(six_d: Tensor) -> Tensor:
    """Zhou et al.'s six numbers (CVPR 2019), the first two columns, (..., 6) to rotation matrices (..., 3, 3)."""
    first = torch.nn.functional.normalize(six_d[..., :3], dim=-1, eps=1e-6)
    second = six_d[..., 3:] - (first * six_d[..., 3:]).sum(-1, keepdim=True) * first
    second = torch.nn.functional.normalize(second, dim=-1, eps=1e-6)
    return torch.stack([first, second, torch.linalg.cross(first, second)], -1)


def matrix_to_six_d(matrix: Tensor) -> Tensor:
    """Rotation matrices (..., 3, 3) to their first two columns (..., 6)."""
    return torch.cat([matrix[..., 0], matrix[..., 1]], -1)


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


def forward_kinematics(rotations: Tensor, bones: Tensor) -> tuple[Tensor, Tensor]:
    """Joints (..., 24, 3) with the pelvis at 0, and world rotations (..., 24, 3, 3).

    Args:
        rotations: (..., 24, 3, 3) relative to the parent.
        bones: (..., 24, 3) offset of each joint from its parent at rest.
    """
    world = [rotations[..., 0, :, :]]
    joints = [torch.zeros_like(rotations[..., 0, :, 0])]
    bones = bones.expand(*rotations.shape[:-3], JOINT_COUNT, 3)
    for joint in range(1, JOINT_COUNT):
        parent = PARENTS[joint]
        joints.append(joints[parent] + (world[parent] @ bones[..., joint, :, None])[..., 0])
        world.append(world[parent] @ rotations[..., joint, :, :])
    return torch.stack(joints, -2), torch.stack(world, -3)
