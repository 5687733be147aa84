"""The lifter's skeleton: the 18 SMPL joints among the student's points, and their bones."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor

from ....arrays import Array
from ....body.model import Body
from ....body.skeleton import JOINT_COUNT, JOINT_INDEX, JOINT_NAMES, values_by_name
from ..joint_of_point import JOINT_OF_POINT
from ..torch_body import select_joints

_SIDED: Final = ("hip", "knee", "ankle", "foot", "shoulder", "elbow", "wrist", "hand")
LIFTED_NAMES: Final = (*(f"{side}_{part}" for part in _SIDED for side in ("left", "right")), "neck", "head")
LIFTED_JOINTS: Final = tuple(JOINT_INDEX[name] for name in LIFTED_NAMES)
"""SMPL index of each lifted joint."""
LIFTED_COUNT: Final = len(LIFTED_NAMES)
POINT_OF_LIFTED: Final = tuple(JOINT_OF_POINT.index(joint) for joint in LIFTED_JOINTS)
"""Index of each lifted joint among the student's points."""
LIFTED_INDEX: Final = {name: index for index, name in enumerate(LIFTED_NAMES)}
HIPS: Final = (LIFTED_INDEX["left_hip"], LIFTED_INDEX["right_hip"])
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
    (LIFTED_INDEX[start.format(side)], LIFTED_INDEX[end.format(side)])
    for side in ("left", "right")
    for start, end in _CHAINS
) + tuple((LIFTED_INDEX[start], LIFTED_INDEX[end]) for start, end in _MIDDLE)
"""Pairs of lifted joints: the left side's, the right side's in the same order, the middle ones."""
_STARTS, _ENDS = zip(*BONES, strict=True)
SIDE_COUNT: Final = len(_CHAINS)
_HIP_TO_NECK: Final = _CHAINS.index(("{0}_hip", "neck"))
_NECK_TO_SHOULDER: Final = _CHAINS.index(("neck", "{0}_shoulder"))
_LIMB_BONES: Final = {end.removeprefix("{0}_"): bone for bone, (_, end) in enumerate(_CHAINS[:6])}
BONE_OF_JOINT: Final = tuple(
    int(bone)
    for bone in values_by_name(
        JOINT_NAMES,
        {
            **_LIMB_BONES,
            "spine": _HIP_TO_NECK,
            "neck": _HIP_TO_NECK,
            "collar": _NECK_TO_SHOULDER,
            "shoulder": _NECK_TO_SHOULDER,
            "hip": SIDE_COUNT,
            "pelvis": SIDE_COUNT,
            "head": SIDE_COUNT + 1,
        },
        0,
    )
)
"""For each SMPL joint the bone by which its own is measured: of one side's in the order of BONES, then the middle ones.

The bones of spine, neck, collars and hips have no points at both ends.
"""
_ON_SPINE: Final = (("spine1", 0.25), ("spine2", 0.5), ("spine3", 0.65))
"""Joints without a point, and their shares of the way from the pelvis to the neck."""


def bone_lengths(joints: Tensor) -> Tensor:
    """(..., BONES) lengths of joints (..., 18, 3)."""
    bones = select_joints(joints, _STARTS, -2) - select_joints(joints, _ENDS, -2)
    return ((bones * bones).sum(-1) + 1e-8).sqrt()


def mean_bone(body: Body) -> float:
    """Mean length in metres of BONES on the body at rest."""
    return float(bone_lengths(torch.from_numpy(body.joint_template[list(LIFTED_JOINTS)]).float()).mean())


def pelvis_share(body: Body) -> float:
    """Share of the way from the middle of the hips to the neck at which the body's pelvis joint lies."""
    lifted = body.joint_template[list(LIFTED_JOINTS)]
    hips = lifted[list(HIPS)].mean(0)
    trunk = lifted[LIFTED_INDEX["neck"]] - hips
    return float((body.joint_template[0] - hips) @ trunk / (trunk @ trunk))


def smpl_from_lifted(pelvis_share: float) -> Array:
    """(24, 18) weights of the lifted joints in each SMPL joint; those without a point lie between their neighbours.

    The pelvis lies at `pelvis_share` of the way from the middle of the hips to the neck.
    """
    lifted = np.eye(LIFTED_COUNT)
    weights = np.zeros((JOINT_COUNT, LIFTED_COUNT))
    weights[list(LIFTED_JOINTS)] = lifted
    hips, neck = lifted[list(HIPS)].mean(0), lifted[LIFTED_INDEX["neck"]]
    pelvis = weights[0] = hips + pelvis_share * (neck - hips)
    for name, share in _ON_SPINE:
        weights[JOINT_INDEX[name]] = pelvis + share * (neck - pelvis)
    for side in ("left", "right"):
        weights[JOINT_INDEX[f"{side}_collar"]] = (neck + lifted[LIFTED_INDEX[f"{side}_shoulder"]]) / 2
    return weights
