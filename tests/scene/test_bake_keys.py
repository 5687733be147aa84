"""Keys of baked motions: rotation modes, reduction, files."""

from __future__ import annotations

import math
from pathlib import Path

import bpy
import numpy as np
import pytest
from mathutils import Euler, Quaternion, Vector

from posenet3d_blender.body.model import Body
from posenet3d_blender.scene import build_scene, export, reset_to_empty
from posenet3d_blender.scene.armature import add_armature
from posenet3d_blender.scene.bake import bake
from posenet3d_blender.scene.key_reduction import Tolerance
from posenet3d_blender.scene.keys import curves_of, key_motion

from .conftest import MakeMotion
from .scene_readers import bone_curves, joints_at, key_count, key_frames

FRAMES = 1 + np.arange(12)
MODES = ("QUATERNION", "AXIS_ANGLE", "XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX")


def own_quaternion(values: list[float], mode: str) -> Quaternion:
    if mode == "QUATERNION":
        return Quaternion(values).normalized()
    if mode == "AXIS_ANGLE":
        return Quaternion(Vector(values[1:]), values[0])
    return Euler(values, mode).to_quaternion()


def test_its_own_armature_keeps_contacts_and_confidence(source: bpy.types.Object) -> None:
    names = ("left_foot_contact", "right_foot_contact", "confidence")
    before = {curve.data_path: [curve.evaluate(frame) for frame in FRAMES] for curve in curves_of(source)}
    bake(source, tolerance=Tolerance())
    after = {curve.data_path: [curve.evaluate(frame) for frame in FRAMES] for curve in curves_of(source)}
    for path in (f'["{name}"]' for name in names):
        np.testing.assert_allclose(after[path], before[path], atol=1e-6)


@pytest.mark.parametrize("mode", MODES)
def test_rotation_modes_are_kept_without_jumps(source: bpy.types.Object, twin: bpy.types.Object, mode: str) -> None:
    for bone in twin.pose.bones:
        bone.rotation_mode = mode
    bake(source, twin)
    assert {bone.rotation_mode for bone in twin.pose.bones} == {mode}
    np.testing.assert_allclose(joints_at(twin, FRAMES), joints_at(source, FRAMES), atol=1e-4)
    for curves in bone_curves(twin).values():
        values = np.array([[point.co[1] for point in curve.keyframe_points] for curve in curves])
        assert np.abs(np.diff(values)).max() < math.pi


@pytest.mark.parametrize("mode", MODES)
def test_reduced_keys_keep_within_the_tolerance_at_every_frame(body: Body, make_motion: MakeMotion, mode: str) -> None:
    """Late on the timeline too, where single precision has little left."""
    motion, first_frame = make_motion(90, frame_rate=60.0), 20_000
    source, target = (add_armature(name, body, motion.betas, bpy.context.scene.collection) for name in ("Walk", "Hero"))
    key_motion(source, motion, first_frame)
    target.scale = (0.01,) * 3
    for bone in target.pose.bones:
        bone.rotation_mode = mode
    bake(source, target)
    dense, dense_count = bone_curves(target), key_count(target)
    frames = first_frame + np.arange(90)
    wanted = {
        path: np.array([[curve.evaluate(f) for curve in curves] for f in frames]) for path, curves in dense.items()
    }
    bake(source, target, Tolerance(degrees=0.5, millimetres=0.02))
    assert key_count(target) < dense_count / (4 if mode == "QUATERNION" else 2.5)
    for path, curves in bone_curves(target).items():
        given = [[curve.evaluate(frame) for curve in curves] for frame in frames]
        if path.endswith("location"):
            assert 10 * np.linalg.norm(given - wanted[path], axis=1).max() < 0.02
            continue
        pairs = [(own_quaternion(a, mode), own_quaternion(b, mode)) for a, b in zip(given, wanted[path], strict=True)]
        angles = [2 * math.acos(min(1.0, abs(a.dot(b)))) for a, b in pairs]
        assert math.degrees(max(angles)) < 0.5


def test_reduced_keys_are_editable_curves_that_share_their_frames(body: Body, make_motion: MakeMotion) -> None:
    source = build_scene([make_motion(60)], body)[0]
    bake(source, tolerance=Tolerance())
    for path, curves in bone_curves(source).items():
        times = [tuple(point.co[0] for point in curve.keyframe_points) for curve in curves]
        assert len(set(times)) == 1
        assert (times[0][0], times[0][-1]) == (1, 60)
        assert all(time == round(time) for time in times[0])
        for curve in curves:
            assert f'"{curve.group.name}"' in path
            assert {point.interpolation for point in curve.keyframe_points} == {"BEZIER"}
            assert {point.handle_right_type for point in curve.keyframe_points} == {"ALIGNED"}


def test_a_person_at_rest_needs_two_keys_a_curve(body: Body, make_motion: MakeMotion) -> None:
    motion = make_motion(50)
    motion.poses[:] = motion.poses[0]
    motion.trans[:] = motion.trans[0]
    source = build_scene([motion], body)[0]
    bake(source, tolerance=Tolerance())
    assert {len(curve.keyframe_points) for curves in bone_curves(source).values() for curve in curves} == {2}


@pytest.mark.parametrize("tolerance", [None, Tolerance()])
@pytest.mark.parametrize("frame_count", [1, 2, 3])
def test_very_short_motions_can_be_baked(
    body: Body, make_motion: MakeMotion, frame_count: int, tolerance: Tolerance | None
) -> None:
    source = build_scene([make_motion(frame_count)], body)[0]
    frames = 1 + np.arange(frame_count)
    before = joints_at(source, frames)
    bake(source, tolerance=tolerance)
    np.testing.assert_allclose(joints_at(source, frames), before, atol=0.02)


@pytest.mark.parametrize("tolerance", [None, Tolerance(degrees=0.2, millimetres=1)])
def test_the_baked_target_comes_back_from_fbx(
    source: bpy.types.Object, twin: bpy.types.Object, tmp_path: Path, tolerance: Tolerance | None
) -> None:
    for bone in twin.pose.bones:
        bone.rotation_mode = "ZXY"
    bake(source, twin, tolerance)
    wanted = joints_at(twin, FRAMES)
    export(tmp_path / "hero.fbx", [twin])
    reset_to_empty()
    bpy.ops.import_scene.fbx(filepath=str(tmp_path / "hero.fbx"))
    (read,) = (one for one in bpy.data.objects if one.type == "ARMATURE")
    np.testing.assert_allclose(joints_at(read, key_frames(read)), wanted, atol=2e-4)
