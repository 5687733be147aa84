"""The operators that capture and that use the result."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("bpy")

import bpy

from posenet3d_blender.scene.played_frames import played_frames
from posenet3d_blender.ui import capture as capture_module
from posenet3d_blender.ui import devices
from posenet3d_blender.ui.character_settings import retarget_settings
from posenet3d_blender.ui.footage_menu import footage_in_file
from posenet3d_blender.ui.people import icon_id, thumbnails_for
from posenet3d_blender.ui.results import PARTS
from posenet3d_blender.ui.settings import POSENET3D_PG_settings, settings_of
from posenet3d_blender.ui.takes import current_take, people_of, shown_armature, take_of, takes_in
from posenet3d_blender.ui.task import Task

from .conftest import Pipeline

pytestmark = pytest.mark.usefixtures("add_on")
BODY = Path(__file__).parents[2] / "posenet3d_blender" / "assets" / "body" / "body_smpl24.npz"


def settings() -> POSENET3D_PG_settings:
    return settings_of(bpy.context.scene)


def result_armature() -> bpy.types.Object:
    armature = shown_armature(bpy.context)
    assert armature is not None
    return armature


def test_capturing_adds_the_person_to_the_scene(pipeline: Pipeline, video: Path) -> None:
    assert bpy.ops.posenet3d.capture(filepath=str(video)) == {"FINISHED"}
    armature = bpy.data.objects["walk"]
    assert armature.type == "ARMATURE"
    assert bpy.context.scene.frame_end == 5
    assert settings().footage == str(video)


def test_the_panels_choices_reach_the_capture(pipeline: Pipeline, video: Path) -> None:
    chosen = settings()
    chosen.footage = str(video)
    chosen.start, chosen.end = 0.5, 1.5
    chosen.person, chosen.person_number = "number", 2
    chosen.quality = "full"
    chosen.view_angle = math.radians(50)
    chosen.height = 1.8
    chosen.smoothing, chosen.foot_lock = 0.3, False
    chosen.shots, chosen.shot = "number", 2
    chosen.keypoints, chosen.body = "/joints.json", str(BODY)
    bpy.ops.posenet3d.capture()
    (asked,) = pipeline.settings
    assert (asked.start, asked.end, asked.person, asked.detector) == (0.5, 1.5, "2", "full")
    assert asked.field_of_view == pytest.approx(50)
    assert asked.height == pytest.approx(1.8)
    assert asked.smoothing == pytest.approx(0.3)
    assert not asked.foot_lock
    assert asked.shots == "2"
    assert asked.device == "auto"
    assert (asked.keypoints, asked.body) == (Path("/joints.json"), BODY)


def test_the_defaults_leave_all_to_the_footage(pipeline: Pipeline, video: Path) -> None:
    bpy.ops.posenet3d.capture(filepath=str(video))
    (asked,) = pipeline.settings
    assert (asked.start, asked.end, asked.person, asked.detector) == (None, None, "largest", "heavy")
    assert (asked.shots, asked.keypoints, asked.body, asked.student) == ("longest", None, None, None)
    assert asked.field_of_view is None
    assert asked.height is None


def test_no_footage_is_said_plainly(pipeline: Pipeline) -> None:
    with pytest.raises(RuntimeError, match="No footage is chosen"):
        bpy.ops.posenet3d.capture()


def test_everyone_gets_an_armature(pipeline: Pipeline, video: Path) -> None:
    bpy.ops.posenet3d.capture(filepath=str(video), person="all")
    assert len(bpy.data.armatures) == 2
    take = current_take(bpy.context)
    assert take is not None
    assert len(people_of(take)) == 2


@pytest.mark.parametrize(("name", "message"), [("nothing", "no such file"), ("bug", "failed unexpectedly")])
def test_a_failure_is_reported_and_the_next_capture_works(
    pipeline: Pipeline, video: Path, name: str, message: str
) -> None:
    if name == "bug":
        video.with_stem(name).touch()
    with pytest.raises(RuntimeError, match=message):
        bpy.ops.posenet3d.capture(filepath=str(video.with_stem(name)))
    assert not bpy.data.objects
    assert bpy.ops.posenet3d.capture(filepath=str(video)) == {"FINISHED"}


def test_results_are_kept_with_the_armature(pipeline: Pipeline, video: Path) -> None:
    bpy.ops.posenet3d.capture(filepath=str(video))
    armature = result_armature()
    result = armature.posenet3d
    assert armature.name == "walk"
    assert (result.frames, result.low_confidence_frames) == (5, 3)
    assert result.confidence == pytest.approx(0.46)
    assert len(result.part_confidence) == PARTS
    take = current_take(bpy.context)
    assert take is not None
    assert "not visible" in take_of(take).warnings
    assert take_of(take).camera == bpy.context.scene.camera
    bpy.data.objects.remove(armature)
    assert shown_armature(bpy.context) is None


def test_frames_of_low_confidence_are_marked(pipeline: Pipeline, video: Path) -> None:
    bpy.ops.posenet3d.capture(filepath=str(video))
    marked = {marker.frame: marker.name for marker in bpy.context.scene.timeline_markers}
    assert marked == {2: "walk: low confidence", 5: "walk: confidence restored"}


def test_a_chosen_target_gets_the_motion_too(pipeline: Pipeline, video: Path) -> None:
    bpy.ops.posenet3d.capture(filepath=str(video))
    target = result_armature().copy()
    target.animation_data_clear()
    bpy.context.scene.collection.objects.link(target)
    retarget_settings(bpy.context.scene).first.target = target
    bpy.ops.posenet3d.capture(filepath=str(video))
    assert played_frames(target) == range(1, 6)


def test_baking_and_exporting(pipeline: Pipeline, video: Path, tmp_path: Path) -> None:
    assert not bpy.ops.posenet3d.export.poll()
    assert not bpy.ops.posenet3d.bake.poll()
    bpy.ops.posenet3d.capture(filepath=str(video))
    assert bpy.ops.posenet3d.bake() == {"FINISHED"}
    assert bpy.ops.posenet3d.export(filepath=str(tmp_path / "walk")) == {"FINISHED"}
    assert (tmp_path / "walk.fbx").stat().st_size > 10_000
    with pytest.raises(RuntimeError, match="does not exist"):
        bpy.ops.posenet3d.export(filepath=str(tmp_path / "missing" / "walk.fbx"))


def test_footage_in_the_file_is_offered(demo_clip: Path) -> None:
    assert not footage_in_file()
    bpy.data.movieclips.load(str(demo_clip))
    bpy.data.images.load(str(demo_clip))
    editor = bpy.context.scene.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    strips.new_movie("strip", str(demo_clip), channel=1, frame_start=1)
    assert list(footage_in_file().values()) == [demo_clip.name]
    bpy.ops.posenet3d.use_footage(filepath=str(demo_clip))
    assert settings().video == demo_clip


def test_a_field_of_view_that_the_command_line_refuses_is_refused(demo_clip: Path) -> None:
    pytest.importorskip("av")
    settings().footage = str(demo_clip)
    settings().view_angle = math.radians(0.5)
    with pytest.raises(RuntimeError, match="give one between 1 and 170 degrees"):
        bpy.ops.posenet3d.capture()
    for degrees, kept in ((1, 1), (170, 170), (175, 170), (0, None)):
        settings().view_angle = math.radians(degrees)
        assert settings().settings()["field_of_view"] == kept


def test_people_are_found_and_chosen(demo_clip: Path) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("av")
    settings().footage = str(demo_clip)
    settings().end = 0.5
    assert bpy.ops.posenet3d.find_people() == {"FINISHED"}
    (person,) = thumbnails_for(settings())
    assert person.number == 1
    assert person.image.std() > 10
    assert icon_id(person) == 0  # without a window
    assert bpy.ops.posenet3d.choose_person(number=1) == {"FINISHED"}
    assert settings().chosen_person == "1"
    settings().end = 1.0
    assert not thumbnails_for(settings())


def test_devices_are_looked_up_once_asked_for() -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("av")
    assert devices.device_items()[0][0] == "auto"
    devices.query_devices()
    devices._queries[0].wait()
    assert "cpu" in [item[0] for item in devices.device_items()]
    settings().device = "cpu"
    assert settings().device == "cpu"


def test_a_real_capture_of_a_short_range(demo_clip: Path) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("av")
    settings().footage = str(demo_clip)
    settings().end = 0.5
    settings().quality = "full"
    assert bpy.ops.posenet3d.capture() == {"FINISHED"}
    result = result_armature().posenet3d
    assert result.frames == 16
    assert result.confidence > 0.7


def test_the_report_is_of_the_scene_that_was_captured_into(
    pipeline: Pipeline, video: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Though the user looks at another one by then."""
    scene, other = bpy.context.scene, bpy.data.scenes.new("Other")
    settings().shots = "all"
    real = capture_module.new_take_task

    def start(*arguments: Any) -> Task[Any]:
        bpy.context.window.scene = other
        return real(*arguments)

    monkeypatch.setattr(capture_module, "new_take_task", start)
    for count in (1, 2):
        bpy.context.window.scene = scene
        assert bpy.ops.posenet3d.capture(filepath=str(video)) == {"FINISHED"}
        assert len(takes_in(scene)) == 2 * count
        report = capfd.readouterr().out
        assert "Captured 1 person, 5 frames" in report
        assert "in the last of 2 shots, each a take" in report
    assert not takes_in(other)
