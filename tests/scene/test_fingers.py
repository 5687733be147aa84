"""Motions with fingers: bones, skin, keys and exported files; a motion without has none of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.fingers import FINGER_COUNT, FINGER_PARENTS, HAND_JOINT_NAMES, SIDES
from posenet3d_blender.body.hands import rest_hand
from posenet3d_blender.body.kinematics import finger_kinematics, forward_kinematics
from posenet3d_blender.body.model import Body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.body.skeleton import JOINT_NAMES
from posenet3d_blender.build_options import BuildOptions, SceneMatch
from posenet3d_blender.motion import Motion
from posenet3d_blender.scene import EXPORT_ENDINGS, build_scene, export
from posenet3d_blender.scene.armature import add_armature
from posenet3d_blender.scene.bake import bake
from posenet3d_blender.scene.build import build_scene_in_steps
from posenet3d_blender.scene.incremental import run
from posenet3d_blender.scene.keys import curves_of
from posenet3d_blender.scene.replace_take import replace_take

from .conftest import MakeMotion
from .scene_readers import heads_at, joints_at, key_frames, vertices_now
from .test_export import FORMATS, read_back, skin_of


@pytest.fixture
def motion(body: Body, make_motion: MakeMotion) -> Motion:
    """Someone whose fingers open and close, each in its own time."""
    return with_fingers(make_motion(8), body)


def with_fingers(motion: Motion, body: Body) -> Motion:
    hands: dict[str, Any] = {}
    for number, side in enumerate(SIDES):
        axes = rest_hand(body, side, motion.betas).flexion_axes
        phases = np.arange(15) + 3 * number
        bend = 0.6 + 0.6 * np.sin(6 * motion.time[:, None] + phases)
        hands[f"{side}_hand_pose"] = (bend[..., None] * axes).reshape(motion.frame_count, 45)
        hands[f"{side}_hand_confidence"] = np.linspace(0, 1, motion.frame_count)
    return replace(motion, **hands)


def finger_rotations(motion: Motion) -> Array:
    assert motion.finger_poses is not None
    return axis_angle_to_matrix(motion.finger_poses)


def finger_joints(motion: Motion, body: Body) -> Array:
    """(T, 30, 3) in the world, metres."""
    rest = body.rest_joints(motion.betas)
    joints, world = forward_kinematics(axis_angle_to_matrix(motion.poses), rest)
    places, _ = finger_kinematics(finger_rotations(motion), body.rest_fingers(motion.betas), rest, joints, world)
    return places + motion.trans[:, None]


@pytest.mark.parametrize("rest", ["T", "A"])
def test_finger_bones_move_as_the_motion_says(rest: str, motion: Motion, body: Body) -> None:
    armature = build_scene([motion], body, options=BuildOptions(rest=rest))[0]
    frames = 1 + np.arange(8)
    np.testing.assert_allclose(heads_at(armature, frames, HAND_JOINT_NAMES), finger_joints(motion, body), atol=1e-4)
    np.testing.assert_allclose(joints_at(armature, frames), motion.joints, atol=1e-4)


def test_the_skin_bends_as_the_body_says(motion: Motion, body: Body) -> None:
    """SMPL's own hand bones, which have rotations of their own here, move nothing."""
    armature = build_scene([motion], body)[0]
    (skin,) = armature.children
    rotations = axis_angle_to_matrix(motion.poses)
    expected = body.posed_vertices(rotations, motion.betas, motion.trans, finger_rotations(motion))
    for frame in (0, 5):
        bpy.context.scene.frame_set(1 + frame)
        np.testing.assert_allclose(vertices_now(skin), expected[frame], atol=1e-4)
    assert set(skin.vertex_groups.keys()) == {*JOINT_NAMES, *HAND_JOINT_NAMES} - {"left_hand", "right_hand"}


