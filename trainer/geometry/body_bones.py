"""The body's bones at rest, by shape."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from posenet3d_blender.body.model import Body
from posenet3d_blender.body.skeleton import PARENTS


class BodyBones(nn.Module):
    """Rest bones of the body for shape coefficients, differentiable and on any device."""

    bones: Tensor
    directions: Tensor

    def __init__(self, body: Body) -> None:
        super().__init__()
        self.register_buffer("bones", torch.from_numpy(_from_parents(body.joint_template)).float(), persistent=False)
        directions = torch.from_numpy(_from_parents(body.joint_directions)).float()
        self.register_buffer("directions", directions, persistent=False)

    def forward(self, betas: Tensor) -> Tensor:
        """(..., 10) to (..., 24, 3) metres from each joint's parent; the pelvis's is 0."""
        return self.bones + (self.directions @ betas[..., None, :, None])[..., 0]


def rest_bones(body: Body) -> NDArray[np.floating]:
    """(24, 3) metres of each joint from its parent, of the mean shape at rest; 0 for the pelvis."""
    return _from_parents(body.joint_template)


def _from_parents(joints: NDArray[np.floating]) -> NDArray[np.floating]:
    """What belongs to joints (24, ...) as offsets from their parents'; 0 for the pelvis."""
    offsets = np.zeros_like(joints)
    offsets[1:] = joints[1:] - joints[list(PARENTS[1:])]
    return offsets
