"""The target for limbs that are never seen in a window: legs that stand, arms that hang.

What the network can not see it shall not invent; without this its answer would be the mean over all training poses.
"""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import normalize

from posenet3d_blender.body.skeleton import JOINT_INDEX

from ..geometry.rotations import axis_angle_to_matrix
from ..synthesis.partial_views import ARM_POINTS, LEG_POINTS

_UPRIGHT: Final = math.cos(math.radians(60))
"""Cosine of the pelvis's tilt up to which legs stand; below, they go on as the trunk does."""
_HANGING: Final = math.radians(72)
"""Angle by which an upper arm hangs below its rest pose, which is level."""
_ELBOW: Final = math.radians(12)


def relax_unseen_limbs(rotations: Tensor, confidence: Tensor, up: Tensor) -> None:
    """Replace the rotations of limbs of which no point is seen, in place.

    Args:
        rotations: (B, T, 24, 3, 3) relative to the parent, the pelvis's in the camera frame.
        confidence: (B, T, 27) as the student is shown it.
        up: (B, 3) against gravity, in the camera frame.
    """
    for side, points in LEG_POINTS.items():
        unseen = (confidence[:, :, points] == 0).all(2).all(1)
        if unseen.any():
            _stand(rotations, unseen, up, side)
    for side, points in ARM_POINTS.items():
        unseen = (confidence[:, :, points] == 0).all(2).all(1)
        if unseen.any():
            _hang(rotations, unseen, side)


def _stand(rotations: Tensor, chosen: Tensor, up: Tensor, side: str) -> None:
    """Put a vertical leg, its foot level, under the pelvis of the chosen windows."""
    pelvis = rotations[chosen][:, :, 0]  # (K, T, 3, 3)
    vertical = up[chosen][:, None].expand(-1, pelvis.shape[1], -1)  # (K, T, 3)
    front = pelvis[..., 2]
    level_front = normalize(front - (front * vertical).sum(-1, keepdim=True) * vertical, dim=-1, eps=1e-4)
    left = torch.linalg.cross(vertical, level_front)
    standing = torch.stack([left, vertical, level_front], -1)  # (K, T, 3, 3)
    tilted = (pelvis[..., 1] * vertical).sum(-1) < _UPRIGHT
    standing[tilted] = pelvis[tilted]
    rotations[chosen, :, JOINT_INDEX[f"{side}_hip"]] = pelvis.mT @ standing
    for part in ("knee", "ankle", "foot"):
        rotations[chosen, :, JOINT_INDEX[f"{side}_{part}"]] = torch.eye(3)


def _hang(rotations: Tensor, chosen: Tensor, side: str) -> None:
    sign = 1.0 if side == "left" else -1.0
    shoulder = axis_angle_to_matrix(torch.tensor([0.0, 0.0, -sign * _HANGING]))
    elbow = axis_angle_to_matrix(torch.tensor([0.0, -sign * _ELBOW, 0.0]))
    rotations[chosen, :, JOINT_INDEX[f"{side}_shoulder"]] = shoulder
    rotations[chosen, :, JOINT_INDEX[f"{side}_elbow"]] = elbow
    for part in ("collar", "wrist", "hand"):
        rotations[chosen, :, JOINT_INDEX[f"{side}_{part}"]] = torch.eye(3)
