"""The overlay of a take in a 3D view, and what it gives back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("bpy")

import bpy

from posenet3d_blender.ui.overlay import is_overlay_shown, overlay_of
from posenet3d_blender.ui.settings import settings_of
from posenet3d_blender.ui.take_list import delete_take
from posenet3d_blender.ui.takes import current_take, people_of, take_of, takes_in
from posenet3d_blender.ui.view_state import selection_kept

from .conftest import Pipeline, standing

pytestmark = pytest.mark.usefixtures("add_on")


@pytest.fixture
def view(pipeline: Pipeline, video: Path) -> Iterator[bpy.types.SpaceView3D]:
    """A 3D view in context, and a take of 720 x 1280 pixels at 30 frames per second."""
    window = bpy.context.window_manager.windows[0]
    area = next(area for area in window.screen.areas if area.type == "VIEW_3D")
    region = next(region for region in area.regions if region.type == "WINDOW")
    bpy.ops.posenet3d.capture(filepath=str(video))
    overlay_of(bpy.context.scene).isolate = False
    with bpy.context.temp_override(window=window, area=area, region=region):
        yield area.spaces.active


def use_another_format() -> bpy.types.Object:
    """Give the scene the user's own size, rate, range and camera."""
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 3840, 2160, 50
    scene.render.fps, scene.render.fps_base = 24, 1.0
    scene.frame_start, scene.frame_end, scene.frame_current = 101, 340, 200
    scene.camera = bpy.data.objects.new("Own", bpy.data.cameras.new("Own"))
    scene.collection.objects.link(scene.camera)
    return scene.camera


def scene_format() -> tuple[float, ...]:
    render, scene = bpy.context.scene.render, bpy.context.scene
    return (
        *(render.resolution_x, render.resolution_y, render.resolution_percentage),
        *(render.fps, render.fps_base, scene.frame_start, scene.frame_end),
    )


def test_it_sets_the_takes_format_in_this_view_and_gives_all_back(view: bpy.types.SpaceView3D) -> None:
    own = use_another_format()
    before = scene_format()
    view.region_3d.view_perspective = "ORTHO"
    take = current_take(bpy.context)
    assert take is not None
    assert bpy.ops.posenet3d.overlay() == {"FINISHED"}
    assert is_overlay_shown(bpy.context)
    assert scene_format() == (720, 1280, 100, 30, 1.0, 1, 5)
    assert 1 <= bpy.context.scene.frame_current <= 5
    assert bpy.context.scene.camera == own, "the active camera is the user's"
    assert view.camera == take_of(take).camera
    assert bpy.ops.posenet3d.overlay() == {"FINISHED"}
    assert not is_overlay_shown(bpy.context)
    assert view.region_3d.view_perspective == "ORTHO"
    assert not view.use_local_camera
    assert scene_format() == before


def test_an_earlier_take_of_another_format_lies_over_its_own_footage(view: bpy.types.SpaceView3D, video: Path) -> None:
    first = current_take(bpy.context)
    assert first is not None
    bpy.ops.posenet3d.capture(filepath=str(video))
    second = current_take(bpy.context)
    assert second is not None
    take_of(second).image_size, take_of(second).rate = (1920, 1080), 60.0
    take_of(second).last_frame = 77
    bpy.ops.posenet3d.overlay()
    assert scene_format() == (1920, 1080, 100, 60, 1.0, 1, 77)
    settings_of(bpy.context.scene).take = first
    assert not is_overlay_shown(bpy.context)
    bpy.ops.posenet3d.overlay()
    assert is_overlay_shown(bpy.context)
    assert scene_format() == (720, 1280, 100, 30, 1.0, 1, 5)


def test_the_selection_is_kept_though_something_else_is_selected_for_a_moment(view: bpy.types.SpaceView3D) -> None:
    cube = bpy.data.objects.new("Cube", bpy.data.meshes.new("Cube"))
    bpy.context.scene.collection.objects.link(cube)
    view_layer = bpy.context.view_layer
    take = current_take(bpy.context)
    assert take is not None
    cube.select_set(True)
    view_layer.objects.active = cube
    with selection_kept(view_layer):
        cube.select_set(False)
        people_of(take)[0].select_set(True)
        view_layer.objects.active = people_of(take)[0]
    assert [one for one in view_layer.objects if one.select_get()] == [cube]
    assert view_layer.objects.active == cube


def test_changes_made_meanwhile_are_kept(view: bpy.types.SpaceView3D) -> None:
    use_another_format()
    bpy.ops.posenet3d.overlay()
    bpy.context.scene.frame_end = 4
    bpy.ops.posenet3d.overlay()
    assert (bpy.context.scene.frame_start, bpy.context.scene.frame_end) == (1, 4)
    assert bpy.context.scene.render.resolution_x == 3840


def test_the_body_is_faded_while_it_lies_over_the_footage(view: bpy.types.SpaceView3D) -> None:
    take = current_take(bpy.context)
    assert take is not None
    material = people_of(take)[0].children[0].data.materials[0]
    assert material.diffuse_color[3] == 1.0
    overlay_of(bpy.context.scene).opacity = 0.3
    bpy.ops.posenet3d.overlay()
    assert material.diffuse_color[3] == pytest.approx(0.3)
    overlay_of(bpy.context.scene).opacity = 0.6
    assert material.diffuse_color[3] == pytest.approx(0.6)
    bpy.ops.posenet3d.overlay()
    assert material.diffuse_color[3] == 1.0


def turn(view: bpy.types.SpaceView3D, location: tuple[float, float, float]) -> None:
    """Leave the camera's view as a turn with the mouse does."""
    view.region_3d.view_perspective = "PERSP"
    view.region_3d.view_location = location


