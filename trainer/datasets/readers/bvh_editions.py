"""BVH editions of CMU's data: joint names, unit and lost bones of each.

Two of them lack CMU's bones `thorax` and `lwrist`/`rwrist`: the joints at their ends have no offset from their parent,
so the trunk is some 12 cm and the forearm some 10 cm too short. In CMU's skeletons the thorax is as long as the upper
back, and the wrist bone half as long as the radius, so both can be restored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.skeleton import JOINT_NAMES
from posenet3d_blender.errors import PoseNet3DError

from ..missing_joints import collar

CMU_METRES: Final = 0.0254 / 0.45
"""Unit of CMU's skeletons: 0.45 units are an inch."""
_CENTIMETRE: Final = 0.01


@dataclass(frozen=True)
class _Chain:
    """A restored bone: `children` at `parent` are moved away by `share` of the length of the bone to `parent`."""

    parent: str
    children: tuple[str, ...]
    share: float
    vertical: bool
    """Straight up; otherwise along the bone to `parent`."""


@dataclass(frozen=True)
class Edition:
    """One conversion of CMU's data."""

    name: str
    metres: float
    """Per unit of length."""
    joints: Mapping[str, str]
    """The file's name of each SMPL joint; the first existing one of alternatives separated by `|`."""
    lost: tuple[_Chain, ...] = ()

    def missing(self, names: Sequence[str]) -> list[str]:
        """The edition's joints that are not among a file's names; none if it is of this edition."""
        return [choice for choice in self.joints.values() if not set(choice.split("|")) & set(names)]

    def with_lost_bones(self, names: Sequence[str], offsets: Array) -> Array:
        """Offsets (nodes, 3) with the edition's lost bones restored; existing ones are unchanged."""
        restored = offsets.copy()
        for chain in self.lost:
            bone = offsets[names.index(chain.parent)]
            direction = np.array([0.0, np.linalg.norm(bone), 0.0]) if chain.vertical else bone
            for child in chain.children:
                if child in names and not offsets[names.index(child)].any():
                    restored[names.index(child)] = chain.share * direction
        return restored

    def smpl_joints(self, positions: Mapping[str, Array]) -> dict[str, Array]:
        """(T, 3) for each SMPL joint, from (T, 3) for each of the file's joints."""
        joints = {
            joint: next(positions[one] for one in choice.split("|") if one in positions)
            for joint, choice in self.joints.items()
        }
        for side in ("left", "right"):
            # the editions start the collar bone on the spine, as CMU does
            joints.setdefault(f"{side}_collar", collar(joints["neck"], joints[f"{side}_shoulder"]))
        joints.setdefault("spine2", (joints["spine1"] + joints["spine3"]) / 2)
        return {joint: joints[joint] for joint in JOINT_NAMES}


def _both_sides(middle: Mapping[str, str], **left: tuple[str, str]) -> dict[str, str]:
    """Names of all joints, from those of the middle and pairs of the left and right ones."""
    sides = {f"{side}_{joint}": pair[i] for joint, pair in left.items() for i, side in enumerate(("left", "right"))}
    return {**middle, **sides}


def _prefixed(*joints: str) -> tuple[str, str]:
    return "|".join(f"Left{j}" for j in joints), "|".join(f"Right{j}" for j in joints)


_CC: Final = "CC_Base_"

