"""Rigs whose own bones are keyed: SMPL, Mixamo, Unreal, Unity, VRM, MakeHuman, Character Creator, DAZ, meta-rigs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from ...body.skeleton import JOINT_NAMES
from ..bone_map import BoneMap, Control
from ..rig import Rig
from ..roles import SIDES, SINGLE_ROLES
from .chains import plain_map
from .twists import forearm_twists

_PARTS: Final = ("collar", "shoulder", "elbow", "wrist", "hip", "knee", "ankle", "foot")
_MIXAMO_PREFIX: Final = re.compile(r"^(mixamorig\d*[:_]).+", re.IGNORECASE)
_HUMANOID: Final = {
    # Unity's names of a humanoid's bones, which VRM writes with a small first letter
    "collar": "Shoulder",
    "shoulder": "UpperArm",
    "elbow": "LowerArm",
    "wrist": "Hand",
    "hip": "UpperLeg",
    "knee": "LowerLeg",
    "ankle": "Foot",
    "foot": "Toes",
}
_GENESIS: Final = (
    # 3, 8 and 8.1; 9; 1 and 2
    ("{side}{part}", ("Collar", "ShldrBend", "ForearmBend", "Hand", "ThighBend", "Shin", "Foot", "Toe")),
    ("{side}_{part}", ("shoulder", "upperarm", "forearm", "hand", "thigh", "shin", "foot", "toes")),
    ("{side}{part}", ("Collar", "Shldr", "ForeArm", "Hand", "Thigh", "Shin", "Foot", "Toe")),
)


def _sided(pattern: str, parts: tuple[str, ...], sides: tuple[str, str]) -> dict[str, str]:
    """Bone by role: `pattern` with {part} and {side} filled in, `parts` in the order of `_PARTS`."""
    return {
        f"{side}_{role}": pattern.format(part=part, side=name)
        for side, name in zip(SIDES, sides, strict=True)
        for role, part in zip(_PARTS, parts, strict=True)
    }


def find_smpl(rig: Rig) -> BoneMap | None:
    """The skeleton of SMPL, as this add-on captures it."""
    return plain_map("SMPL", rig, {role: role for role in SINGLE_ROLES if role in JOINT_NAMES}, "root")


def find_mixamo(rig: Rig) -> BoneMap | None:
    """Mixamo's skeleton, with its prefix of any number or without."""
    prefixes = [match[1] for match in map(_MIXAMO_PREFIX.match, rig.names) if match]
    prefix = max(set(prefixes), key=prefixes.count) if prefixes else ""
    parts = ("Shoulder", "Arm", "ForeArm", "Hand", "UpLeg", "Leg", "Foot", "ToeBase")
    names = _sided(prefix + "{side}{part}", parts, ("Left", "Right"))
    names |= {"pelvis": prefix + "Hips", "head": prefix + "Head"}
    root = next((name for name in ("root", "Root", "Reference") if name in rig.index), None)
    return plain_map("Mixamo", rig, names, root)


def find_unreal(rig: Rig) -> BoneMap | None:
    """Unreal's mannequins, UE4 and UE5, and MPFB's game engine rig, with their IK and twist bones."""
    parts = ("clavicle", "upperarm", "lowerarm", "hand", "thigh", "calf", "foot", "ball")
    names = _sided("{part}_{side}", parts, ("l", "r")) | {"pelvis": "pelvis", "head": "head"}
    found = plain_map("Unreal", rig, names, "root" if "root" in rig.index else "Root")
    if found is None:
        return None
    followed = {f"ik_{part}_{side}": f"{part}_{side}" for part in ("foot", "hand") for side in "lr"}
    followed["ik_hand_gun"] = "hand_r"
    controls = [Control(bone, end, end) for bone, end in followed.items() if bone in rig.index]
    twists = forearm_twists(rig, found, lambda name: name.startswith("lowerarm_twist_"))
    return found.with_controls([*controls, *twists])


