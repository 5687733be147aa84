"""Parts of the lifted skeleton (`capture.student.lifter.skeleton`) that only training needs."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.model import Body
from posenet3d_blender.body.skeleton import mirrored_name
from posenet3d_blender.capture.student.joint_of_point import JOINT_OF_POINT
from posenet3d_blender.capture.student.lifter.skeleton import (
    LIFTED_INDEX,
    LIFTED_JOINTS,
    LIFTED_NAMES,
    bone_lengths,
    smpl_from_lifted,
)

LIFTED_OF_POINT: Final = tuple(LIFTED_JOINTS.index(joint) if joint in LIFTED_JOINTS else -1 for joint in JOINT_OF_POINT)
"""For each of the student's points the lifted joint it shows, or -1."""
MIRRORED_LIFTED: Final = tuple(LIFTED_NAMES.index(mirrored_name(name)) for name in LIFTED_NAMES)
TORSO: Final = tuple(LIFTED_INDEX[f"{side}_{part}"] for part in ("shoulder", "hip") for side in ("left", "right"))
LIMBS: Final = tuple(
    LIFTED_INDEX[f"{side}_{part}"]
    for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    for side in ("left", "right")
)


def template_ratios(body: Body) -> Tensor:
    """(BONES,) lengths on the body at rest, divided by their mean."""
    rest = torch.from_numpy(body.joint_template[list(LIFTED_JOINTS)]).float()
    lengths = bone_lengths(rest)
    return lengths / lengths.mean()


def to_smpl(lifted: Array, pelvis_share: float) -> Array:
    """(T, 24, 3) SMPL joints from lifted ones (T, 18, 3); see `smpl_from_lifted`."""
    return smpl_from_lifted(pelvis_share) @ lifted
