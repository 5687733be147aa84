"""Bones of the body at rest."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.model import Body
from posenet3d_blender.body.skeleton import JOINT_INDEX, PARENTS


class BodyBones(nn.Module):
    """Rest bones of the body for shape coefficients; differentiable, on any device."""

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


def hand_to_forearm(body: Body) -> float:
    """Length from wrist to hand joint over that from elbow to wrist, on the body at rest."""
    elbow, wrist, hand = (body.joint_template[JOINT_INDEX[f"left_{part}"]] for part in ("elbow", "wrist", "hand"))
    return float(np.linalg.norm(hand - wrist) / np.linalg.norm(wrist - elbow))
