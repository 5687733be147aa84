"""Takes: what the panel's buttons act on, and what becomes of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("bpy")

import bpy
import numpy as np

from posenet3d_blender.motion import load_motion
from posenet3d_blender.scene.keys import curves_of
from posenet3d_blender.ui.confidence import level
from posenet3d_blender.ui.results import PARTS, confidence_of_parts, is_captured, stored_motion
from posenet3d_blender.ui.settings import settings_of
from posenet3d_blender.ui.takes import (
    current_take,
    follow_active_object,
    is_take,
    people_of,
    shown_armature,
    take_of,
    takes_in,
)

from .conftest import Pipeline, standing

pytestmark = pytest.mark.usefixtures("add_on")


def capture(video: Path, person: str = "") -> bpy.types.Collection:
    assert bpy.ops.posenet3d.capture(filepath=str(video), person=person) == {"FINISHED"}
    take = current_take(bpy.context)
    assert take is not None
    return take


def test_all_buttons_act_on_the_newest_take_though_an_older_one_is_active(
    pipeline: Pipeline, video: Path, tmp_path: Path
) -> None:
    first = capture(video)
    bpy.context.view_layer.objects.active = people_of(first)[0]
    second = capture(video)
    assert second != first
    assert bpy.context.view_layer.objects.active == people_of(first)[0], "the selection is the user's"
    assert shown_armature(bpy.context) == people_of(second)[0]
    bpy.ops.posenet3d.export(filepath=str(tmp_path / "take.bvh"), file_format="bvh")
    assert bpy.ops.posenet3d.bake() == {"FINISHED"}
    assert people_of(second)[0].animation_data.action.name.endswith("_baked")
    assert not people_of(first)[0].animation_data.action.name.endswith("_baked")


def test_clicking_an_armature_shows_its_take(pipeline: Pipeline, video: Path) -> None:
    first, second = capture(video), capture(video)
    bpy.context.view_layer.objects.active = people_of(first)[0].children[0]
    follow_active_object()
    assert current_take(bpy.context) == first
    bpy.context.view_layer.objects.active = None
    follow_active_object()
    assert current_take(bpy.context) == first
    bpy.context.window_manager.posenet3d_takes.index = bpy.data.collections.find(second.name)
    assert current_take(bpy.context) == second
    assert bpy.context.selected_objects == people_of(second)


def test_a_renamed_take_is_still_the_current_one(pipeline: Pipeline, video: Path) -> None:
    capture(video)
    take = capture(video)
    take.name = "A better name"
    assert current_take(bpy.context) == take
    assert bpy.data.collections[bpy.context.window_manager.posenet3d_takes.index] == take


def test_asking_leaves_no_property_on_objects_and_collections(pipeline: Pipeline, video: Path) -> None:
    cube = bpy.data.objects.new("Cube", bpy.data.meshes.new("Cube"))
    other = bpy.data.collections.new("Props")
    bpy.context.scene.collection.children.link(other)
    other.objects.link(cube)
    bpy.context.view_layer.objects.active = cube
    capture(video)
    follow_active_object()
    assert shown_armature(bpy.context) is not None
    assert not is_captured(cube)
    assert not is_take(other)
    assert not cube.is_property_set("posenet3d")
    assert not other.is_property_set("posenet3d")


def test_deleting_a_take_leaves_nothing_of_it_and_all_of_the_rest(pipeline: Pipeline, video: Path) -> None:
    first = capture(video)
    before = {kind: sorted(getattr(bpy.data, kind).keys()) for kind in ("objects", "meshes", "armatures", "actions")}
    markers = len(bpy.context.scene.timeline_markers)
    second = capture(video, person="all")
    prop = bpy.data.objects.new("Chair", None)
    second.objects.link(prop)
    assert bpy.ops.posenet3d.delete_take() == {"FINISHED"}
    assert takes_in(bpy.context.scene) == [first]
    assert current_take(bpy.context) == first
    assert prop.name in bpy.context.scene.collection.objects
    bpy.data.objects.remove(prop)
    assert before == {kind: sorted(getattr(bpy.data, kind).keys()) for kind in before}
    assert len(bpy.context.scene.timeline_markers) == markers


def test_an_update_changes_the_take_in_place(pipeline: Pipeline, video: Path) -> None:
    take = capture(video)
    (person,) = people_of(take)
    person.name, take.name = "Hero", "Opening"
    person.pose.bones["head"].constraints.new("LIMIT_ROTATION")
    bpy.context.scene.render.resolution_x = 333
    kinds = ("objects", "meshes", "armatures", "actions", "cameras", "materials", "images", "collections")
    before = {kind: len(getattr(bpy.data, kind)) for kind in kinds}
    pipeline.motion = standing(8, lean=0.3)
    take_of(take).smoothing = 0.4
    assert bpy.ops.posenet3d.update_take() == {"FINISHED"}
    assert {kind: len(getattr(bpy.data, kind)) for kind in kinds} == before
    assert takes_in(bpy.context.scene) == [take]
    assert people_of(take) == [person]
    assert pipeline.settings[-1].smoothing == pytest.approx(0.4)
    assert (person.name, person.data.name, person.posenet3d.frames) == ("Hero", "Hero", 8)
    assert [constraint.type for constraint in person.pose.bones["head"].constraints] == ["LIMIT_ROTATION"]
    assert {len(curve.keyframe_points) for curve in curves_of(person)} == {8}
    assert bpy.context.scene.frame_end == 8
    assert bpy.context.scene.render.resolution_x == 333
    assert stored_motion(person).frame_count == 8
    bpy.context.scene.frame_set(4)
    bpy.context.view_layer.update()
    pelvis = np.array(person.pose.bones["pelvis"].matrix.to_3x3())
    assert not np.allclose(pelvis, person.data.bones["pelvis"].matrix_local.to_3x3(), atol=0.1), "it leans"


def test_an_update_reaches_strips_of_the_nla_too(pipeline: Pipeline, video: Path) -> None:
    take = capture(video)
    (person,) = people_of(take)
    strip = push_down(person)
    pipeline.motion = standing(9)
    assert bpy.ops.posenet3d.update_take() == {"FINISHED"}
    assert person.animation_data.action is None
    assert strip.action is not None
    assert tuple(strip.action.frame_range) == (1, 9)
    assert strip.action_frame_end == 9


def test_strips_stay_in_step_when_an_update_finds_people_earlier_or_later(pipeline: Pipeline, video: Path) -> None:
    take = capture(video)
    (person,) = people_of(take)
    strip = push_down(person)
    person.posenet3d.action.asset_mark()
    person.posenet3d.action.asset_data.description = "walks in"
    motion = pipeline.motion
    for start, first in ((1.0, 31), (0.5, 16), (2.0, 61)):
        pipeline.motion = replace(motion, time=motion.time + start)
        assert bpy.ops.posenet3d.update_take() == {"FINISHED"}
        assert (strip.action_frame_start, strip.action_frame_end) == (first, first + 4)
        assert (strip.frame_start, strip.frame_end) == (first, first + 4)
    assert strip.action.asset_data.description == "walks in"


def test_an_action_that_others_use_outlives_its_take(pipeline: Pipeline, video: Path) -> None:
    (person,) = people_of(capture(video))
    other = bpy.data.objects.new("Other", person.data.copy())
    bpy.context.scene.collection.objects.link(other)
    action = person.animation_data.action
    other.animation_data_create().action = action
    assert bpy.ops.posenet3d.delete_take() == {"FINISHED"}
    assert other.animation_data.action == action


def test_an_update_may_find_more_or_fewer_people(pipeline: Pipeline, video: Path) -> None:
    take = capture(video)
    take_of(take).person = "all"
    assert bpy.ops.posenet3d.update_take() == {"FINISHED"}
    assert len(people_of(take)) == len(takes_in(bpy.context.scene)) + 1 == 2
    take_of(take).person = "largest"
    assert bpy.ops.posenet3d.update_take() == {"FINISHED"}
    assert len(people_of(take)) == 1
    assert len(bpy.data.armatures) == len(bpy.data.actions) == 1


def push_down(person: bpy.types.Object) -> bpy.types.NlaStrip:
    """As the button "Push Down" of Blender's action editor does."""
    animation = person.animation_data
    action = animation.action
    strip = animation.nla_tracks.new().strips.new("take", 1, action)
    if hasattr(strip, "action_slot"):
        strip.action_slot = action.slots[0]
    animation.action = None
    return strip


