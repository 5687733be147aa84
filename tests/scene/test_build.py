"""The scene as a whole."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest

from posenet3d_blender.background import Background
from posenet3d_blender.body.model import Body
from posenet3d_blender.scene import build_scene, export, reset_to_empty

from .conftest import MakeMotion
from .scene_readers import joints_at


@pytest.mark.parametrize("rate", [24.0, 24000 / 1001, 25.0, 30000 / 1001, 59.34, 60.0, 60000 / 1001, 120.0, 239.76])
def test_frame_rate_and_range_are_the_motions(rate: float, body: Body, make_motion: MakeMotion) -> None:
    build_scene([make_motion(7, frame_rate=rate)], body)
    scene = bpy.context.scene
    assert scene.render.fps / scene.render.fps_base == pytest.approx(rate, rel=1e-6)
    assert (scene.frame_start, scene.frame_end, scene.frame_current) == (1, 7, 1)


def test_people_stand_at_their_own_times(body: Body, make_motion: MakeMotion) -> None:
    first, second = make_motion(10), make_motion(8, seed=1, start=0.2)
    armatures = build_scene([first, second], body)
    assert [armature.name for armature in armatures] == ["PoseNet3D_person1", "PoseNet3D_person2"]
    assert (bpy.context.scene.frame_start, bpy.context.scene.frame_end) == (1, 14)
    np.testing.assert_allclose(joints_at(armatures[0], 1 + np.arange(10)), first.joints, atol=1e-4)
    np.testing.assert_allclose(joints_at(armatures[1], 7 + np.arange(8)), second.joints, atol=1e-4)


def test_a_motion_from_the_middle_of_the_footage_starts_at_frame_one(body: Body, make_motion: MakeMotion) -> None:
    (armature,) = build_scene([make_motion(4, start=12.5)], body)
    assert tuple(armature.animation_data.action.frame_range) == (1, 4)


def test_a_scene_starts_with_the_captured_range_of_the_footage(body: Body, make_motion: MakeMotion) -> None:
    """Two people who come into view after half a second and after a second, in a range that starts at 12 s."""
    motions = [make_motion(10, start=12.5, scene_start=12.0), make_motion(8, seed=1, start=13.0, scene_start=12.0)]
    armatures = build_scene(motions, body)
    scene = bpy.context.scene
    assert (scene.frame_start, scene.frame_end, scene.frame_current) == (1, 38, 1)
    for armature, motion, first in zip(armatures, motions, (16, 31), strict=True):
        frames = first + np.arange(motion.frame_count)
        np.testing.assert_allclose(joints_at(armature, frames), motion.joints, atol=1e-4)
        np.testing.assert_allclose(joints_at(armature, np.array([1])), motion.joints[:1], atol=1e-4)


def test_nothing_of_the_users_is_touched(body: Body, make_motion: MakeMotion) -> None:
    cube = bpy.data.objects.new("Cube", bpy.data.meshes.new("Cube"))
    bpy.context.scene.collection.objects.link(cube)
    bpy.context.view_layer.objects.active = cube
    cube.select_set(True)
    bpy.ops.object.mode_set(mode="EDIT")
    build_scene([make_motion(3)], body)
    build_scene([make_motion(3)], body)
    assert bpy.data.objects["Cube"] is cube
    assert cube.select_get()
    assert bpy.context.view_layer.objects.active is cube
    assert [one.name for one in bpy.context.scene.collection.objects] == ["Cube"]
    assert [one.name for one in bpy.context.scene.collection.children] == ["PoseNet3D", "PoseNet3D.001"]


def test_everything_new_is_in_one_collection(body: Body, make_motion: MakeMotion) -> None:
    armatures = build_scene([make_motion(3), make_motion(3, seed=1)], body)
    (collection,) = bpy.context.scene.collection.children
    assert set(armatures) < set(collection.objects)
    assert len(collection.objects) == 4
    assert len(bpy.data.materials) == 1


def test_reset_keeps_preferences_and_empties_the_file(body: Body, make_motion: MakeMotion) -> None:
    build_scene([make_motion(3)], body)
    bpy.context.preferences.view.show_splash = False
    reset_to_empty()
    assert not bpy.data.objects
    assert not bpy.data.actions
    assert not bpy.context.preferences.view.show_splash


def test_a_long_name_of_the_footage_is_no_hindrance(body: Body, make_motion: MakeMotion, tmp_path: Path) -> None:
    video = tmp_path / f"{'très long ' * 12}.mp4"
    footage = Background(video, video.stem, np.arange(3) / 30, np.arange(3) / 30)
    armatures = build_scene([make_motion(3), make_motion(3, seed=1)], body, footage)
    (path,) = export(tmp_path / "walk.fbx", armatures)
    reset_to_empty()
    bpy.ops.import_scene.fbx(filepath=str(path))
    assert len(bpy.data.armatures) == 2
