"""Rigs of each family, built by script with the family's names, rest pose, axes and units."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import bpy
import numpy as np
from mathutils import Matrix

from posenet3d_blender.arrays import Array

from .armature import BoneSpec, add_skin, axis_toward, make_armature
from .human import FINGERS, Human, Joints

Names = Mapping[str, str]

SIDES = (("l_", "Left", "l"), ("r_", "Right", "r"))
BEHIND = np.array([0.0, 0.05, 0.0])
Y_UP = Matrix.Rotation(math.pi / 2, 4, "X")
"""As files with Y up come in: the object is turned upright."""


@dataclass(frozen=True)
class Plan:
    """Bones of a rig: name and parent's name by the human's joint, in the order of creation."""

    bones: dict[str, tuple[str, str | None]]
    ends: dict[str, str]
    """Joint at the end of a bone where it is not the next of its chain."""


def body_plan(names: Callable[[str], str], human: Human, root: str | None, with_toes: bool = True) -> Plan:
    """The usual hierarchy, with names made from the human's joints."""
    bones: dict[str, tuple[str, str | None]] = {}
    ends: dict[str, str] = {}

    def add(joint: str, parent: str | None, end: str) -> None:
        bones[joint] = (names(joint), names(parent) if parent else root)
        ends[joint] = end

    spine = [f"spine{number}" for number in range(human.spine_count)]
    neck = [f"neck{number}" for number in range(human.neck_count)]
    trunk = ["pelvis", *spine, *neck, "head"]
    for number, (joint, end) in enumerate(zip(trunk, [*trunk[1:], "head_end"], strict=True)):
        add(joint, trunk[number - 1] if number else None, end)
    for side in ("l_", "r_"):
        chain = ["clavicle", "upperarm", "lowerarm", "hand"]
        for part, parent, end in zip(chain, [spine[-1], *chain], [*chain[1:], "middle0"], strict=False):
            add(side + part, parent if part == "clavicle" else side + parent, side + end)
        for finger in FINGERS:
            for number in range(3):
                above = f"{side}{finger}{number - 1}" if number else f"{side}hand"
                end = f"{side}{finger}{number + 1}" if number < 2 else f"{side}{finger}_end"
                add(f"{side}{finger}{number}", above, end)
        leg = ["thigh", "calf", "foot", *(["ball"] if with_toes else [])]
        for part, parent, end in zip(leg, ["pelvis", *leg], [*leg[1:], "ball_end"], strict=False):
            add(side + part, parent if part == "thigh" else side + parent, side + end)
    return Plan(bones, ends)


def bones_of(
    plan: Plan, joints: Joints, axes: Callable[[str, Array], tuple[Array, Array]] | None = None
) -> list[BoneSpec]:
    """Bones along the human's limbs, or with the tail and the z axis that `axes` gives for joint and direction."""
    specs = []
    for joint, (name, parent) in plan.bones.items():
        head, direction = joints[joint], joints[plan.ends[joint]] - joints[joint]
        tail, z_axis = axes(joint, direction) if axes else (direction, axis_toward(direction))
        specs.append(BoneSpec(name, parent, head, head + tail, z_axis))
    return specs


def place(specs: list[BoneSpec], to_data: Matrix) -> list[BoneSpec]:
    """The same bones in an armature whose object undoes `to_data`."""
    whole = np.array(to_data)
    turn = whole[:3, :3]
    return [
        BoneSpec(
            spec.name, spec.parent, turn @ spec.head + whole[:3, 3], turn @ spec.tail + whole[:3, 3], turn @ spec.z_axis
        )
        for spec in specs
    ]


def named(table: Mapping[str, str], sided: Callable[[str, str, str], str]) -> Callable[[str], str]:
    """Names by joint: from the table, or for joints with a side from `sided(part, Left, l)`."""

    def name_of(joint: str) -> str:
        for prefix, long, short in SIDES:
            if joint.startswith(prefix):
                return sided(joint.removeprefix(prefix), long, short)
        return table[joint]

    return name_of


def mixamo(name: str = "Mixamo", prefix: str = "mixamorig:") -> bpy.types.Object:
    """As its FBX comes in: centimetres, Y up, the object turned and scaled by 0.01; a T-pose."""
    human = Human(height=1.82, leg_share=0.53)
    parts = {"clavicle": "Shoulder", "upperarm": "Arm", "lowerarm": "ForeArm", "hand": "Hand"}
    parts |= {"thigh": "UpLeg", "calf": "Leg", "foot": "Foot", "ball": "ToeBase"}
    parts |= {f"{finger}{joint}": f"Hand{finger.title()}{joint + 1}" for finger in FINGERS for joint in range(3)}
    table = {"pelvis": "Hips", "neck0": "Neck", "head": "Head", "spine0": "Spine", "spine1": "Spine1"}
    table["spine2"] = "Spine2"
    names = named({k: prefix + v for k, v in table.items()}, lambda part, long, _: prefix + long + parts[part])
    to_data = Matrix.Scale(100, 4) @ Y_UP.inverted()
    specs = place(bones_of(body_plan(names, human, None), human.joints()), to_data)
    return make_armature(name, specs, to_data.inverted())