EDITIONS: Final = (
    Edition(
        "MotionBuilder",
        CMU_METRES,
        _both_sides(
            {
                "pelvis": "Hips",
                "spine1": "Spine",
                "spine2": "Spine1",
                "spine3": "Neck",
                "neck": "Neck1",
                "head": "Head",
            },
            hip=_prefixed("UpLeg"),
            knee=_prefixed("Leg"),
            ankle=_prefixed("Foot"),
            foot=_prefixed("ToeBase"),
            shoulder=_prefixed("Arm"),
            elbow=_prefixed("ForeArm"),
            wrist=_prefixed("FingerBase"),
            hand=("LFingers_end|LeftHandIndex1_end", "RFingers_end|RightHandIndex1_end"),
        ),
        (
            _Chain("Spine1", ("Neck", "LeftShoulder", "RightShoulder"), 1.0, vertical=True),
            _Chain("LeftHand", ("LeftFingerBase", "LThumb"), 0.5, vertical=False),
            _Chain("RightHand", ("RightFingerBase", "RThumb"), 0.5, vertical=False),
        ),
    ),
    Edition(
        "3ds Max",
        CMU_METRES,
        _both_sides(
            {
                "pelvis": "Hips",
                "spine1": "Chest",
                "spine2": "Chest2",
                "spine3": "lowerneck",
                "neck": "Neck",
                "head": "Head",
            },
            hip=_prefixed("Hip"),
            knee=_prefixed("Knee"),
            ankle=_prefixed("Ankle"),
            foot=_prefixed("Toe"),
            shoulder=_prefixed("Shoulder"),
            elbow=_prefixed("Elbow"),
            wrist=("lhand", "rhand"),
            hand=("LFingers_end", "RFingers_end"),
        ),
        (
            _Chain("Chest2", ("lowerneck", "LeftCollar", "RightCollar"), 1.0, vertical=True),
            _Chain("LeftWrist", ("lhand", "LThumb"), 0.5, vertical=False),
            _Chain("RightWrist", ("rhand", "RThumb"), 0.5, vertical=False),
        ),
    ),
    Edition(
        "DAZ",
        _CENTIMETRE,
        _both_sides(
            {"pelvis": "hip", "spine1": "abdomen", "spine3": "chest", "neck": "neck", "head": "head"},
            hip=("lThigh", "rThigh"),
            knee=("lShin", "rShin"),
            ankle=("lFoot", "rFoot"),
            foot=("lFoot_end", "rFoot_end"),
            collar=("lCollar", "rCollar"),
            shoulder=("lShldr", "rShldr"),
            elbow=("lForeArm", "rForeArm"),
            wrist=("lHand", "rHand"),
            hand=("lMid1", "rMid1"),
        ),
    ),
    Edition(
        "iClone",
        _CENTIMETRE,
        _both_sides(
            {
                "pelvis": f"{_CC}Hip",
                "spine1": f"{_CC}Waist",
                "spine2": f"{_CC}Spine01",
                "spine3": f"{_CC}Spine02",
                "neck": f"{_CC}NeckTwist01",
                "head": f"{_CC}Head",
            },
            hip=(f"{_CC}L_Thigh", f"{_CC}R_Thigh"),
            knee=(f"{_CC}L_Calf", f"{_CC}R_Calf"),
            ankle=(f"{_CC}L_Foot", f"{_CC}R_Foot"),
            foot=(f"{_CC}L_ToeBase", f"{_CC}R_ToeBase"),
            collar=(f"{_CC}L_Clavicle", f"{_CC}R_Clavicle"),
            shoulder=(f"{_CC}L_Upperarm", f"{_CC}R_Upperarm"),
            elbow=(f"{_CC}L_Forearm", f"{_CC}R_Forearm"),
            wrist=(f"{_CC}L_Hand", f"{_CC}R_Hand"),
            hand=(f"{_CC}L_Mid1", f"{_CC}R_Mid1"),
        ),
    ),
)


def edition_of(path: Path, names: Sequence[str]) -> Edition:
    """The edition of a file with these joints.

    Raises:
        PoseNet3DError: it is of none; the message names a missing joint of the nearest.
    """
    for edition in EDITIONS:
        if not edition.missing(names):
            return edition
    nearest = min(EDITIONS, key=lambda edition: len(edition.missing(names)))
    joint = nearest.missing(names)[0]
    raise PoseNet3DError(f"{path}: joint '{joint}' of CMU's {nearest.name} edition is missing; give one of CMU's")