def test_bones_have_smpl_hs_names_and_hang_on_the_wrists(motion: Motion, body: Body) -> None:
    armature = build_scene([motion], body)[0]
    bones = armature.data.bones
    assert {bone.name for bone in bones} == {"root", *JOINT_NAMES, *HAND_JOINT_NAMES}
    for number, name in enumerate(HAND_JOINT_NAMES):
        side, parent = SIDES[number // FINGER_COUNT], FINGER_PARENTS[number % FINGER_COUNT]
        above = f"{side}_wrist" if parent < 0 else HAND_JOINT_NAMES[number - number % FINGER_COUNT + parent]
        assert bones[name].parent.name == above
        assert armature.pose.bones[name].rotation_mode == "QUATERNION"
    groups = {bone.name: group for group in armature.data.collections for bone in group.bones}
    assert groups.keys() == {bone.name for bone in bones}
    assert groups["left_thumb2"].name == "Left Fingers"
    assert not groups["right_hand"].is_visible


@pytest.mark.parametrize("side", SIDES)
def test_a_turn_about_x_flexes_a_finger(side: str, motion: Motion, body: Body) -> None:
    armature = build_scene([motion], body)[0]
    armature.animation_data_clear()
    for bone in armature.pose.bones:
        bone.matrix_basis.identity()
    armature.pose.bones[f"{side}_middle1"].rotation_mode = "XYZ"
    armature.pose.bones[f"{side}_middle1"].rotation_euler = (0.5, 0.0, 0.0)
    bpy.context.view_layer.update()
    moved = armature.pose.bones[f"{side}_middle3"].tail - armature.data.bones[f"{side}_middle3"].tail_local
    normal = rest_hand(body, side, motion.betas).palm_normal
    assert np.array(moved) @ [normal[0], -normal[2], normal[1]] > 0.02


def test_quaternions_keep_their_sign_and_the_hands_confidences_are_keyed(motion: Motion, body: Body) -> None:
    armature = build_scene([motion], body)[0]
    bpy.context.scene.frame_set(8)
    assert armature["left_hand_confidence"] == pytest.approx(1.0)
    bpy.context.scene.frame_set(1)
    assert armature["right_hand_confidence"] == pytest.approx(0.0)


def test_without_fingers_nothing_of_them_is_made(make_motion: MakeMotion, body: Body, motion: Motion) -> None:
    stiff = replace(body, fingers=None)
    for armature in (build_scene([make_motion(3)], body)[0], build_scene([motion], stiff)[0]):
        assert {bone.name for bone in armature.data.bones} == {"root", *JOINT_NAMES}
        assert set(armature.children[0].vertex_groups.keys()) == set(JOINT_NAMES)
        assert not [name for name in armature.keys() if "hand" in name]  # noqa: SIM118 - a datablock
        assert len(armature.data.collections) == 6


def test_a_motion_without_fingers_gives_the_same_numbers_as_on_a_body_without(
    make_motion: MakeMotion, body: Body
) -> None:
    motion, stiff = make_motion(4), replace(body, fingers=None)
    rotations = axis_angle_to_matrix(motion.poses)
    whole, other = (one.posed_vertices(rotations, motion.betas, motion.trans) for one in (body, stiff))
    np.testing.assert_array_equal(whole, other)
    first, second = (build_scene([motion], one)[0] for one in (body, stiff))
    np.testing.assert_array_equal(joints_at(first, 1 + np.arange(4)), joints_at(second, 1 + np.arange(4)))
    assert contents(first) == contents(second)


def contents(armature: bpy.types.Object) -> tuple[object, ...]:
    """Bones, vertices, weights and keys, as plain values."""
    bones = [(bone.name, bone.head_local[:], bone.tail_local[:]) for bone in armature.data.bones]
    vertices = armature.children[0].data.vertices
    places = [vertex.co[:] for vertex in vertices]
    weights = [[(each.group, each.weight) for each in vertex.groups] for vertex in vertices]
    curves = [(curve.data_path, curve.array_index, curve) for curve in curves_of(armature)]
    keys = [(path, index, [point.co[:] for point in curve.keyframe_points]) for path, index, curve in curves]
    return bones, places, weights, keys


@pytest.mark.parametrize("ending", EXPORT_ENDINGS)
def test_fingers_come_back_from_every_format(ending: str, motion: Motion, body: Body, tmp_path: Path) -> None:
    path = tmp_path / f"grip{ending}"
    export(path, build_scene([motion], body))
    (armature,) = read_back(path)
    frames = key_frames(armature)
    given = heads_at(armature, frames, HAND_JOINT_NAMES)
    np.testing.assert_allclose(given, finger_joints(motion, body), atol=2e-4)
    np.testing.assert_allclose(joints_at(armature, frames), motion.joints, atol=2e-4)
    if FORMATS[ending].has_skin:
        rotations = axis_angle_to_matrix(motion.poses)
        expected = body.posed_vertices(rotations, motion.betas, motion.trans, finger_rotations(motion))
        distances = np.linalg.norm(vertices_now(skin_of(armature)) - expected[-1], axis=1)
        assert np.quantile(distances, 0.99) < 1e-3
        assert distances.max() < 0.02


@pytest.mark.parametrize("first_had_fingers", [False, True])
def test_a_new_capture_with_or_without_fingers_takes_the_old_ones_place(
    first_had_fingers: bool, motion: Motion, make_motion: MakeMotion, body: Body
) -> None:
    old_motion, new_motion = (motion, make_motion(8)) if first_had_fingers else (make_motion(8), motion)
    armature = build_scene([old_motion], body)[0]
    take, (skin,) = armature.users_collection[0], armature.children
    build = build_scene_in_steps([new_motion], body, options=BuildOptions(match=SceneMatch.nothing()))
    run(replace_take(bpy.context.scene, take, [armature], [armature.animation_data.action], None, build))
    expected = build_scene([new_motion], body)[0]
    assert {bone.name for bone in armature.data.bones} == {bone.name for bone in expected.data.bones}
    assert set(skin.vertex_groups.keys()) == set(expected.children[0].vertex_groups.keys())
    for bone in armature.pose.bones:
        like = expected.pose.bones[bone.name]
        assert (bone.rotation_mode, bone.custom_shape) == ("QUATERNION", like.custom_shape)
        assert tuple(bone.custom_shape_scale_xyz) == tuple(like.custom_shape_scale_xyz)
    bpy.context.scene.frame_set(5)
    np.testing.assert_allclose(vertices_now(skin), vertices_now(expected.children[0]), atol=1e-5)


def test_baking_takes_the_fingers_along(motion: Motion, make_motion: MakeMotion, body: Body) -> None:
    """To another armature with fingers; one without gets the body's motion alone."""
    source = build_scene([motion], body)[0]
    twin = add_armature("Hero", body, motion.betas, bpy.context.scene.collection, with_fingers=True)
    bake(source, twin)
    frames = 1 + np.arange(8)
    np.testing.assert_allclose(heads_at(twin, frames, HAND_JOINT_NAMES), finger_joints(motion, body), atol=2e-4)
    stiff = add_armature("Stiff", body, motion.betas, bpy.context.scene.collection)
    bake(source, stiff)
    np.testing.assert_allclose(joints_at(stiff, frames), motion.joints, atol=2e-4)
    bake(source)
    np.testing.assert_allclose(heads_at(source, frames, HAND_JOINT_NAMES), finger_joints(motion, body), atol=2e-4)
    assert any("left_hand_confidence" in curve.data_path for curve in curves_of(source))
