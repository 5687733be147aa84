"""The skeleton that the 2D-only recipe lifts: those SMPL joints that the student's points show, and their bones."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from posenet3d_blender.body.model import Body
from posenet3d_blender.body.skeleton import JOINT_INDEX, JOINT_NAMES, mirrored_name

from ..synthesis.joint_of_point import JOINT_OF_POINT

_SIDED: Final = ("hip", "knee", "ankle", "foot", "shoulder", "elbow", "wrist", "hand")
LIFTED_NAMES: Final = (*(f"{side}_{part}" for part in _SIDED for side in ("left", "right")), "neck", "head")
LIFTED_JOINTS: Final = tuple(JOINT_INDEX[name] for name in LIFTED_NAMES)
"""SMPL index of each lifted joint."""
LIFTED_COUNT: Final = len(LIFTED_NAMES)
POINT_OF_LIFTED: Final = tuple(JOINT_OF_POINT.index(joint) for joint in LIFTED_JOINTS)
"""Which of the student's points shows each lifted joint."""
MIRRORED_LIFTED: Final = tuple(LIFTED_NAMES.index(mirrored_name(name)) for name in LIFTED_NAMES)
_INDEX: Final = {name: index for index, name in enumerate(LIFTED_NAMES)}
HIPS: Final = (_INDEX["left_hip"], _INDEX["right_hip"])
FEET: Final = (_INDEX["left_foot"], _INDEX["right_foot"])
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
    # No point shows the spine: the trunk is braced from each hip to the neck and across to the shoulder.
    ("{0}_hip", "neck"),
    ("{0}_hip", "{0}_shoulder"),
)
_MIDDLE: Final = (("left_hip", "right_hip"), ("neck", "head"))
BONES: Final = tuple(
    (_INDEX[start.format(side)], _INDEX[end.format(side)]) for side in ("left", "right") for start, end in _CHAINS
) + tuple((_INDEX[start], _INDEX[end]) for start, end in _MIDDLE)
"""Pairs of lifted joints: the left side's, the right side's in the same order, those of the middle."""
SIDE_COUNT: Final = len(_CHAINS)


def bone_lengths(joints: Tensor) -> Tensor:
    """(..., BONES) lengths of joints (..., 18, 3)."""
    starts, ends = zip(*BONES, strict=True)
    return (joints[..., list(starts), :] - joints[..., list(ends), :]).square().sum(-1).add(1e-8).sqrt()


def template_ratios(body: Body) -> Tensor:
    """(BONES,) lengths of the body at rest over their mean."""
    rest = torch.from_numpy(body.joint_template[list(LIFTED_JOINTS)]).float()
    lengths = bone_lengths(rest)
    return lengths / lengths.mean()


def mean_bone(body: Body) -> float:
    """Mean length in metres of BONES on the body at rest."""
    return float(bone_lengths(torch.from_numpy(body.joint_template[list(LIFTED_JOINTS)]).float()).mean())


def pelvis_share(body: Body) -> float:
    """How far up the way from the middle of the hips to the neck the body has its pelvis joint."""
    lifted = body.joint_template[list(LIFTED_JOINTS)]
    hips = lifted[list(HIPS)].mean(0)
    trunk = lifted[_INDEX["neck"]] - hips
    return float((body.joint_template[0] - hips) @ trunk / (trunk @ trunk))


def to_smpl(lifted: NDArray[np.floating], pelvis_share: float) -> NDArray[np.float64]:
    """(T, 24, 3) SMPL joints from lifted ones (T, 18, 3): what no point shows is put between its neighbours.

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
