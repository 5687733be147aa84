"""Joint limits of the body: anatomy in place of 3D data."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor

from posenet3d_blender.body.skeleton import JOINT_INDEX, JOINT_NAMES, values_by_name

_LARGEST_ANGLE: Final = {
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
"""Degrees from the rest pose (arms to the sides), in any direction; rounded from clinical ranges of motion."""
_HINGES: Final = {"left_knee": (0, 1.0), "right_knee": (0, 1.0), "left_elbow": (1, -1.0), "right_elbow": (1, 1.0)}
"""Axis of the rest frame about which a hinge rotates, and the sign of flexion."""
_HYPEREXTENSION: Final = math.sin(math.radians(5.0))
_LIMITED: Final = [joint for joint, name in enumerate(JOINT_NAMES) if name != "pelvis"]
_SMALLEST_COSINE: Final = [
    math.cos(math.radians(angle))
    for angle in values_by_name([JOINT_NAMES[joint] for joint in _LIMITED], _LARGEST_ANGLE, math.nan)
]


def limit_violation(rotations: Tensor) -> Tensor:
    """Mean violation by rotations (B, T, 24, 3, 3) relative to the parent; 0 within all limits.

    Squared excess of cosines, of hinges off their axis, and of hyperextension.
    """
    limited = rotations[:, :, _LIMITED]  # (B, T, 23, 3, 3)
    cosine = (limited.diagonal(dim1=-2, dim2=-1).sum(-1) - 1) / 2  # (B, T, 23)
    excess = (torch.tensor(_SMALLEST_COSINE, device=rotations.device) - cosine).clamp(min=0).square().sum(-1)
    for name, (axis, sign) in _HINGES.items():
        hinge = rotations[:, :, JOINT_INDEX[name]]  # (B, T, 3, 3)
        first, second = (axis + 1) % 3, (axis + 2) % 3
        off_axis = hinge[..., first, axis].square() + hinge[..., second, axis].square()
        flexion = sign * (hinge[..., second, first] - hinge[..., first, second]) / 2
        excess = excess + off_axis + (-flexion - _HYPEREXTENSION).clamp(min=0).square()
    return excess.mean()


def rotation_from_rest(rotations: Tensor) -> Tensor:
    """Mean distance (3 - trace) of rotations (B, T, 24, 3, 3) from the rest pose: fixes what no point shows."""
    return (3 - rotations[:, :, _LIMITED].diagonal(dim1=-2, dim2=-1).sum(-1)).sum(-1).mean()