@pytest.mark.parametrize("file_format", ["fbx", "bvh", "glb", "usdc"])
def test_a_take_that_was_pushed_to_the_nla_is_exported(
    pipeline: Pipeline, video: Path, tmp_path: Path, file_format: str
) -> None:
    push_down(people_of(capture(video))[0])
    path = tmp_path / f"take.{file_format}"
    assert bpy.ops.posenet3d.export(filepath=str(path), file_format=file_format) == {"FINISHED"}
    assert path.stat().st_size > 5000


def test_a_take_without_any_motion_is_refused_in_one_line(pipeline: Pipeline, video: Path, tmp_path: Path) -> None:
    people_of(capture(video))[0].animation_data_clear()
    with pytest.raises(RuntimeError, match="it has no motion; choose a captured armature"):
        bpy.ops.posenet3d.export(filepath=str(tmp_path / "take.fbx"))


def test_the_motion_file_holds_the_captured_motion(pipeline: Pipeline, video: Path, tmp_path: Path) -> None:
    capture(video, person="all")
    assert bpy.ops.posenet3d.export(filepath=str(tmp_path / "take.npz"), file_format="npz") == {"FINISHED"}
    files = sorted(path.name for path in tmp_path.glob("*.npz"))
    assert files == ["take_person1.npz", "take_person2.npz"]
    np.testing.assert_array_equal(load_motion(tmp_path / files[0]).poses, standing(5).poses)


