"""Untouched scenes, and the place where a capture lands."""

from __future__ import annotations

from collections.abc import Callable

import bpy
import pytest

from posenet3d_blender.body.model import Body
from posenet3d_blender.scene import build_scene
from posenet3d_blender.scene.build import build_scene_in_steps
from posenet3d_blender.scene.incremental import run
from posenet3d_blender.scene.matching import is_untouched
from posenet3d_blender.scene.place import Place

from .conftest import MakeMotion


def key_cube(scene: bpy.types.Scene) -> None:
    bpy.data.objects["Cube"].keyframe_insert("location", frame=3)


def drive_light(scene: bpy.types.Scene) -> None:
    bpy.data.objects["Light"].data.driver_add("energy")


def key_shape(scene: bpy.types.Scene) -> None:
    cube = bpy.data.objects["Cube"]
    cube.shape_key_add()
    cube.shape_key_add().keyframe_insert("value", frame=1)


def add_strip(scene: bpy.types.Scene) -> None:
    cube = bpy.data.objects["Cube"]
    key_cube(scene)
    action = cube.animation_data.action
    cube.animation_data.nla_tracks.new().strips.new("strip", 1, action)
    cube.animation_data.action = None


def change_rate(scene: bpy.types.Scene) -> None:
    scene.render.fps_base = 1.001


def change_range(scene: bpy.types.Scene) -> None:
    scene.frame_start = 0


def change_size(scene: bpy.types.Scene) -> None:
    scene.render.resolution_x = 3840


@pytest.mark.parametrize("touch", [key_cube, drive_light, key_shape, add_strip, change_rate, change_range, change_size])
def test_a_scene_with_settings_or_animation_of_its_own_is_not_untouched(
    touch: Callable[[bpy.types.Scene], None],
) -> None:
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    scene = bpy.context.scene
    assert is_untouched(scene)
    touch(scene)
    assert not is_untouched(scene)


def test_objects_without_animation_leave_it_untouched() -> None:
    scene = bpy.context.scene
    scene.collection.objects.link(bpy.data.objects.new("Prop", bpy.data.meshes.new("Prop")))
    assert is_untouched(scene)


def test_a_captured_scene_is_no_longer_untouched(body: Body, make_motion: MakeMotion) -> None:
    """A second capture must not change the speed of the first one."""
    build_scene([make_motion(3, frame_rate=24.0)], body)
    assert not is_untouched(bpy.context.scene)


def test_the_result_lands_where_it_was_started(body: Body, make_motion: MakeMotion) -> None:
    first = bpy.context.scene
    shots = bpy.data.collections.new("Shots")
    first.collection.children.link(shots)
    bpy.context.view_layer.active_layer_collection = bpy.context.view_layer.layer_collection.children["Shots"]
    place = Place.of(bpy.context)
    second = bpy.data.scenes.new("Second")
    first.name, shots.name = "Renamed", "Renamed shots"
    with bpy.context.temp_override(scene=second, view_layer=second.view_layers[0]):
        (armature,) = run(build_scene_in_steps([make_motion(3)], body, place=place))
    assert not second.collection.all_objects
    assert [one.name for one in shots.children] == ["PoseNet3D"]
    assert armature.name in first.objects
    assert (first.frame_end, second.frame_end) == (3, 250)


def test_removed_places_are_replaced(body: Body, make_motion: MakeMotion) -> None:
    second = bpy.data.scenes.new("Second")
    lost = bpy.data.collections.new("Lost")
    second.collection.children.link(lost)
    place = Place(second.session_uid, lost.session_uid)
    bpy.data.collections.remove(lost)
    assert place.find() == (second, second.collection)
    bpy.data.scenes.remove(second)
    assert place.find() == (bpy.context.scene, bpy.context.scene.collection)
    (armature,) = run(build_scene_in_steps([make_motion(3)], body, place=place))
    assert armature.name in bpy.context.scene.objects
