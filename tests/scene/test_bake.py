"""Baking a captured motion on its own armature and on others with the same bone names."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np
import pytest
from mathutils import Matrix, Quaternion, Vector

from posenet3d_blender.body.model import Body
from posenet3d_blender.body.skeleton import JOINT_INDEX, JOINT_NAMES
from posenet3d_blender.errors import PoseNet3DError
from posenet3d_blender.scene import export
from posenet3d_blender.scene.armature import add_armature
from posenet3d_blender.scene.bake import bake, blocking_animation
from posenet3d_blender.scene.key_reduction import Tolerance
from posenet3d_blender.scene.keys import assign_action, write_curves

from .conftest import MakeMotion
from .scene_readers import joints_at, key_frames, rotations_at

FRAMES = 1 + np.arange(12)


def edit(armature: bpy.types.Object, change: Callable[[bpy.types.ArmatureEditBones], object]) -> None:
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    change(armature.data.edit_bones)
    bpy.ops.object.mode_set(mode="OBJECT")


def test_its_own_armature_moves_as_before(source: bpy.types.Object) -> None:
    before = joints_at(source, FRAMES)
    action = bake(source)
    assert source.animation_data.action == action
    np.testing.assert_allclose(joints_at(source, FRAMES), before, atol=1e-5)
    np.testing.assert_array_equal(key_frames(source), FRAMES)


def test_a_smaller_body_walks_on_the_same_floor(source: bpy.types.Object, twin: bpy.types.Object) -> None:
    def shrink(bones: bpy.types.ArmatureEditBones) -> None:
        for bone in bones:
            bone.use_connect = False
        for bone in bones:
            bone.head, bone.tail = 0.7 * bone.head, 0.7 * bone.tail

    edit(twin, shrink)
    bake(source, twin)
    np.testing.assert_allclose(rotations_at(twin, FRAMES), rotations_at(source, FRAMES), atol=1e-4)
    np.testing.assert_allclose(joints_at(twin, FRAMES), 0.7 * joints_at(source, FRAMES), atol=1e-4)


def test_other_proportions_turn_alike_and_stay_near_the_floor(source: bpy.types.Object, body: Body) -> None:
    betas = np.zeros(10)
    betas[:3] = (2.5, -2.0, 1.5)
    other = add_armature("Other", body, betas, bpy.context.scene.collection)
    bake(source, other)
    np.testing.assert_allclose(rotations_at(other, FRAMES), rotations_at(source, FRAMES), atol=1e-4)
    hips, knees, ankles = (JOINT_INDEX[f"left_{name}"] for name in ("hip", "knee", "ankle"))
    rests = [np.array([one.data.bones[name].head_local for name in JOINT_NAMES]) for one in (source, other)]
    lengths = [np.linalg.norm(r[hips] - r[knees]) + np.linalg.norm(r[knees] - r[ankles]) for r in rests]
    heights = [joints_at(one, FRAMES)[:, 0, 2] for one in (source, other)]
    np.testing.assert_allclose(heights[1] / heights[0], lengths[1] / lengths[0], rtol=0.02)


def test_other_rolls_and_directions_of_bones_change_nothing(source: bpy.types.Object, twin: bpy.types.Object) -> None:
    generator = np.random.default_rng(3)

    def turn(bones: bpy.types.ArmatureEditBones) -> None:
        for bone in bones:
            bone.use_connect = False
        for bone in bones:
            bone.tail = bone.head + 0.1 * Vector(generator.normal(0, 1, 3))
            bone.roll = generator.uniform(-3, 3)

    edit(twin, turn)
    bake(source, twin)
    np.testing.assert_allclose(rotations_at(twin, FRAMES), rotations_at(source, FRAMES), atol=1e-4)
    np.testing.assert_allclose(joints_at(twin, FRAMES), joints_at(source, FRAMES), atol=1e-4)


def test_arms_that_rest_lowered_are_turned_by_as_much(source: bpy.types.Object, twin: bpy.types.Object) -> None:
    def lower(bones: bpy.types.ArmatureEditBones) -> None:
        for side, sign in (("left", 1), ("right", -1)):
            top = bones[f"{side}_shoulder"]
            turning = Matrix.Translation(top.head) @ Matrix.Rotation(sign * 0.8, 4, "Y") @ Matrix.Translation(-top.head)
            for name in ("shoulder", "elbow", "wrist", "hand"):
                bones[f"{side}_{name}"].transform(turning)

    edit(twin, lower)
    bake(source, twin)
    np.testing.assert_allclose(rotations_at(twin, FRAMES), rotations_at(source, FRAMES), atol=1e-4)


@pytest.mark.parametrize("scale", [0.01, 1.0, 100.0])
def test_objects_of_other_units_and_axes_end_in_the_same_place(
    source: bpy.types.Object, twin: bpy.types.Object, scale: float
) -> None:
    """As files come in from other programs: the object turns Y up to Z up, and scales."""
    to_data = Matrix.Scale(1 / scale, 4) @ Matrix.Rotation(-math.pi / 2, 4, "X")
    twin.data.transform(to_data)
    twin.matrix_world = to_data.inverted()
    bake(source, twin)
    np.testing.assert_allclose(rotations_at(twin, FRAMES), rotations_at(source, FRAMES), atol=1e-4)
    np.testing.assert_allclose(joints_at(twin, FRAMES), joints_at(source, FRAMES), atol=1e-4)


def test_a_placed_target_carries_the_motion_along_and_keeps_its_place(
    source: bpy.types.Object, twin: bpy.types.Object
) -> None:
    placed = Matrix.Translation((3, -2, 1)) @ Matrix.Rotation(2.0, 4, "Z") @ Matrix.Scale(1.5, 4)
    twin.matrix_world = placed
    bake(source, twin)
    turned = np.array(placed)
    wanted = joints_at(source, FRAMES) @ turned[:3, :3].T + turned[:3, 3]
    np.testing.assert_allclose(joints_at(twin, FRAMES), wanted, atol=1e-4)
    np.testing.assert_allclose(np.array(twin.matrix_world), turned, atol=1e-6)


def test_a_skeleton_that_faces_elsewhere_walks_to_its_own_front(
    source: bpy.types.Object, twin: bpy.types.Object
) -> None:
    turned = Matrix.Rotation(math.radians(50), 4, "Z")
    twin.data.transform(turned)
    bake(source, twin)
    wanted = joints_at(source, FRAMES) @ np.array(turned.to_3x3()).T
    np.testing.assert_allclose(joints_at(twin, FRAMES), wanted, atol=1e-4)


def test_actions_and_strips_of_the_target_are_kept(source: bpy.types.Object, twin: bpy.types.Object) -> None:
    old = bpy.data.actions.new("wave")
    assign_action(twin, old)
    write_curves(old, twin, "location", np.array([1, 5]), np.ones((2, 3)), "object")
    strip = twin.animation_data_create().nla_tracks.new().strips.new("wave", 1, bpy.data.actions["wave"])
    action = bake(source, twin)
    assert action.name == "Hero_PoseNet3D"
    assert twin.animation_data.action == action
    assert old.use_fake_user
    assert tuple(old.frame_range) == (1, 5)
    assert strip.action == old
    twice = bake(source, twin)
    assert twice != action
    assert action.use_fake_user
    assert source.animation_data.action.name == "PoseNet3D_motion"


def test_the_baked_action_plays_as_an_nla_strip(source: bpy.types.Object, twin: bpy.types.Object) -> None:
    wanted = joints_at(source, FRAMES)
    action = bake(source, twin)
    animation = twin.animation_data
    slot = getattr(animation, "action_slot", None)
    animation.action = None
    strip = animation.nla_tracks.new().strips.new(action.name, 1, action)
    if slot:
        strip.action_slot = slot
    assert (strip.frame_start, strip.frame_end) == (1, 12)
    np.testing.assert_allclose(joints_at(twin, FRAMES), wanted, atol=1e-4)


def test_a_rigs_own_bones_poses_and_constraints_do_not_hold_it_back(
    source: bpy.types.Object, twin: bpy.types.Object
) -> None:
    def extend(bones: bpy.types.ArmatureEditBones) -> None:
        twist = bones.new("spine_twist")
        bones["root"].head, bones["root"].tail = (0, 0, -1), (0, 0.3, -1)
        twist.head, twist.tail = bones["spine3"].head, bones["spine3"].tail
        twist.parent = bones["spine2"]
        bones["spine3"].use_connect = False
        bones["spine3"].parent = twist
        bones["neck"].use_inherit_rotation = False
        handle = bones.new("ik_hand")
        handle.head, handle.tail = (1, 1, 1), (1, 1, 1.2)

    edit(twin, extend)
    bones = twin.pose.bones
    bones["root"].location, bones["root"].rotation_quaternion = (0.5, 0.1, 0.2), Quaternion((0, 0, 1), 0.7)
    bones["spine_twist"].rotation_quaternion = Quaternion((0, 1, 0), 0.4)
    bones["left_knee"].location, bones["left_knee"].scale = (0.1, 0, 0), (2, 2, 2)
    reach = bones["right_wrist"].constraints.new("IK")
    reach.target, reach.subtarget, reach.chain_count = twin, "ik_hand", 3
    kept = bones["ik_hand"].constraints.new("COPY_LOCATION")
    kept.target, kept.subtarget = twin, "root"
    driver = bones["head"].driver_add("rotation_quaternion", 1)
    driver.driver.expression = "0.5"
    assert len(blocking_animation(source, twin)) == 2
    bake(source, twin)
    np.testing.assert_allclose(rotations_at(twin, FRAMES), rotations_at(source, FRAMES), atol=2e-4)
    np.testing.assert_allclose(joints_at(twin, FRAMES), joints_at(source, FRAMES), atol=2e-4)
    assert reach.mute
    assert not kept.mute
    assert not blocking_animation(source, twin)
    np.testing.assert_allclose(bones["root"].location, (0.5, 0.1, 0.2), atol=1e-6)


def test_what_the_user_added_to_the_source_is_baked_too(source: bpy.types.Object, twin: bpy.types.Object) -> None:
    """A constraint, and keys that were pushed down to the NLA."""
    limit = source.pose.bones["head"].constraints.new("LIMIT_ROTATION")
    limit.use_limit_x = limit.use_limit_y = limit.use_limit_z = True
    limit.owner_space = "LOCAL"
    animation = source.animation_data
    action, slot = animation.action, getattr(animation, "action_slot", None)
    animation.action = None
    strip = animation.nla_tracks.new().strips.new("walk", 1, action)
    if slot:
        strip.action_slot = slot
    bake(source, twin)
    np.testing.assert_allclose(rotations_at(twin, FRAMES), rotations_at(source, FRAMES), atol=1e-4)
    np.testing.assert_allclose(joints_at(twin, FRAMES), joints_at(source, FRAMES), atol=1e-4)


def test_the_scene_stays_as_it_was(source: bpy.types.Object, twin: bpy.types.Object) -> None:
    scene = bpy.context.scene
    scene.frame_set(4)
    state = (scene.name, scene.frame_current, scene.frame_end, len(bpy.data.scenes), len(bpy.data.objects))
    bake(source, twin)
    assert bpy.context.scene == scene
    assert (scene.name, scene.frame_current, scene.frame_end, len(bpy.data.scenes), len(bpy.data.objects)) == state


def test_an_armature_read_from_fbx_is_a_good_target(
    source: bpy.types.Object, body: Body, make_motion: MakeMotion, tmp_path: Path
) -> None:
    wanted = joints_at(source, FRAMES)
    export(tmp_path / "hero.fbx", [source])
    bpy.ops.import_scene.fbx(filepath=str(tmp_path / "hero.fbx"))
    (read,) = (one for one in bpy.data.objects if one.type == "ARMATURE" and one != source)
    bake(source, read, Tolerance(degrees=0.1, millimetres=0.5))
    np.testing.assert_allclose(joints_at(read, FRAMES), wanted, atol=5e-3)


def test_what_can_not_be_baked_is_refused_in_plain_words(source: bpy.types.Object, twin: bpy.types.Object) -> None:
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    with pytest.raises(PoseNet3DError, match="Camera: not an armature"):
        bake(source, camera)
    with pytest.raises(PoseNet3DError, match="Hero: it has no motion"):
        bake(twin, source)
    edit(twin, lambda bones: bones.remove(bones["left_hand"]))
    with pytest.raises(PoseNet3DError, match=r"Hero: it lacks bones \(left_hand\)"):
        bake(source, twin)
    assert source.animation_data.action.name == "PoseNet3D_motion"
    assert twin.animation_data is None