def test_a_preview_is_drawn_over_the_footage(pipeline: Pipeline, video: Path, tmp_path: Path) -> None:
    pytest.importorskip("av")
    capture(video)
    path = tmp_path / "take.mp4"
    assert bpy.ops.posenet3d.export(filepath=str(path), file_format="mp4") == {"FINISHED"}
    assert path.stat().st_size > 1000


def test_the_ending_follows_the_format(pipeline: Pipeline, video: Path, tmp_path: Path) -> None:
    capture(video)
    assert bpy.ops.posenet3d.export(filepath=str(tmp_path / "v1.2.fbx"), file_format="bvh") == {"FINISHED"}
    assert [path.name for path in tmp_path.glob("v1*")] == ["v1.2.bvh"]


def test_confidence_is_told_by_part_and_frame() -> None:
    motion = standing(40)
    confidence, samples = confidence_of_parts(motion)
    assert len(confidence) == len(samples) == PARTS
    assert [level(value) for value in confidence] == ["low", *["good"] * (PARTS - 1)]
    assert samples[0] == 1
    assert samples == sorted(samples)
    short, _ = confidence_of_parts(standing(3))
    assert len(short) == PARTS


def test_a_click_goes_to_the_frame(pipeline: Pipeline, video: Path) -> None:
    capture(video)
    assert bpy.ops.posenet3d.go_to_frame(frame=4, confidence=0.5) == {"FINISHED"}
    assert bpy.context.scene.frame_current == 4


def test_plain_words_for_what_it_ran_on(pipeline: Pipeline, video: Path) -> None:
    take = capture(video)
    assert take_of(take).ran_on == "the CPU with ONNX Runtime"


def test_a_take_remembers_how_it_was_captured(pipeline: Pipeline, video: Path) -> None:
    settings_of(bpy.context.scene).smoothing = 0.25
    take = capture(video, person="2")
    remembered = take_of(take)
    assert remembered.smoothing == pytest.approx(0.25)
    assert remembered.video == video
    assert remembered.chosen_person == "2"
    assert tuple(remembered.image_size) == (720, 1280)
    assert (remembered.rate, remembered.first_frame, remembered.last_frame) == (30.0, 1, 5)


def test_a_take_keeps_its_fingers_and_the_panel_their_confidence(
    pipeline: Pipeline, video: Path, tmp_path: Path
) -> None:
    assert not people_of(capture(video))[0].posenet3d.has_fingers
    ones = np.ones(pipeline.motion.frame_count)
    hands: dict[str, Any] = {"left_hand_pose": np.full((len(ones), 45), 0.1), "left_hand_confidence": 0.5 * ones}
    pipeline.motion = replace(pipeline.motion, **hands)
    (person,) = people_of(capture(video))
    assert person.posenet3d.has_fingers
    assert list(person.posenet3d.hand_confidence) == [0.5, 0.0]
    assert "left_thumb3" in person.data.bones
    bpy.ops.posenet3d.export(filepath=str(tmp_path / "take.npz"), file_format="npz")
    written = load_motion(tmp_path / "take.npz")
    assert written.left_hand_pose is not None
    np.testing.assert_array_equal(written.left_hand_pose, hands["left_hand_pose"])


def test_relative_paths_of_footage_follow_the_file_to_another_folder(
    pipeline: Pipeline, video: Path, tmp_path: Path
) -> None:
    bpy.context.preferences.filepaths.use_relative_paths = True
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    take = capture(video)
    bpy.ops.posenet3d.queue_add(directory=str(video.parent), files=[{"name": video.name}])
    assert take_of(take).footage == "//walk.mp4"
    (tmp_path / "later").mkdir()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "later" / "copy.blend"), copy=True)
    assert take_of(take).footage == "//walk.mp4"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "later" / "shot.blend"))
    clip = bpy.context.scene.posenet3d_queue.clips[0]
    for kept in (take_of(take).footage, settings_of(bpy.context.scene).footage, clip.footage):
        assert kept.startswith("//")
        assert Path(bpy.path.abspath(kept)).resolve() == video.resolve()
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "later" / "copy.blend"))
    (copied,) = takes_in(bpy.context.scene)
    assert Path(bpy.path.abspath(take_of(copied).footage)).resolve() == video.resolve()
