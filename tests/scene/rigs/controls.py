"""A control rig with the names of Auto-Rig Pro, and rigs of no family."""

from __future__ import annotations

import bpy
import numpy as np

from .armature import BoneSpec, make_armature
from .families import BEHIND, SIDES, body_plan, bones_of, named
from .human import FINGERS, Human, Joints

_FK = {"arm_stretch": "arm_fk", "forearm_stretch": "forearm_fk", "hand": "hand_fk"}
_FK |= {"thigh_stretch": "thigh_fk", "leg_stretch": "leg_fk", "foot": "foot_fk", "toes_01": "toes_fk"}
_PARTS = {"clavicle": "shoulder", "upperarm": "arm_stretch", "lowerarm": "forearm_stretch", "hand": "hand"}
_PARTS |= {"thigh": "thigh_stretch", "calf": "leg_stretch", "foot": "foot", "ball": "toes_01"}


def auto_rig_pro(name: str = "ARP", with_fingers: bool = False) -> bpy.types.Object:
    """Deforming bones that copy the FK controls; IK controls and poles hang on the trajectory.

    Of a finger the first bone deforms and copies its control; the other two are controls that deform themselves, and
    so is the lower one of the neck's bones.
    """
    human = Human(arms_down=40, neck_count=2)
    table = {"pelvis": "root.x", "neck0": "c_subneck_1.x", "neck1": "neck.x", "head": "head.x"}
    table |= {f"spine{number}": f"spine_0{number + 1}.x" for number in range(3)}
    names = named(table, lambda part, _, short: f"{_PARTS.get(part, part)}.{short}")
    joints = human.joints()
    plan = body_plan(names, human, "c_traj")
    own = [
        spec for spec in bones_of(plan, joints) if spec.name in {*table.values()} or spec.name[:-2] in _PARTS.values()
    ]
    control_of = {spec.name: spec.name if spec.name.startswith("c_") else _control(spec.name) for spec in own}
    up = np.array([0.0, 0, 1])
    specs = [BoneSpec("c_traj", None, np.zeros(3), np.array([0, 0.3, 0]), up)]
    pelvis = next(spec for spec in own if spec.name == "root.x")
    specs.append(BoneSpec("c_root_master.x", "c_traj", pelvis.head, pelvis.head + BEHIND, up))
    for spec in own:
        parent = control_of.get(spec.parent or "", "c_root_master.x")
        parent = "c_root_master.x" if spec.parent == "root.x" and spec.name.startswith("spine") else parent
        specs.append(BoneSpec(control_of[spec.name], parent, spec.head, spec.tail, spec.z_axis))
    for side, _, short in SIDES:
        for end, joint in (("hand", "hand"), ("foot", "foot")):
            head = joints[side + joint]
            specs.append(BoneSpec(f"c_{end}_ik.{short}", "c_traj", head, head + BEHIND, up))
        if with_fingers:
            specs += _fingers(joints, side, short)
        for pole, joint, away in (("arms", "lowerarm", 0.5), ("leg", "calf", -0.5)):
            head = joints[side + joint] + [0, away, 0]
            specs.append(BoneSpec(f"c_{pole}_pole.{short}", "c_traj", head, head + BEHIND, up))
    if with_fingers:
        control_of |= {f"{finger}1.{short}": f"c_{finger}1.{short}" for finger in FINGERS for _, _, short in SIDES}
    deforming_bones = [spec for spec in own if control_of[spec.name] != spec.name]
    armature = make_armature(name, [*specs, *deforming_bones])
    for deforming, control in control_of.items():
        if deforming == control:
            continue
        constraint = armature.pose.bones[deforming].constraints.new("COPY_TRANSFORMS")
        constraint.target, constraint.subtarget = armature, control
    for _, _, short in SIDES:
        for end in ("hand", "foot"):
            armature.pose.bones[f"c_{end}_ik.{short}"]["ik_fk_switch"] = 0.5
    return armature


def _fingers(joints: Joints, side: str, short: str) -> list[BoneSpec]:
    specs, up = [], np.array([0.0, 0, 1])
    for finger in FINGERS:
        ends = [joints[f"{side}{finger}{number}"] for number in range(3)] + [joints[f"{side}{finger}_end"]]
        names = [f"c_{finger}{number}.{short}" for number in (1, 2, 3)]
        parents = [f"c_{finger}1_base.{short}", *names]
        wrist = joints[f"{side}hand"]
        specs.append(BoneSpec(parents[0], f"c_hand_fk.{short}", wrist + 0.3 * (ends[0] - wrist), ends[0], up))
        for name, parent, head, tail in zip(names, parents, ends, ends[1:], strict=False):
            specs.append(BoneSpec(name, parent, head, tail, up))
        specs.append(BoneSpec(f"{finger}1.{short}", parents[0], ends[0], ends[1], up))
    return specs


def _control(name: str) -> str:
    part, _, side = name.rpartition(".")
    return f"c_{_FK.get(part, part)}.{side}"


def unknown(name: str = "Robot") -> bpy.types.Object:
    """Names that no family has, but that say what they are."""
    table = {"pelvis": "Bip Pelvis", "neck0": "Bip Neck", "head": "Bip Head"}
    table |= {f"spine{number}": f"Bip Spine{number}" for number in range(3)}
    parts = {"clavicle": "Clavicle", "upperarm": "UpperArm", "lowerarm": "Forearm", "hand": "Hand"}
    parts |= {"thigh": "Thigh", "calf": "Calf", "foot": "Foot", "ball": "Toe0"}
    names = named(table, lambda part, _, short: f"Bip {short.upper()} {parts.get(part, part.title())}")
    human = Human(height=1.7)
    return make_armature(name, bones_of(body_plan(names, human, None), human.joints()))