def unreal(name: str = "Unreal", ue5: bool = False) -> bpy.types.Object:
    """A mannequin: A-pose with bent elbows, centimetres at 0.01, bones across their limbs, twist and IK bones."""
    human = Human(
        height=1.83, arms_down=48, elbows_bent=18, legs_apart=3, spine_count=5 if ue5 else 3, neck_count=2 if ue5 else 1
    )
    table = {"pelvis": "pelvis", "head": "head"}
    table |= {f"spine{number}": f"spine_0{number + 1}" for number in range(5)}
    table |= {f"neck{number}": f"neck_0{number + 1}" for number in range(2)}

    def sided(part: str, _long: str, short: str) -> str:
        finger = part.rstrip("012")
        return f"{finger}_0{int(part[-1]) + 1}_{short}" if finger in FINGERS else f"{part}_{short}"

    def across(joint: str, direction: Array) -> tuple[Array, Array]:
        sign = -1.0 if joint.startswith("r_") else 1.0  # X runs along the bone, away from it on the right
        return np.cross(axis_toward(direction), direction) * sign, axis_toward(direction) * sign

    joints = human.joints()
    plan = body_plan(named(table, sided), human, "root")
    specs = [BoneSpec("root", None, np.zeros(3), np.array([0, 0.1, 0]), np.array([0.0, 0, 1]))]
    specs += bones_of(plan, joints, across)
    up = np.array([0.0, 0, 1])
    for side, _, short in SIDES:
        for part, end, share in (("upperarm", "lowerarm", 0.0), ("lowerarm", "hand", 0.7), ("thigh", "calf", 0.0)):
            start = joints[side + part]
            head = start + share * (joints[side + end] - start)
            specs.append(BoneSpec(f"{part}_twist_01_{short}", f"{part}_{short}", head, head + BEHIND, up))
    for part, joint in (("foot", "foot"), ("hand", "hand")):
        specs.append(BoneSpec(f"ik_{part}_root", "root", np.zeros(3), np.array([0, 0.1, 0]), up))
        for side, _, short in SIDES:
            head = joints[side + joint]
            specs.append(BoneSpec(f"ik_{part}_{short}", f"ik_{part}_root", head, head + BEHIND, up))
    if ue5:
        specs = _with_metacarpals(specs)
    to_data = Matrix.Scale(100, 4)
    return make_armature(name, place(specs, to_data), to_data.inverted())


def _with_metacarpals(specs: list[BoneSpec]) -> list[BoneSpec]:
    """UE5's mannequins have a bone in the palm for each finger but the thumb."""
    result = []
    for spec in specs:
        finger, _, side = spec.name.partition("_01_")
        parent = spec.parent
        if finger in FINGERS[1:] and side:
            hand = next(one for one in specs if one.name == f"hand_{side}")
            parent = f"{finger}_metacarpal_{side}"
            head = hand.head + 0.3 * (spec.head - hand.head)
            result.append(BoneSpec(parent, hand.name, head, spec.head, spec.z_axis))
        result.append(BoneSpec(spec.name, parent, spec.head, spec.tail, spec.z_axis))
    return result


def unity(name: str = "Unity") -> bpy.types.Object:
    """A humanoid with Unity's names: metres, T-pose, short legs, chest and upper chest."""
    return _humanoid(
        name,
        str.title,
        {"pelvis": "Hips", "spine0": "Spine", "spine1": "Chest", "spine2": "UpperChest"},
        Human(height=1.6, leg_share=0.46),
    )


def vrm1(name: str = "VRM1") -> bpy.types.Object:
    """VRM 1.0's humanoid names on a small figure with long legs."""
    table = {"pelvis": "hips", "spine0": "spine", "spine1": "chest", "spine2": "upperChest", "neck0": "neck"}
    return _humanoid(name, str.lower, table | {"head": "head"}, Human(height=1.5, leg_share=0.55, thigh_share=0.47))