def test_a_view_that_was_turned_stays_and_the_scene_is_given_back(view: bpy.types.SpaceView3D) -> None:
    use_another_format()
    before, frame, zoom = scene_format(), bpy.context.scene.frame_current, view.region_3d.view_camera_zoom
    assert not bpy.ops.posenet3d.leave_overlay.poll()
    bpy.ops.posenet3d.overlay()
    view.region_3d.view_camera_zoom = 20.0
    turn(view, (1, 2, 3))
    assert bpy.ops.posenet3d.leave_overlay() == {"FINISHED"}
    assert scene_format() == before
    assert bpy.context.scene.frame_current == frame
    assert view.region_3d.view_perspective == "PERSP"
    assert tuple(view.region_3d.view_location) == (1, 2, 3)
    assert view.region_3d.view_camera_zoom == zoom
    assert not view.use_local_camera
    assert not bpy.ops.posenet3d.leave_overlay.poll()


def test_what_was_changed_beside_a_turned_view_is_given_back_later(view: bpy.types.SpaceView3D) -> None:
    use_another_format()
    bpy.ops.posenet3d.overlay()
    turn(view, (1, 2, 3))
    render = bpy.context.scene.render
    render.resolution_x, render.resolution_y = 1000, 500
    bpy.ops.posenet3d.overlay()
    assert is_overlay_shown(bpy.context)
    assert render.resolution_x == 720
    bpy.ops.posenet3d.overlay()
    assert scene_format() == (1000, 500, 100, 24, 1.0, 101, 340)
    assert tuple(view.region_3d.view_location) == (1, 2, 3)


def test_the_camera_that_the_user_chose_meanwhile_stays(view: bpy.types.SpaceView3D) -> None:
    own = use_another_format()
    bpy.ops.posenet3d.overlay()
    view.camera = own
    bpy.ops.posenet3d.leave_overlay()
    assert view.region_3d.view_perspective == "CAMERA"
    assert view.use_local_camera
    assert view.camera == own


def test_another_camera_of_the_scene_is_not_left(view: bpy.types.SpaceView3D) -> None:
    """The overlay looks through the scene's camera; the user makes another one the scene's, and looks through that."""
    scene = bpy.context.scene
    scene.camera = take_of(current_take(bpy.context)).camera
    bpy.ops.posenet3d.overlay()
    assert not view.use_local_camera
    scene.camera = bpy.data.objects.new("Other", bpy.data.cameras.new("Other"))
    scene.collection.objects.link(scene.camera)
    bpy.ops.posenet3d.leave_overlay()
    assert view.region_3d.view_perspective == "CAMERA"


def test_an_overlay_of_a_file_that_an_earlier_version_saved_is_left(view: bpy.types.SpaceView3D) -> None:
    use_another_format()
    former = scene_format()
    bpy.ops.posenet3d.overlay()
    choices = overlay_of(bpy.context.scene)
    before = json.loads(choices.scene_before)
    del before["frame_current"]
    choices.scene_before, choices.scene_shown, choices.take = json.dumps(before), "", None
    bpy.ops.posenet3d.leave_overlay()
    assert scene_format() == former
    assert not choices.scene_before


@pytest.mark.parametrize("is_turned", [False, True])
def test_deleting_the_take_gives_all_back(view: bpy.types.SpaceView3D, is_turned: bool) -> None:
    use_another_format()
    before = scene_format()
    view.region_3d.view_perspective = "ORTHO"
    bpy.ops.posenet3d.overlay()
    if is_turned:
        turn(view, (1, 2, 3))
    assert bpy.ops.posenet3d.delete_take() == {"FINISHED"}
    assert scene_format() == before
    assert view.region_3d.view_perspective == ("PERSP" if is_turned else "ORTHO")
    assert not view.use_local_camera
    assert not overlay_of(bpy.context.scene).scene_before


def test_another_takes_overlay_outlives_a_deleted_one(view: bpy.types.SpaceView3D, video: Path) -> None:
    first = current_take(bpy.context)
    bpy.ops.posenet3d.capture(filepath=str(video))
    use_another_format()
    settings_of(bpy.context.scene).take = first
    bpy.ops.posenet3d.overlay()
    (other,) = (take for take in takes_in(bpy.context.scene) if take != first)
    delete_take(other)
    assert is_overlay_shown(bpy.context)
    assert scene_format() == (720, 1280, 100, 30, 1.0, 1, 5)


def test_a_take_that_was_deleted_by_other_means_leaves_a_way_back(view: bpy.types.SpaceView3D) -> None:
    use_another_format()
    before = scene_format()
    bpy.ops.posenet3d.overlay()
    take = current_take(bpy.context)
    assert take is not None
    bpy.data.batch_remove([*take.objects, take])
    assert not bpy.ops.posenet3d.overlay.poll()
    assert bpy.types.POSENET3D_PT_overlay.poll(bpy.context)
    assert bpy.ops.posenet3d.leave_overlay() == {"FINISHED"}
    assert scene_format() == before
    assert not view.use_local_camera
    assert not bpy.types.POSENET3D_PT_overlay.poll(bpy.context)


def test_an_update_of_the_take_is_no_change_by_the_user(pipeline: Pipeline, view: bpy.types.SpaceView3D) -> None:
    use_another_format()
    before = scene_format()
    bpy.ops.posenet3d.overlay()
    pipeline.motion = standing(8)
    bpy.ops.posenet3d.update_take()
    assert scene_format() == (720, 1280, 100, 30, 1.0, 1, 8)
    bpy.ops.posenet3d.overlay()
    assert scene_format() == before
