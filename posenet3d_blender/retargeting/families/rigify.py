"""Rigs that Rigify generated: FK and IK controls are keyed, the ORG bones are what they move."""

from __future__ import annotations

import re
from typing import Final

from ..bone_map import BoneMap, Control, RigProperty
from ..rig import Rig
from ..roles import SIDES

_LIMBS: Final = {
    "shoulder": ("upper_arm", "forearm", "hand"),
    "hip": ("thigh", "shin", "foot"),
}
"""Bones of a limb by the role of its first."""
_FK: Final = 1.0
"""IK would bend knees a little less: the bones of Rigify's IK chains may stretch."""
_ORG: Final = "ORG-"


def find_rigify(rig: Rig) -> BoneMap | None:
    """A generated human rig with its controls; FK is switched on, and both FK and IK are keyed."""
    spine = sorted(name for name in rig.names if re.fullmatch(r"ORG-spine(\.\d+)?", name))
    if "torso" not in rig.index or len(spine) < 3:
        return None
    bones = {"pelvis": spine[0], "head": spine[-1]}
    for letter, side in zip("LR", SIDES, strict=True):
        names = {"collar": "shoulder", "shoulder": "upper_arm", "elbow": "forearm", "wrist": "hand"}
        names |= {"hip": "thigh", "knee": "shin", "ankle": "foot", "foot": "toe"}
        bones |= {f"{side}_{part}": f"{_ORG}{name}.{letter}" for part, name in names.items()}
    bones = {role: bone for role, bone in bones.items() if bone in rig.index}
    chain, neck = _spine_and_neck(rig, spine)
    found = BoneMap("Rigify", bones, chain, neck, "root" if "root" in rig.index else None)
    if found.missing_roles:
        return None
    controls = [*_trunk_controls(rig, spine, chain, neck)]
    properties: list[RigProperty] = []
    neutral = ["hips", "chest"]
    for letter, side in zip("LR", SIDES, strict=True):
        controls += _limb_controls(rig, letter, side)
        properties += _switches(letter)
        neutral += [f"{name}.{letter}" for name in ("thigh_ik", "upper_arm_ik", "foot_heel_ik", "foot_spin_ik")]
    there = set(rig.index)
    return BoneMap(
        found.name,
        bones,
        chain,
        neck,
        found.root,
        controls=tuple(control for control in controls if there.issuperset((control.bone, *control.followed))),
        properties=tuple(each for each in properties if each.bone in there),
        neutral=tuple(name for name in neutral if name in there),
    )


def _spine_and_neck(rig: Rig, spine: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Bones with a control spine_fk belong to the spine, those between it and the head to the neck."""
    trunk = [name for name in spine[1:-1] if name.replace(_ORG + "spine", "spine_fk") in rig.index]
    return tuple(trunk), tuple(name for name in spine[1:-1] if name not in trunk)


def _trunk_controls(rig: Rig, spine: list[str], chain: tuple[str, ...], neck: tuple[str, ...]) -> list[Control]:
    pelvis = spine[0]
    fk = {name: name.replace(_ORG + "spine", "spine_fk") for name in (pelvis, *chain)}
    # The spine turns about one joint in its middle, which carries the torso: there the controls hips and chest stand.
    place = rig.head("hips" if "hips" in rig.index else "torso")
    pivot = min(fk, key=lambda name: float(((rig.head(name) - place) ** 2).sum()))
    controls = [Control("torso", rotation=pelvis, location=pivot)]
    controls += [Control(control, rotation=name) for name, control in fk.items()]
    if neck:
        controls.append(Control("neck", rotation=neck[0]))
    return [*controls, Control("head", rotation=spine[-1])]


def _limb_controls(rig: Rig, letter: str, side: str) -> list[Control]:
    controls = [Control(f"shoulder.{letter}", rotation=f"{_ORG}shoulder.{letter}")]
    for first, names in _LIMBS.items():
        bones = [f"{_ORG}{name}.{letter}" for name in names]
        controls += [Control(f"{name}_fk.{letter}", rotation=bone) for name, bone in zip(names, bones, strict=True)]
        controls.append(Control(f"{names[-1]}_ik.{letter}", rotation=bones[-1], location=bones[-1]))
        controls.append(Control(f"{names[0]}_ik_target.{letter}", pole=f"{side}_{first}"))
    toe = f"{_ORG}toe.{letter}"
    if toe in rig.index:
        # toe.L is the control of rigs from before Blender 2.93
        controls += [Control(f"{name}.{letter}", rotation=toe) for name in ("toe_fk", "toe_ik", "toe")]
    return controls


def _switches(letter: str) -> list[RigProperty]:
    leg, arm = f"thigh_parent.{letter}", f"upper_arm_parent.{letter}"
    return [
        RigProperty(leg, "IK_FK", _FK),
        RigProperty(leg, "pole_vector", 1.0),
        RigProperty(arm, "IK_FK", _FK),
        RigProperty(arm, "pole_vector", 1.0),
    ]
