"""Captured motions as NLA strips and as loops."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from posenet3d_blender.body.model import Body
from posenet3d_blender.build_options import ROOT_CHOICES, BuildOptions
from posenet3d_blender.errors import PoseNet3DError
from posenet3d_blender.retargeting.settings import RetargetSettings
from posenet3d_blender.scene import build_scene
from posenet3d_blender.scene.armature import add_armature
from posenet3d_blender.scene.bake import bake
from posenet3d_blender.scene.key_reduction import Tolerance
from posenet3d_blender.scene.keys import curves_of
from posenet3d_blender.scene.retarget.retarget import retarget
from posenet3d_blender.scene.reuse import make_loop, push_to_nla
from posenet3d_blender.scene.rotation_channels import channel_path, to_channels

from .conftest import MakeMotion
from .retargeted import slow_motion
from .rigs.controls import auto_rig_pro
from .rigs.measure import posed_heads
from .scene_readers import joints_at

FRAMES = 1 + np.arange(40)
CONTROLS = ("c_hand_ik", "c_foot_ik", "c_arms_pole", "c_leg_pole")


def test_a_strip_plays_as_the_action_did(body: Body, make_motion: MakeMotion) -> None:
    (armature,) = build_scene([make_motion(40)], body)
    before = joints_at(armature, FRAMES)
    strip = push_to_nla(armature)
    assert armature.animation_data.action is None
    assert (strip.frame_start, strip.frame_end) == (1, 40)
    assert strip.action.name == "PoseNet3D_motion"
    np.testing.assert_allclose(joints_at(armature, FRAMES), before, atol=1e-5)
    with pytest.raises(PoseNet3DError, match="it has no action"):
        push_to_nla(armature)


def test_a_strip_of_a_loop_goes_on_to_the_end_of_the_scene(body: Body, make_motion: MakeMotion) -> None:
    (armature,) = build_scene([make_motion(40)], body)
    bpy.context.scene.frame_end = 150
    make_loop(armature, 10)
    frames = np.array([1, 40, 77, 150])
    before = joints_at(armature, frames)
    strip = push_to_nla(armature)
    assert (strip.frame_start, strip.frame_end) == (1, 150)
    np.testing.assert_allclose(joints_at(armature, frames), before, atol=1e-5)


@pytest.mark.parametrize("root", ROOT_CHOICES)
def test_a_loop_ends_in_its_first_pose_and_goes_on(root: str, body: Body, make_motion: MakeMotion) -> None:
    (armature,) = build_scene([make_motion(40)], body, options=BuildOptions(root=root))
    before = joints_at(armature, FRAMES)
    make_loop(armature, 10)
    looped = joints_at(armature, np.arange(1, 119))
    np.testing.assert_allclose(looped[:30], before[:30], atol=1e-5)
    first, last = looped[0], looped[39]
    if root != "ground":  # there the way turns too
        np.testing.assert_allclose(last - last[0], first - first[0], atol=1e-3)
        np.testing.assert_allclose(looped[39:79] - looped[39, 0], looped[:40] - looped[0, 0], atol=2e-3)
        np.testing.assert_allclose(last[0, 2], first[0, 2], atol=1e-3)
    speed = np.linalg.norm(np.diff(looped, axis=0), axis=-1).max(axis=-1)
    assert speed[35:45].max() < 2 * speed[:30].max(), "there is no jump at the seam"
    action = armature.animation_data.action
    assert action.use_cyclic
    assert tuple(action.frame_range) == (1, 40)


@pytest.mark.parametrize("root", ["hips", "ground"])
def test_all_controls_of_a_character_go_on_with_the_hips(root: str, body: Body) -> None:
    motion = slow_motion(body, 12)
    motion.trans[:, 1] -= np.linspace(0, 1, 12)
    motion.poses[:, 16, 2] += np.linspace(0, 1, 12)  # an arm ends elsewhere than it began
    (source,) = build_scene([motion], body)
    rig = auto_rig_pro()
    retarget(source, rig, settings=RetargetSettings(root_motion=root, foot_lock=False))
    make_loop(rig, 3)
    names = ["c_root_master.x", *(f"{name}.{side}" for name in CONTROLS for side in "lr")]
    heads, _ = posed_heads(rig, names, range(1, 36))
    beside_hips = heads - heads[:, :1]
    for cycle in (11, 22):
        np.testing.assert_allclose(beside_hips[cycle : cycle + 12], beside_hips[:12], atol=1e-3)
    np.testing.assert_allclose(np.diff(heads[::11], axis=0), (heads[11] - heads[0])[None].repeat(3, 0), atol=1e-3)
    assert heads[33, 0, 1] - heads[0, 0, 1] < -2.5


@pytest.mark.parametrize("mode", ["XYZ", "ZYX", "AXIS_ANGLE"])
def test_bones_of_every_rotation_mode_are_looped(mode: str, body: Body, make_motion: MakeMotion) -> None:
    (armature,) = build_scene([make_motion(40)], body)
    for bone in armature.pose.bones:
        key_in_mode(armature, bone, mode)
    before = joints_at(armature, FRAMES)
    make_loop(armature, 10)
    looped = joints_at(armature, np.arange(1, 80))
    np.testing.assert_allclose(looped[:30], before[:30], atol=1e-5)
    np.testing.assert_allclose(looped[39] - looped[39, 0], looped[0] - looped[0, 0], atol=1e-3)
    np.testing.assert_allclose(looped[39:79] - looped[39, 0], looped[:40] - looped[0, 0], atol=2e-3)


def key_in_mode(armature: bpy.types.Object, bone: bpy.types.PoseBone, mode: str) -> None:
    curves = [one for one in curves_of(armature) if one.data_path == f'pose.bones["{bone.name}"].rotation_quaternion']
    quaternions = np.array([[curve.evaluate(frame) for curve in curves] for frame in FRAMES])
    if not curves:
        return
    bone.rotation_mode = mode
    for frame, values in zip(FRAMES, to_channels(quaternions, mode), strict=True):
        setattr(bone, channel_path(mode), values)
        bone.keyframe_insert(channel_path(mode), frame=frame)


def test_a_channel_without_keys_is_named(body: Body, make_motion: MakeMotion) -> None:
    (armature,) = build_scene([make_motion(40)], body)
    bone = armature.pose.bones["left_knee"]
    bone.rotation_mode = "XYZ"
    for frame in FRAMES:
        bone.keyframe_insert("rotation_euler", index=0, frame=frame)
    with pytest.raises(PoseNet3DError, match=r'pose.bones\["left_knee"\].rotation_euler lacks keys of a channel'):
        make_loop(armature, 5)


def test_loops_that_can_not_be_made_are_refused(body: Body, make_motion: MakeMotion) -> None:
    (armature,) = build_scene([make_motion(40)], body)
    with pytest.raises(PoseNet3DError, match="too few to blend 30"):
        make_loop(armature, 30)
    bake(armature, tolerance=Tolerance())
    with pytest.raises(PoseNet3DError, match="reduced"):
        make_loop(armature, 5)
    still = add_armature("Hero", body, make_motion(1).betas, bpy.context.scene.collection)
    with pytest.raises(PoseNet3DError, match="no action"):
        make_loop(still, 5)