def _humanoid(name: str, case: Callable[[str], str], table: dict[str, str], human: Human) -> bpy.types.Object:
    parts = {"clavicle": "Shoulder", "upperarm": "UpperArm", "lowerarm": "LowerArm", "hand": "Hand"}
    parts |= {"thigh": "UpperLeg", "calf": "LowerLeg", "foot": "Foot", "ball": "Toes"}
    phases = ("Proximal", "Intermediate", "Distal")
    words = {finger: finger.title() for finger in FINGERS} | {"pinky": "Little"}
    parts |= {f"{finger}{joint}": f"{words[finger]}{phases[joint]}" for finger in FINGERS for joint in range(3)}
    if case == str.lower:
        parts |= {"thumb0": "ThumbMetacarpal", "thumb1": "ThumbProximal", "thumb2": "ThumbDistal"}
    table = {"neck0": "Neck", "head": "Head"} | table
    names = named(table, lambda part, long, _: case(long) + parts[part])
    return make_armature(name, bones_of(body_plan(names, human, None), human.joints()))


def vroid(name: str = "VRoid") -> bpy.types.Object:
    """VRM 0.x as VRoid names it: metres, T-pose, a root on the ground, the object placed and turned."""
    human = Human(height=1.55, leg_share=0.54, arm_share=0.29)
    parts = {"clavicle": "Shoulder", "upperarm": "UpperArm", "lowerarm": "LowerArm", "hand": "Hand"}
    parts |= {"thigh": "UpperLeg", "calf": "LowerLeg", "foot": "Foot", "ball": "ToeBase"}
    fingers = {"thumb": "Thumb", "index": "Index", "middle": "Middle", "ring": "Ring", "pinky": "Little"}
    parts |= {f"{finger}{joint}": f"{fingers[finger]}{joint + 1}" for finger in FINGERS for joint in range(3)}
    table = {"pelvis": "Hips", "spine0": "Spine", "spine1": "Chest", "spine2": "UpperChest", "neck0": "Neck"}
    table["head"] = "Head"
    names = named(
        {key: f"J_Bip_C_{value}" for key, value in table.items()},
        lambda part, _, short: f"J_Bip_{short.upper()}_{parts[part]}",
    )
    specs = [BoneSpec("Root", None, np.zeros(3), np.array([0, 0.1, 0]), np.array([0.0, 0, 1]))]
    specs += bones_of(body_plan(names, human, "Root"), human.joints())
    placed = Matrix.Translation((1.0, 2.0, 0)) @ Matrix.Rotation(0.7, 4, "Z")
    return make_armature(name, specs, placed)


def makehuman(name: str = "MakeHuman") -> bpy.types.Object:
    """MPFB's default rig: an A-pose, five spine bones, three of the neck, two bones in each half of a limb."""
    human = Human(height=1.68, arms_down=35, elbows_bent=8, legs_apart=4, spine_count=5, neck_count=3)
    parts = {"clavicle": "clavicle", "upperarm": "upperarm01", "lowerarm": "lowerarm01", "hand": "wrist"}
    parts |= {"thigh": "upperleg01", "calf": "lowerleg01", "foot": "foot", "ball": "toe1-1"}
    parts |= {f"{f}{j}": f"finger{n + 1}-{j + 1}" for n, f in enumerate(FINGERS) for j in range(3)}
    table = {"pelvis": "root", "head": "head"} | {f"spine{n}": f"spine0{5 - n}" for n in range(5)}
    table |= {f"neck{number}": f"neck0{number + 1}" for number in range(3)}
    joints = human.joints()
    plan = body_plan(named(table, lambda part, _, short: f"{parts[part]}.{short.upper()}"), human, None)
    return make_armature(name, _with_second_halves(bones_of(plan, joints), joints))


def _with_second_halves(specs: list[BoneSpec], joints: Joints) -> list[BoneSpec]:
    """Each half of a limb as two bones, of which the second carries what follows."""
    result = []
    moved = {"lowerarm01": "upperarm02", "wrist": "lowerarm02", "lowerleg01": "upperleg02", "foot": "lowerleg02"}
    ends = {"upperarm01": "lowerarm", "lowerarm01": "hand", "upperleg01": "calf", "lowerleg01": "foot"}
    for spec in specs:
        base, _, side = spec.name.partition(".")
        parent = f"{moved[base]}.{side}" if base in moved else spec.parent
        if base not in ends:
            result.append(BoneSpec(spec.name, parent, spec.head, spec.tail, spec.z_axis))
            continue
        end = joints[f"{side.lower()}_{ends[base]}"]
        middle = (spec.head + end) / 2
        result.append(BoneSpec(spec.name, parent, spec.head, middle, spec.z_axis))
        result.append(BoneSpec(f"{base[:-1]}2.{side}", spec.name, middle, end, spec.z_axis))
    return result


def with_skin(armature: bpy.types.Object) -> bpy.types.Object:
    """Give a rig its simple skin; returns the armature."""
    bpy.context.view_layer.update()
    size = max(armature.dimensions) or 1.0
    scale = max(armature.matrix_world.to_scale())
    body = [bone.name for bone in armature.data.bones if not bone.name.lower().startswith(("ik_", "root"))]
    add_skin(armature, 0.02 * size / scale, body)
    return armature
