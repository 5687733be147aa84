"""Skeleton of the 2D-only recipe: the 18 SMPL joints among the student's points, and their bones."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.model import Body
from posenet3d_blender.body.skeleton import JOINT_INDEX, JOINT_NAMES, mirrored_name
from posenet3d_blender.capture.student.joint_of_point import JOINT_OF_POINT

_SIDED: Final = ("hip", "knee", "ankle", "foot", "shoulder", "elbow", "wrist", "hand")
LIFTED_NAMES: Final = (*(f"{side}_{part}" for part in _SIDED for side in ("left", "right")), "neck", "head")
LIFTED_JOINTS: Final = tuple(JOINT_INDEX[name] for name in LIFTED_NAMES)
"""SMPL index of each lifted joint."""
LIFTED_COUNT: Final = len(LIFTED_NAMES)
POINT_OF_LIFTED: Final = tuple(JOINT_OF_POINT.index(joint) for joint in LIFTED_JOINTS)
"""Index of each lifted joint among the student's points."""
LIFTED_OF_POINT: Final = tuple(LIFTED_JOINTS.index(joint) if joint in LIFTED_JOINTS else -1 for joint in JOINT_OF_POINT)
"""For each of the student's points the lifted joint it shows, or -1."""
MIRRORED_LIFTED: Final = tuple(LIFTED_NAMES.index(mirrored_name(name)) for name in LIFTED_NAMES)
_INDEX: Final = {name: index for index, name in enumerate(LIFTED_NAMES)}
HIPS: Final = (_INDEX["left_hip"], _INDEX["right_hip"])
TORSO: Final = tuple(_INDEX[f"{side}_{part}"] for part in ("shoulder", "hip") for side in ("left", "right"))
LIMBS: Final = tuple(
    _INDEX[f"{side}_{part}"]
    for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    for side in ("left", "right")
)
_CHAINS: Final = (
    ("{0}_hip", "{0}_knee"),
    ("{0}_knee", "{0}_ankle"),
    ("{0}_ankle", "{0}_foot"),
    ("{0}_shoulder", "{0}_elbow"),
    ("{0}_elbow", "{0}_wrist"),
    ("{0}_wrist", "{0}_hand"),
    ("neck", "{0}_shoulder"),
    # No point is on the spine: the trunk is braced from each hip to the neck and to the shoulder.
    ("{0}_hip", "neck"),
    ("{0}_hip", "{0}_shoulder"),
)
_MIDDLE: Final = (("left_hip", "right_hip"), ("neck", "head"))
BONES: Final = tuple(
    (_INDEX[start.format(side)], _INDEX[end.format(side)]) for side in ("left", "right") for start, end in _CHAINS
) + tuple((_INDEX[start], _INDEX[end]) for start, end in _MIDDLE)
"""Pairs of lifted joints: the left side's, the right side's in the same order, the middle ones."""
SIDE_COUNT: Final = len(_CHAINS)


def bone_lengths(joints: Tensor) -> Tensor:
    """(..., BONES) lengths of joints (..., 18, 3)."""
    starts, ends = zip(*BONES, strict=True)
    bones: Tensor = joints[..., list(starts), :] - joints[..., list(ends), :]
    return bones.square().sum(-1).add(1e-8).sqrt()


def template_ratios(body: Body) -> Tensor:
    """(BONES,) lengths on the body at rest, divided by their mean."""
    rest = torch.from_numpy(body.joint_template[list(LIFTED_JOINTS)]).float()
    lengths = bone_lengths(rest)
    return lengths / lengths.mean()


def mean_bone(body: Body) -> float:
    """Mean length in metres of BONES on the body at rest."""
    return float(bone_lengths(torch.from_numpy(body.joint_template[list(LIFTED_JOINTS)]).float()).mean())


def pelvis_share(body: Body) -> float:
    """Share of the way from the middle of the hips to the neck at which the body's pelvis joint lies."""
    lifted = body.joint_template[list(LIFTED_JOINTS)]
    hips = lifted[list(HIPS)].mean(0)
    trunk = lifted[_INDEX["neck"]] - hips
    return float((body.joint_template[0] - hips) @ trunk / (trunk @ trunk))


def to_smpl(lifted: Array, pelvis_share: float) -> Array:
    """(T, 24, 3) SMPL joints from lifted ones (T, 18, 3); joints without a point are placed between their neighbours.

    The pelvis lies at `pelvis_share` of the way from the middle of the hips to the neck.
    """
    joints = np.zeros((*lifted.shape[:-2], len(JOINT_NAMES), 3))
    joints[..., list(LIFTED_JOINTS), :] = lifted
    hips, neck = lifted[..., list(HIPS), :].mean(-2), lifted[..., _INDEX["neck"], :]
    pelvis = hips + pelvis_share * (neck - hips)
    joints[..., 0, :] = pelvis
    for name, share in (("spine1", 0.25), ("spine2", 0.5), ("spine3", 0.65)):
        joints[..., JOINT_INDEX[name], :] = pelvis + share * (neck - pelvis)
    for side in ("left", "right"):
        shoulder = lifted[..., _INDEX[f"{side}_shoulder"], :]
        joints[..., JOINT_INDEX[f"{side}_collar"], :] = (neck + shoulder) / 2
    return joints
