"""Keys written in bulk."""

from __future__ import annotations

import dataclasses
from typing import Any

import bpy
import numpy as np
import pytest

from posenet3d_blender.body.limbs import LIMB_NAMES
from posenet3d_blender.body.model import Body
from posenet3d_blender.body.skeleton import JOINT_NAMES
from posenet3d_blender.build_options import BODY_PARTS, ROOT_CHOICES, BuildOptions
from posenet3d_blender.motion import Motion
from posenet3d_blender.motion_edit.body_parts import limit_to_parts, moving_joints
from posenet3d_blender.scene import build_scene
from posenet3d_blender.scene.armature import add_armature, rest_rotations
from posenet3d_blender.scene.keys import bone_quaternions, curves_of, key_motion

from .conftest import MakeMotion
from .scene_readers import joints_at, key_frames


def test_every_frame_puts_the_joints_where_the_motion_has_them(body: Body, make_motion: MakeMotion) -> None:
    motion = make_motion(20)
    armature = build_scene([motion], body)[0]
    np.testing.assert_allclose(joints_at(armature, 1 + np.arange(20)), motion.joints, atol=1e-4)


def test_bulk_keys_equal_keys_inserted_one_by_one(body: Body, make_motion: MakeMotion) -> None:
    motion = make_motion(6)
    bulk = build_scene([motion], body)[0]
    slow = add_armature("slow", body, motion.betas, bpy.context.scene.collection)
    quaternions = bone_quaternions(motion, rest_rotations(slow))
    pelvis = slow.data.bones["pelvis"]
    to_bone = pelvis.matrix_local.to_3x3().inverted()
    for frame in range(6):
        for joint, name in enumerate(JOINT_NAMES):
            slow.pose.bones[name].rotation_quaternion = quaternions[frame, joint]
            slow.pose.bones[name].keyframe_insert("rotation_quaternion", frame=1 + frame)
        start = pelvis.head_local.copy()
        start.xyz = motion.joints[frame, 0] - np.array(pelvis.head_local)
        slow.pose.bones["pelvis"].location = to_bone @ start
        slow.pose.bones["pelvis"].keyframe_insert("location", frame=1 + frame)
    frames = 1 + np.arange(6)
    np.testing.assert_allclose(joints_at(bulk, frames), joints_at(slow, frames), atol=1e-5)
    wanted = {(curve.data_path, curve.array_index): curve for curve in curves_of(slow)}
    given = {(curve.data_path, curve.array_index): curve for curve in curves_of(bulk) if "pose" in curve.data_path}
    assert given.keys() == wanted.keys()
    for key, curve in wanted.items():
        expected = [point.co[:] for point in curve.keyframe_points]
        np.testing.assert_allclose([point.co[:] for point in given[key].keyframe_points], expected, atol=1e-5)


def test_quaternions_never_flip_their_sign(body: Body, make_motion: MakeMotion) -> None:
    motion = make_motion(200)  # turns round a dozen times
    quaternions = bone_quaternions(motion, np.tile(np.eye(3), (24, 1, 1)))
    assert ((quaternions[1:] * quaternions[:-1]).sum(axis=-1) > 0.9).all()


def test_between_keys_the_person_keeps_turning(body: Body, make_motion: MakeMotion) -> None:
    """A sign flip, or eased keys, would show between frames."""
    motion = make_motion(40, frame_rate=60.0)
    every_second = type(motion)(**{**vars(motion), **halved(motion)})
    armature = build_scene([every_second], body)[0]
    between = joints_at(armature, 1.5 + np.arange(19))
    np.testing.assert_allclose(between, motion.joints[1:38:2], atol=0.03)


def halved(motion: Motion) -> dict[str, Any]:
    names = ("poses", "trans", "time", "joints", "contacts", "confidence")
    return {name: getattr(motion, name)[::2] for name in names} | {"frame_rate": motion.frame_rate / 2}


def test_curves_are_linear_named_and_grouped(body: Body, make_motion: MakeMotion) -> None:
    armature = build_scene([make_motion(4)], body)[0]
    assert armature.animation_data.action.name == "PoseNet3D_motion"
    for curve in curves_of(armature):
        assert {point.interpolation for point in curve.keyframe_points} == {"LINEAR"}
        if "pose.bones" in curve.data_path:
            assert f'"{curve.group.name}"' in curve.data_path
    np.testing.assert_array_equal(key_frames(armature), [1, 2, 3, 4])


@pytest.mark.parametrize("root", ROOT_CHOICES)
@pytest.mark.parametrize("parts", BODY_PARTS)
def test_only_the_chosen_parts_are_keyed_and_the_rest_stands(
    body: Body, make_motion: MakeMotion, parts: str, root: str
) -> None:
    motion = make_motion(8)
    armature = build_scene([motion], body, options=BuildOptions(body_parts=parts, root=root))[0]
    keyed = {curve.data_path.split('"')[1] for curve in curves_of(armature) if curve.data_path.startswith("pose")}
    expected = {JOINT_NAMES[joint] for joint in moving_joints(parts)}
    assert keyed == (expected | {"root"} if root == "ground" and parts in ("whole", "no-legs") else expected)
    if root != "in-place":
        joints = limit_to_parts(motion, parts, body).joints
        np.testing.assert_allclose(joints_at(armature, 1 + np.arange(8)), joints, atol=1e-4)


def test_the_confidence_of_limbs_is_animated_where_it_is_known(body: Body, make_motion: MakeMotion) -> None:
    motion = make_motion(8)
    assert "left_leg_confidence" not in build_scene([motion], body)[0]
    limbs = np.random.default_rng(3).random((8, 6))
    armature = build_scene([dataclasses.replace(motion, limb_confidence=limbs)], body)[0]
    for frame in (0, 3, 7):
        bpy.context.scene.frame_set(1 + frame)
        given = [armature[f"{limb}_confidence"] for limb in LIMB_NAMES]
        np.testing.assert_allclose(given, limbs[frame], atol=1e-6)


def test_contacts_and_confidence_are_animated_properties(body: Body, make_motion: MakeMotion) -> None:
    motion = make_motion(5)
    armature = build_scene([motion], body)[0]
    for frame in range(5):
        bpy.context.scene.frame_set(1 + frame)
        given = [armature[name] for name in ("left_foot_contact", "right_foot_contact", "confidence")]
        np.testing.assert_allclose(given, [*motion.contacts[frame], motion.confidence[frame]], atol=1e-6)


def test_a_motion_can_be_keyed_anywhere_on_the_timeline(body: Body, make_motion: MakeMotion) -> None:
    motion = make_motion(3)
    armature = add_armature("person", body, motion.betas, bpy.context.scene.collection)
    action = key_motion(armature, motion, first_frame=100)
    assert tuple(action.frame_range) == (100, 102)
    np.testing.assert_allclose(joints_at(armature, 100 + np.arange(3)), motion.joints, atol=1e-4)


@pytest.mark.parametrize("frame_count", [1, 2])
def test_very_short_motions_can_be_keyed(body: Body, make_motion: MakeMotion, frame_count: int) -> None:
    motion = make_motion(frame_count)
    armature = build_scene([motion], body)[0]
    np.testing.assert_allclose(joints_at(armature, 1 + np.arange(frame_count)), motion.joints, atol=1e-4)