def find_unity(rig: Rig) -> BoneMap | None:
    """A humanoid with Unity's own names."""
    names = {f"{side}_{part}": side.title() + name for side in SIDES for part, name in _HUMANOID.items()}
    return plain_map("Unity", rig, names | {"pelvis": "Hips", "head": "Head"}, _ground_bone(rig))


def find_vrm(rig: Rig) -> BoneMap | None:
    """VRM: the names of VRoid's models, or those of VRM 1.0's humanoid."""
    parts = ("Shoulder", "UpperArm", "LowerArm", "Hand", "UpperLeg", "LowerLeg", "Foot", "ToeBase")
    names = _sided("J_Bip_{side}_{part}", parts, ("L", "R")) | {"pelvis": "J_Bip_C_Hips", "head": "J_Bip_C_Head"}
    humanoid = {f"{side}_{part}": side + name for side in SIDES for part, name in _HUMANOID.items()}
    humanoid |= {"pelvis": "hips", "head": "head"}
    root = _ground_bone(rig)
    return plain_map("VRM", rig, names, root) or plain_map("VRM", rig, humanoid, root)


def find_makehuman(rig: Rig) -> BoneMap | None:
    """The default rig of MakeHuman and MPFB, with toes or without."""
    parts = ("clavicle", "upperarm01", "lowerarm01", "wrist", "upperleg01", "lowerleg01", "foot", "toe1-1")
    names = _sided("{part}.{side}", parts, ("L", "R")) | {"pelvis": "root", "head": "head"}
    found = plain_map("MakeHuman", rig, names)
    return found and found.with_controls(forearm_twists(rig, found, lambda name: name.startswith("lowerarm02.")))


def find_character_creator(rig: Rig) -> BoneMap | None:
    """Character Creator, iClone and AccuRIG; the hip carries both the legs' pelvis and the spine."""
    parts = ("Clavicle", "Upperarm", "Forearm", "Hand", "Thigh", "Calf", "Foot", "ToeBase")
    names = _sided("CC_Base_{side}_{part}", parts, ("L", "R")) | {"pelvis": "CC_Base_Hip", "head": "CC_Base_Head"}
    roots = ("RL_BoneRoot", "CC_Base_BoneRoot")
    found = plain_map("Character Creator", rig, names, next((name for name in roots if name in rig.index), None))
    return found and found.with_controls(forearm_twists(rig, found, lambda name: "_ForearmTwist" in name))


def find_daz(rig: Rig) -> BoneMap | None:
    """DAZ's Genesis figures, from the first to Genesis 9; bone `hip` carries the legs' `pelvis` and the spine."""
    for pattern, parts in _GENESIS:
        names = _sided(pattern, parts, ("l", "r")) | {"pelvis": "hip", "head": "head"}
        found = plain_map("DAZ", rig, names, "root")
        if found:
            return found.with_controls(forearm_twists(rig, found, lambda name: "forearmtwist" in name.lower()))
    return None


def find_rigify_meta_rig(rig: Rig) -> BoneMap | None:
    """Rigify's human meta-rig, before a rig is generated from it; before Blender 2.79 it began with `hips`."""
    parts = ("shoulder", "upper_arm", "forearm", "hand", "thigh", "shin", "foot", "toe")
    names = _sided("{part}.{side}", parts, ("L", "R"))
    names |= {"pelvis": "hips", "head": "head"} if "hips" in rig.index else {"pelvis": "spine"}
    return plain_map("Rigify meta-rig", rig, {"head": _last_of_chain(rig, names)} | names)


def _last_of_chain(rig: Rig, names: Mapping[str, str]) -> str:
    """The highest of the spine's numbered bones, which is the head."""
    spine = [name for name in rig.names if re.fullmatch(re.escape(names["pelvis"]) + r"\.\d+", name)]
    return max(spine, default="")


def _ground_bone(rig: Rig) -> str | None:
    return next((name for name in ("root", "Root", "Armature") if name in rig.index), None)
