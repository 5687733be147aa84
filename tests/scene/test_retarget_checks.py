"""Recognition of further rigs, and characters that are refused."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
from mathutils import Vector

from posenet3d_blender.body.model import Body
from posenet3d_blender.errors import PoseNet3DError
from posenet3d_blender.retargeting.recognise import recognise
from posenet3d_blender.scene import build_scene
from posenet3d_blender.scene.keys import curves_of
from posenet3d_blender.scene.retarget.check_target import check_target
from posenet3d_blender.scene.retarget.export_character import check_exportable
from posenet3d_blender.scene.retarget.read_rig import read_rig
from posenet3d_blender.scene.retarget.retarget import retarget

from .retargeted import slow_motion
from .rigs import families
from .rigs.controls import auto_rig_pro, unknown
from .rigs.measure import measure


def test_controls_of_auto_rig_pro_are_keyed(body: Body) -> None:
    motion = slow_motion(body, 12)
    source = build_scene([motion], body)[0]
    rig = auto_rig_pro()
    retarget(source, rig)
    bone_map = recognise(read_rig(rig)).bone_map
    assert (bone_map.name, bone_map.spine) == ("Auto-Rig Pro", ("spine_01.x", "spine_02.x", "spine_03.x"))
    assert bone_map.neck == ("c_subneck_1.x", "neck.x")
    keyed = {curve.data_path.split('"')[1] for curve in curves_of(rig)}
    assert {
        "c_subneck_1.x",
        "c_neck.x",
        "c_root_master.x",
        "c_arm_fk.l",
        "c_hand_ik.r",
        "c_foot_ik.l",
        "c_leg_pole.r",
        "c_head.x",
    } <= keyed
    assert all(name.startswith("c_") for name in keyed)
    # this rig's bones copy its FK controls whatever the switch says
    found = measure(source, rig, bone_map, motion)
    assert found.limb_degrees < 5
    assert found.sole_height < 0.01
    assert rig.pose.bones["c_foot_ik.l"]["ik_fk_switch"] == 0.0


def test_an_unknown_rig_is_guessed_with_a_warning(body: Body) -> None:
    motion = slow_motion(body, 8)
    source = build_scene([motion], body)[0]
    rig = unknown()
    found = check_target(rig)
    assert found.bone_map.bones["left_elbow"] == "Bip L Forearm"
    assert found.bone_map.bones["right_knee"] == "Bip R Calf"
    assert found.bone_map.bones["left_foot"] == "Bip L Toe0"
    assert found.bone_map.spine == ("Bip Spine0", "Bip Spine1", "Bip Spine2")
    assert "guessed" in found.warnings[0]
    retarget(source, rig)
    assert measure(source, rig, found.bone_map, motion).limb_degrees < 5


@pytest.mark.parametrize("name", ["Viking_", "Mike_", "Controller_", "Top-"])
def test_a_characters_own_name_hides_no_bone(name: str) -> None:
    rig = families.unity()
    for bone in rig.data.bones:
        bone.name = name + bone.name
    found = check_target(rig).bone_map.bones
    assert found["left_knee"] == f"{name}LeftLowerLeg"
    assert {"pelvis", "head", "left_wrist", "right_ankle"} <= set(found)


def test_constraints_that_hold_back_are_muted_and_told(body: Body) -> None:
    source = build_scene([slow_motion(body, 4)], body)[0]
    rig = families.unity()
    limit = rig.pose.bones["LeftUpperArm"].constraints.new("LIMIT_ROTATION")
    warnings = retarget(source, rig).warnings
    assert limit.mute
    assert any("muted 1 constraints" in warning for warning in warnings)


@pytest.mark.parametrize(
    ("kind", "use_tail", "chain", "is_muted"),
    [
        ("IK", True, 2, False),
        ("IK", False, 1, False),
        ("IK", True, 3, True),
        ("IK", False, 2, True),
        ("SPLINE_IK", True, 2, False),
    ],
)
def test_chains_of_hair_are_muted_only_where_they_reach_the_head(
    kind: str, use_tail: bool, chain: int, is_muted: bool, body: Body
) -> None:
    source = build_scene([slow_motion(body, 2)], body)[0]
    rig = families.unity()
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    parent = rig.data.edit_bones["Head"]
    for number in (1, 2):
        bone = rig.data.edit_bones.new(f"hair{number}")
        bone.head, bone.tail = parent.tail, parent.tail + Vector((0, 0.1, 0))
        bone.parent, parent = parent, bone
    bpy.ops.object.mode_set(mode="OBJECT")
    constraint = rig.pose.bones["hair2"].constraints.new(kind)
    constraint.chain_count = chain
    if kind == "IK":
        constraint.use_tail = use_tail
    retarget(source, rig)
    assert constraint.mute == is_muted


def test_the_previous_action_and_the_scene_stay(body: Body) -> None:
    source = build_scene([slow_motion(body, 4)], body)[0]
    rig = families.unity()
    first = retarget(source, rig).action
    scene = bpy.context.scene
    scene.frame_set(3)
    second = retarget(source, rig).action
    assert first != second
    assert first.use_fake_user
    assert (scene.frame_current, len(bpy.data.scenes)) == (3, 1)


def refusal(target: bpy.types.Object | None, scene: bpy.types.Scene | None = None) -> str:
    with pytest.raises(PoseNet3DError) as refused:
        check_target(target, scene=scene)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_unsuitable_characters_are_refused_with_the_reason() -> None:
    rig = families.with_skin(families.unity("Hero"))
    assert "no character is chosen" in refusal(None)
    assert "choose its armature Hero" in refusal(rig.children[0])
    other = bpy.data.scenes.new("Other")
    assert "not in this scene" in refusal(rig, other)
    rig.scale = Vector((1, 2, 1))
    bpy.context.view_layer.update()
    assert "scale differs" in refusal(rig)
    rig.scale = Vector((-1, 1, 1))
    bpy.context.view_layer.update()
    assert any("a negative scale mirrors it" in warning for warning in check_target(rig).warnings)
    rig.scale = Vector((1, 1, 1))
    bpy.context.view_layer.update()
    found = check_target(rig)
    assert found.warnings == ()
    check_exportable(rig, found.bone_map, [".fbx"])
    for bone in rig.data.bones:
        bone.use_deform = False
    check_exportable(rig, found.bone_map, [".blend", ".bvh"])
    with pytest.raises(PoseNet3DError, match=r"Hero: none of its bones deforms a mesh, and \.fbx would get no bones"):
        check_exportable(rig, found.bone_map, [".blend", ".FBX"])
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    assert "edit mode" in refusal(rig)
    for name in ("LeftHand", "RightHand"):
        rig.data.edit_bones.remove(rig.data.edit_bones[name])
    bpy.ops.object.mode_set(mode="OBJECT")
    assert "no bones were found for left_" in refusal(rig)


def test_a_map_of_another_rig_names_the_missing_bones() -> None:
    bone_map = recognise(read_rig(families.mixamo())).bone_map
    with pytest.raises(PoseNet3DError, match=r"Unity: it lacks bones .*mixamorig:Hips"):
        check_target(families.unity(), bone_map)
    assert np.isclose(read_rig(families.unity()).heads[:, 2].min(), 0.012 * 1.6, atol=0.02)
