"""Auto-Rig Pro: the controls, whose names begin with c_, are keyed; exported rigs without them by their own bones."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from ..bone_map import BoneMap, Control, RigProperty
from ..rig import Rig
from ..roles import SIDES
from .chains import plain_map
from .twists import forearm_twists

_DEFORM: Final = {
    "collar": ("shoulder",),
    "shoulder": ("arm_stretch", "arm"),
    "elbow": ("forearm_stretch", "forearm"),
    "wrist": ("hand",),
    "hip": ("thigh_stretch", "thigh"),
    "knee": ("leg_stretch", "leg"),
    "ankle": ("foot",),
    "foot": ("toes_01", "toes"),
}
_FK: Final = {
    "shoulder": "c_arm_fk",
    "elbow": "c_forearm_fk",
    "wrist": "c_hand_fk",
    "hip": "c_thigh_fk",
    "knee": "c_leg_fk",
    "ankle": "c_foot_fk",
    "foot": "c_toes_fk",
}
_SWITCH: Final = "ik_fk_switch"
"""0 is IK, 1 is FK."""


def find_auto_rig_pro(rig: Rig) -> BoneMap | None:
    """A rig of Auto-Rig Pro; legs are left on IK, arms on FK, and both are keyed."""
    names = {"pelvis": "root.x", "head": "head.x"}
    for letter, side in zip("lr", SIDES, strict=True):
        for part, candidates in _DEFORM.items():
            existing = [f"{name}.{letter}" for name in candidates if f"{name}.{letter}" in rig.index]
            names |= {f"{side}_{part}": existing[0]} if existing else {}
    root = next((name for name in ("c_traj", "root") if name in rig.index), None)
    found = plain_map("Auto-Rig Pro", rig, names, root)
    if found is None:
        return None
    if "c_root_master.x" not in rig.index:
        return found.with_controls(forearm_twists(rig, found, lambda name: name.startswith("forearm_twist")))
    # in the rig with controls the chain runs through the controls
    found = replace(found, spine=_numbered(rig, "spine"), neck=_numbered(rig, "c_subneck") + _numbered(rig, "neck"))
    there = set(rig.index)
    return replace(
        found,
        controls=tuple(control for control in _controls(found) if control.bone in there),
        properties=tuple(each for each in _switches() if each.bone in there),
        neutral=tuple(name for name in ("c_root.x", "c_pos") if name in there),
    )


def _numbered(rig: Rig, part: str) -> tuple[str, ...]:
    return tuple(sorted(name for name in rig.names if re.fullmatch(part + r"(_\d+)?\.x", name)))


def _controls(found: BoneMap) -> list[Control]:
    pelvis = found.bones["pelvis"]
    controls = [Control("c_root_master.x", rotation=pelvis, location=pelvis)]
    trunk = (*found.spine, *found.neck, found.bones["head"])
    # further bones of the neck, c_subneck_1.x and so on, are controls that deform themselves
    controls += [Control(bone if bone.startswith("c_") else f"c_{bone}", rotation=bone) for bone in trunk]
    for letter, side in zip("lr", SIDES, strict=True):
        bones = {part: found.bones[f"{side}_{part}"] for part in _DEFORM if f"{side}_{part}" in found.bones}
        controls += [Control(f"c_shoulder.{letter}", rotation=bones["collar"])] if "collar" in bones else []
        controls += [Control(f"{name}.{letter}", rotation=bones[part]) for part, name in _FK.items() if part in bones]
        controls += [
            Control(f"c_hand_ik.{letter}", rotation=bones["wrist"], location=bones["wrist"]),
            Control(f"c_foot_ik.{letter}", rotation=bones["ankle"], location=bones["ankle"]),
            Control(f"c_arms_pole.{letter}", pole=f"{side}_shoulder"),
            Control(f"c_leg_pole.{letter}", pole=f"{side}_hip"),
        ]
        controls += [Control(f"c_toes_ik.{letter}", rotation=bones["foot"])] if "foot" in bones else []
    return controls


def _switches() -> list[RigProperty]:
    return [
        RigProperty(f"c_{end}_ik.{letter}", _SWITCH, value)
        for letter in "lr"
        for end, value in (("foot", 0.0), ("hand", 1.0))
    ]
