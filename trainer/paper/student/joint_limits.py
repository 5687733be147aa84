"""How far joints of the body bend: anatomy in place of 3D data."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor

from posenet3d_blender.body.skeleton import JOINT_INDEX, JOINT_NAMES

_LARGEST_TURN: Final = {
    "hip": 120.0,
    "knee": 155.0,
    "ankle": 55.0,
    "foot": 30.0,
    "spine": 35.0,
    "neck": 45.0,
    "head": 45.0,
    "collar": 30.0,
    "shoulder": 130.0,
    "elbow": 155.0,
    "wrist": 75.0,
    "hand": 5.0,
}
"""Degrees from the rest pose (arms to the sides), any direction; rounded from what clinics give as full range."""
_HINGES: Final = {"left_knee": (0, 1.0), "right_knee": (0, 1.0), "left_elbow": (1, -1.0), "right_elbow": (1, 1.0)}
"""Axis of the rest frame about which a hinge turns, and the sign of bending."""
_OVERSTRETCH: Final = math.sin(math.radians(5.0))
_LIMITED: Final = [joint for joint, name in enumerate(JOINT_NAMES) if name != "pelvis"]
_LARGEST_COSINE: Final = [
    math.cos(math.radians(next(limit for part, limit in _LARGEST_TURN.items() if part in JOINT_NAMES[joint])))
    for joint in _LIMITED
]


def limit_violation(rotations: Tensor) -> Tensor:
    """Mean violation by rotations (B, T, 24, 3, 3) relative to the parent; 0 where every joint keeps its limits.

    Cosines beyond the largest turn, hinges off their axis and bent backwards, each squared.
    """
    limited = rotations[:, :, _LIMITED]
    cosine = (limited.diagonal(dim1=-2, dim2=-1).sum(-1) - 1) / 2
    beyond = (torch.tensor(_LARGEST_COSINE, device=rotations.device) - cosine).clamp(min=0).square().sum(-1)
    for name, (axis, sign) in _HINGES.items():
        hinge = rotations[:, :, JOINT_INDEX[name]]
        first, second = (axis + 1) % 3, (axis + 2) % 3
        off_axis = hinge[..., first, axis].square() + hinge[..., second, axis].square()
        bent = sign * (hinge[..., second, first] - hinge[..., first, second]) / 2
        beyond = beyond + off_axis + (-bent - _OVERSTRETCH).clamp(min=0).square()
    return beyond.mean()


def rotation_from_rest(rotations: Tensor) -> Tensor:
    """Mean of how far joints are turned (3 - trace) from the rest pose: settles what no point shows."""
    return (3 - rotations[:, :, _LIMITED].diagonal(dim1=-2, dim2=-1).sum(-1)).sum(-1).mean()
