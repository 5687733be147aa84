"""The body's skeleton in torch, differentiable, on any device; `posenet3d_blender.body` has it in NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import torch
from torch import Tensor, nn

from ...arrays import Array
from ...body.model import Body
from ...body.skeleton import JOINT_COUNT, PARENTS


def _levels() -> list[tuple[int, int]]:
    """(first, end) of the joints that are equally far from the pelvis: SMPL numbers joints level by level."""
    levels = [(0, 1)]
    while levels[-1][1] < JOINT_COUNT:
        first = end = levels[-1][1]
        while end < JOINT_COUNT and PARENTS[end] < first:
            end += 1
        levels.append((first, end))
    return levels


_LEVELS: Final = _levels()


def six_d_to_matrix(six_d: Tensor) -> Tensor:
    """Zhou et al.'s six numbers (CVPR 2019), the first two columns, (..., 6) to rotation matrices (..., 3, 3)."""
    first = _normalised(six_d[..., :3])
    second = _normalised(six_d[..., 3:] - (first * six_d[..., 3:]).sum(-1, keepdim=True) * first)
    return torch.stack([first, second, cross(first, second)], -1)


def matrix_to_six_d(matrix: Tensor) -> Tensor:
    """Rotation matrices (..., 3, 3) to their first two columns (..., 6)."""
    return torch.cat([matrix[..., 0], matrix[..., 1]], -1)


def _normalised(vectors: Tensor) -> Tensor:
    normalised: Tensor = vectors / vectors.norm(dim=-1, keepdim=True).clamp(min=1e-6)
    return normalised


def cross(first: Tensor, second: Tensor) -> Tensor:
    """Cross product along the last axis, of shapes that can be broadcast."""
    a, b, c = first[..., :1], first[..., 1:2], first[..., 2:]
    x, y, z = second[..., :1], second[..., 1:2], second[..., 2:]
    return torch.cat([b * z - c * y, c * x - a * z, a * y - b * x], -1)


def forward_kinematics(rotations: Tensor, bones: Tensor) -> tuple[Tensor, Tensor]:
    """Joints (..., 24, 3) with the pelvis at 0, and world rotations (..., 24, 3, 3).

    Args:
        rotations: (..., 24, 3, 3) relative to the parent.
        bones: (..., 24, 3) offset of each joint from its parent at rest; leading axes are broadcast.
    """
    root = rotations[..., :1, :, :]
    world, joints = [root], [0 * (root @ bones[..., :1, :, None])[..., 0]]
    for (above, _), (first, end) in pairwise(_LEVELS):
        parents = [parent - above for parent in PARENTS[first:end]]
        turns = select_joints(world[-1], parents, -3)
        joints.append(select_joints(joints[-1], parents, -2) + (turns @ bones[..., first:end, :, None])[..., 0])
        world.append(turns @ rotations[..., first:end, :, :])
    return torch.cat(joints, -2), torch.cat(world, -3)


def relative_to_parents(world: Tensor) -> Tensor:
    """Rotations (..., 24, 3, 3) relative to the parent, of rotations in the world; the pelvis keeps its own."""
    below = select_joints(world, PARENTS[1:], -3).transpose(-1, -2) @ world[..., 1:, :, :]
    return torch.cat([world[..., :1, :, :], below], -3)


def select_joints(values: Tensor, indices: Sequence[int], axis: int) -> Tensor:
    """Values at fixed places, in this order, along the axis of the joints.

    By slices: a GPU would wait for indices that come from the CPU.
    """
    runs: list[tuple[int, int]] = []
    for index in indices:
        if runs and index == sum(runs[-1]):
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((index, 1))
    return torch.cat([values.narrow(axis, first, length) for first, length in runs], axis)


class BodyBones(nn.Module):
    """Rest bones of the body for shape coefficients."""

    bones: Tensor
    directions: Tensor

    def __init__(self, body: Body) -> None:
        """Store the bones as buffers.

        Args:
            body: the body.
        """
        super().__init__()
        bones, directions = parent_offsets(body.joint_template), parent_offsets(body.joint_directions)
        bones[0], directions[0] = 0, 0
        self.register_buffer("bones", torch.from_numpy(bones).float(), persistent=False)
        self.register_buffer("directions", torch.from_numpy(directions).float(), persistent=False)

    def forward(self, betas: Tensor) -> Tensor:
        """Shapes (..., 10) to bones (..., 24, 3), metres from each joint's parent; 0 for the pelvis."""
        return self.bones + (self.directions @ betas[..., None, :, None])[..., 0]


def parent_offsets(joints: Array) -> Array:
    """(24, ...) values of joints relative to their parents'; the pelvis keeps its own."""
    offsets = joints.copy()
    offsets[1:] -= joints[list(PARENTS[1:])]
    return offsets
