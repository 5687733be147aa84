"""Rigs of Character Creator and DAZ Studio, with the bones that they have between those of the body."""

from __future__ import annotations

from collections.abc import Callable

import bpy
import numpy as np
from mathutils import Matrix

from .armature import BoneSpec, make_armature
from .families import Y_UP, body_plan, bones_of, named, place
from .human import FINGERS, Human

_CENTIMETRES = Matrix.Scale(100, 4) @ Y_UP.inverted()


def character_creator(name: str = "CC") -> bpy.types.Object:
    """As its FBX comes in: centimetres, Y up, a T-pose; the legs hang on a pelvis below the hip, twist bones nest."""
    human = Human(height=1.7, leg_share=0.51, neck_count=2)
    table = {"pelvis": "Hip", "head": "Head", "spine0": "Waist", "spine1": "Spine01", "spine2": "Spine02"}
    table |= {"neck0": "NeckTwist01", "neck1": "NeckTwist02"}
    parts = {"clavicle": "Clavicle", "upperarm": "Upperarm", "lowerarm": "Forearm", "hand": "Hand"}
    parts |= {"thigh": "Thigh", "calf": "Calf", "foot": "Foot", "ball": "ToeBase"}
    parts |= _fingers(str.title)
    names = named(
        {joint: f"CC_Base_{word}" for joint, word in table.items()},
        lambda part, _, short: f"CC_Base_{short.upper()}_{parts[part]}",
    )
    specs = [BoneSpec("RL_BoneRoot", None, np.zeros(3), np.array([0, 0.1, 0]), np.array([0.0, 0, 1]))]
    specs += bones_of(body_plan(names, human, "RL_BoneRoot"), human.joints())
    thighs = ("CC_Base_L_Thigh", "CC_Base_R_Thigh")
    specs = _inserted(specs, "CC_Base_Pelvis", "CC_Base_Hip", 0.0, lambda child: child in thighs)
    for side in "LR":
        forearm = f"CC_Base_{side}_Forearm"
        specs = _inserted(specs, f"{forearm}Twist01", forearm, 0.0, lambda _: False)
        specs = _inserted(specs, f"{forearm}Twist02", f"{forearm}Twist01", 0.5, lambda _: False)
    return make_armature(name, place(specs, _CENTIMETRES), _CENTIMETRES.inverted())


def genesis_8(name: str = "Genesis8") -> bpy.types.Object:
    """An A-pose; the second halves of upper arm, forearm and thigh carry what follows; a bone before the toes."""
    human = Human(height=1.75, arms_down=40, legs_apart=4, spine_count=4, neck_count=2)
    table = {"pelvis": "hip", "head": "head", "neck0": "neckLower", "neck1": "neckUpper"}
    table |= {"spine0": "abdomenLower", "spine1": "abdomenUpper", "spine2": "chestLower", "spine3": "chestUpper"}
    parts = {"clavicle": "Collar", "upperarm": "ShldrBend", "lowerarm": "ForearmBend", "hand": "Hand"}
    parts |= {"thigh": "ThighBend", "calf": "Shin", "foot": "Foot", "ball": "Toe"}
    parts |= _fingers(str.title)
    names = named(table, lambda part, _, short: short + parts[part])
    specs = bones_of(body_plan(names, human, None), human.joints())
    specs = _inserted(specs, "pelvis", "hip", 0.0, lambda child: child.endswith("ThighBend"))
    for side in "lr":
        for bend in ("ShldrBend", "ForearmBend", "ThighBend"):
            specs = _inserted(specs, f"{side}{bend[:-4]}Twist", f"{side}{bend}", 0.5, lambda _: True)
        specs = _inserted(specs, f"{side}Metatarsals", f"{side}Foot", 0.3, lambda _: True)
    return make_armature(name, specs)


def genesis_9(name: str = "Genesis9") -> bpy.types.Object:
    """An A-pose; twist bones lie beside the limbs."""
    human = Human(height=1.7, arms_down=40, spine_count=4, neck_count=2)
    table = {"pelvis": "hip", "head": "head", "neck0": "neck1", "neck1": "neck2"}
    table |= {f"spine{number}": f"spine{number + 1}" for number in range(4)}
    parts = {"clavicle": "shoulder", "upperarm": "upperarm", "lowerarm": "forearm", "hand": "hand"}
    parts |= {"thigh": "thigh", "calf": "shin", "foot": "foot", "ball": "toes"}
    parts |= _fingers(str.lower)
    names = named(table, lambda part, _, short: f"{short}_{parts[part]}")
    specs = bones_of(body_plan(names, human, None), human.joints())
    specs = _inserted(specs, "pelvis", "hip", 0.0, lambda child: child.endswith("_thigh"))
    for side in "lr":
        for number, share in ((1, 0.25), (2, 0.75)):
            specs = _inserted(specs, f"{side}_forearmtwist{number}", f"{side}_forearm", share, lambda _: False)
    return make_armature(name, specs)


def _fingers(case: Callable[[str], str]) -> dict[str, str]:
    words = {finger: case("mid" if finger == "middle" else finger) for finger in FINGERS}
    return {f"{finger}{joint}": f"{words[finger]}{joint + 1}" for finger in FINGERS for joint in range(3)}


def _inserted(
    specs: list[BoneSpec], name: str, parent: str, share: float, carries: Callable[[str], bool]
) -> list[BoneSpec]:
    """With a bone more, at a share of its parent's length, that takes over the children which it carries."""
    result = []
    for spec in specs:
        moved = spec.parent == parent and carries(spec.name)
        result.append(BoneSpec(spec.name, name if moved else spec.parent, spec.head, spec.tail, spec.z_axis))
        if spec.name == parent:
            head = spec.head + share * (spec.tail - spec.head)
            result.append(BoneSpec(name, parent, head, head + 0.4 * (spec.tail - spec.head), spec.z_axis))
    return result
