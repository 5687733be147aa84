"""Shots of edited footage as takes, files that replace parts of a capture, and exports that need the footage."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copyfile

import pytest

pytest.importorskip("bpy")

import bpy
import numpy as np

from posenet3d_blender.motion import load_motion
from posenet3d_blender.scene.place import Place
from posenet3d_blender.ui import task as task_module
from posenet3d_blender.ui.capture_task import new_take_task, request_of
from posenet3d_blender.ui.character_settings import retarget_settings
from posenet3d_blender.ui.scene_options import scene_options_of
from posenet3d_blender.ui.settings import POSENET3D_PG_settings, settings_of
from posenet3d_blender.ui.takes import current_take, people_of, take_of, takes_in
from tests.scene.rigs import families
from tests.scene.rna_dump import dump_file

from .conftest import Pipeline

pytestmark = pytest.mark.usefixtures("add_on")
SHIPPED_BODY = Path(__file__).parents[2] / "posenet3d_blender" / "assets" / "body" / "body_smpl24.npz"


def settings() -> POSENET3D_PG_settings:
    return settings_of(bpy.context.scene)


def capture(video: Path) -> bpy.types.Collection:
    assert bpy.ops.posenet3d.capture(filepath=str(video)) == {"FINISHED"}
    take = current_take(bpy.context)
    assert take is not None
    return take


def hidden_at(person: bpy.types.Object, frame: int) -> bool:
    bpy.context.scene.frame_set(frame)
    return bool(person.children[0].hide_render)


def test_each_shot_becomes_a_take_in_step_with_the_footage(pipeline: Pipeline, video: Path) -> None:
    settings().shots = "all"
    capture(video)
    takes = takes_in(bpy.context.scene)
    assert [take.name for take in takes] == ["walk_shot1", "walk_shot2"]
    assert [take_of(take).settings()["shots"] for take in takes] == ["1", "2"]
    (first,), (second,) = map(people_of, takes)
    assert tuple(first.animation_data.action.frame_range) == (1, 5)
    assert tuple(second.animation_data.action.frame_range) == (61, 65)
    assert (bpy.context.scene.frame_start, bpy.context.scene.frame_end) == (1, 65)
    assert bpy.context.scene.camera == take_of(takes[0]).camera
    shown = [[not hidden_at(person, frame) for person in (first, second)] for frame in (3, 30, 63)]
    assert shown == [[True, False], [False, False], [False, True]]


def test_a_character_gets_an_action_for_each_shot(pipeline: Pipeline, video: Path) -> None:
    hero = families.unity("Hero")
    retarget_settings(bpy.context.scene).first.target = hero
    settings().shots = "all"
    capture(video)
    people = [person for take in takes_in(bpy.context.scene) for person in people_of(take)]
    actions = [person.posenet3d.character_action for person in people]
    assert [tuple(action.frame_range) for action in actions] == [(1, 5), (61, 65)]
    assert hero.animation_data.action == actions[1]
    assert actions[0].use_fake_user


def test_a_take_of_a_shot_is_updated_by_its_number(pipeline: Pipeline, video: Path) -> None:
    settings().shots = "all"
    take = capture(video)
    assert bpy.ops.posenet3d.update_take() == {"FINISHED"}
    assert pipeline.settings[-1].shots == "2"
    take_of(take).shots = "all"
    with pytest.raises(RuntimeError, match="A take holds one shot"):
        bpy.ops.posenet3d.update_take()


def test_cancelling_at_the_second_shot_takes_back_the_first(
    pipeline: Pipeline, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_module, "TURN_SECONDS", 0.0)
    settings().shots, settings().footage = "all", str(video)
    before = dump_file()
    options, place = scene_options_of(bpy.context.scene).build_options(), Place.of(bpy.context)
    task = new_take_task(request_of(settings()), options, place)
    task.wait()
    while not takes_in(bpy.context.scene):
        assert task.advance()
    assert task.advance()
    task.cancel()
    assert dump_file() == before


def test_a_file_of_joints_is_left_out_of_the_queue(pipeline: Pipeline, video: Path) -> None:
    settings().keypoints = "/joints.json"
    bpy.ops.posenet3d.queue_add(directory=str(video.parent), files=[{"name": video.name}])
    assert bpy.ops.posenet3d.capture_queue() == {"FINISHED"}
    assert pipeline.settings[-1].keypoints is None
    (take,) = takes_in(bpy.context.scene)
    assert take_of(take).keypoints == ""


def test_other_footage_forgets_the_file_of_joints(pipeline: Pipeline, video: Path) -> None:
    settings().footage, settings().keypoints = str(video), "/joints.json"
    capture(video)
    assert pipeline.settings[-1].keypoints == Path("/joints.json")
    other = video.with_name("run.mp4")
    other.symlink_to(video.resolve())
    capture(other)
    assert pipeline.settings[-1].keypoints is None


def test_a_take_of_another_body_has_its_skin(pipeline: Pipeline, video: Path, tmp_path: Path) -> None:
    taller = dict(np.load(SHIPPED_BODY))
    taller["v_template"] = 1.1 * taller["v_template"]
    np.savez(tmp_path / "taller.npz", **taller)
    heights = []
    for body in ("", str(tmp_path / "taller.npz")):
        settings().body = body
        (person,) = people_of(capture(video))
        heights.append(np.ptp([vertex.co.z for vertex in person.children[0].data.vertices]))
    assert heights[1] == pytest.approx(1.1 * heights[0], rel=1e-3)
    settings().body = str(tmp_path / "nobody.npz")
    with pytest.raises(RuntimeError, match="nobody"):
        capture(video)


def test_joints_are_exported_to_be_corrected_by_hand(pipeline: Pipeline, video: Path, tmp_path: Path) -> None:
    settings().person = "all"
    capture(video)
    bpy.ops.posenet3d.export(filepath=str(tmp_path / "take.json"), file_format="json")
    files = sorted(tmp_path.glob("take*.json"))
    assert [path.name for path in files] == ["take_person1.json", "take_person2.json"]
    content = json.loads(files[0].read_text())
    assert len(content["frames"]) == 5
    assert content["frames"][0]["points"][0] == [100.0, 100.0, 1.0]


@pytest.mark.parametrize("file_format", ["mp4", "jpg", "json", "npz"])
def test_an_export_never_replaces_what_was_captured(
    pipeline: Pipeline, video: Path, tmp_path: Path, file_format: str
) -> None:
    captured = tmp_path / f"captured.{file_format}"
    copyfile(video, captured)
    settings().person = "all"
    if file_format == "json":
        settings().footage = str(video)
        settings().keypoints = str(captured)
        assert bpy.ops.posenet3d.capture() == {"FINISHED"}
    elif file_format == "npz":
        copyfile(SHIPPED_BODY, captured)
        settings().body = str(captured)
        capture(video)
    else:
        capture(captured)
    before = captured.read_bytes()
    with pytest.raises(RuntimeError, match="would replace a file that is read"):
        bpy.ops.posenet3d.export(filepath=str(captured), file_format=file_format)
    assert captured.read_bytes() == before


@pytest.mark.parametrize("file_format", ["npz", "bvh", "json"])
def test_files_of_several_people_are_written_together_or_not_at_all(
    pipeline: Pipeline, video: Path, tmp_path: Path, file_format: str
) -> None:
    settings().person = "all"
    capture(video)
    kept, blocked = (tmp_path / f"out_person{number}.{file_format}" for number in (1, 2))
    kept.write_text("the user's")
    blocked.mkdir()
    with pytest.raises(RuntimeError, match=blocked.name):
        bpy.ops.posenet3d.export(filepath=str(tmp_path / f"out.{file_format}"), file_format=file_format)
    assert kept.read_text() == "the user's"
    assert sorted(tmp_path.glob("out*")) == [kept, blocked]


@pytest.mark.parametrize("first_frame", [1, 101])
def test_files_of_body_and_character_are_in_step(
    pipeline: Pipeline, video: Path, tmp_path: Path, first_frame: int
) -> None:
    bpy.context.scene.frame_current = first_frame
    options = scene_options_of(bpy.context.scene)
    options.start_at = "PLAYHEAD"
    capture(video)
    retarget_settings(bpy.context.scene).first.target = families.with_skin(families.unity("Hero"))
    bpy.ops.posenet3d.retarget()
    spans = []
    for name, of_characters in (("body", False), ("hero", True)):
        path = str(tmp_path / f"{name}.fbx")
        bpy.ops.posenet3d.export(filepath=path, file_format="fbx", of_characters=of_characters)
        before = set(bpy.data.actions)
        bpy.ops.import_scene.fbx(filepath=path, anim_offset=0.0)
        (action,) = set(bpy.data.actions) - before
        spans.append(tuple(action.frame_range))
    assert spans == [(0, 4), (0, 4)]


def test_exports_are_of_the_motion_whatever_is_chosen_for_the_next_update(
    pipeline: Pipeline, video: Path, tmp_path: Path
) -> None:
    pytest.importorskip("av")
    take = capture(video)
    bpy.ops.posenet3d.export(filepath=str(tmp_path / "before.jpg"), file_format="jpg")
    options = take_of(take)
    options.person, options.mirror, options.shots, options.start = "all", True, "number", 1.0
    bpy.ops.posenet3d.export(filepath=str(tmp_path / "after.jpg"), file_format="jpg")
    assert (tmp_path / "after.jpg").read_bytes() == (tmp_path / "before.jpg").read_bytes()
    bpy.ops.posenet3d.export(filepath=str(tmp_path / "before.json"), file_format="json")
    assert pipeline.settings[-1] == pipeline.settings[0]
    assert take_of(take).chosen_person == "all", "the choice for the next update stays"
    bpy.ops.posenet3d.update_take()
    bpy.ops.posenet3d.export(filepath=str(tmp_path / "updated.json"), file_format="json")
    assert len(list(tmp_path.glob("before*.json"))) == 1
    assert len(list(tmp_path.glob("updated*.json"))) == 2
    assert pipeline.settings[-1] == pipeline.settings[-2]


def test_a_contact_sheet_is_drawn(pipeline: Pipeline, video: Path, tmp_path: Path) -> None:
    pytest.importorskip("av")
    capture(video)
    assert bpy.ops.posenet3d.export(filepath=str(tmp_path / "take.jpg"), file_format="jpg") == {"FINISHED"}
    assert (tmp_path / "take.jpg").read_bytes().startswith(b"\xff\xd8")


def test_a_preview_of_a_mirrored_take_is_mirrored(pipeline: Pipeline, video: Path, tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    pictures = []
    for mirror in (False, True):
        settings().mirror = mirror
        capture(video)
        path = tmp_path / f"{mirror}.mp4"
        bpy.ops.posenet3d.export(filepath=str(path), file_format="mp4")
        with av.open(str(path)) as container:
            pictures.append(next(container.decode(video=0)).to_ndarray(format="gray").astype(float))
    rows = slice(0, len(pictures[0]) // 6)  # above the skeleton, which is drawn where the motion has it
    plain, mirrored = (picture[rows] for picture in pictures)
    assert np.abs(mirrored[:, ::-1] - plain).mean() < 3
    assert np.abs(mirrored - plain).mean() > 5 * np.abs(mirrored[:, ::-1] - plain).mean()


def test_a_motion_file_in_the_form_of_smpl_h(pipeline: Pipeline, video: Path, tmp_path: Path) -> None:
    capture(video)
    bpy.ops.posenet3d.export(filepath=str(tmp_path / "take.npz"), file_format="npz", smpl_h=True)
    assert np.load(tmp_path / "take.npz")["poses"].shape == (5, 156)
    assert load_motion(tmp_path / "take.npz").frame_count == 5


def test_paths_of_joints_and_body_follow_the_file_to_another_folder(
    pipeline: Pipeline, video: Path, tmp_path: Path
) -> None:
    body = tmp_path / "own.npz"
    copyfile(SHIPPED_BODY, body)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    settings().body = "//own.npz"
    take = capture(video)
    assert pipeline.settings[-1].body == body
    (tmp_path / "later").mkdir()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "later" / "shot.blend"))
    assert take_of(take).body.startswith("//")
    for options in (take_of(take), take_of(take).captured):
        assert Path(bpy.path.abspath(options.body)).resolve() == body.resolve()


@pytest.mark.parametrize("file_format", ["fbx", "glb"])
def test_the_character_is_exported_in_place_of_the_body(
    pipeline: Pipeline, video: Path, tmp_path: Path, file_format: str
) -> None:
    take = capture(video)
    path = tmp_path / f"hero.{file_format}"
    with pytest.raises(RuntimeError, match="No character has this take's motion"):
        bpy.ops.posenet3d.export(filepath=str(path), file_format=file_format, of_characters=True)
    hero = families.with_skin(families.unity("Hero"))
    retarget_settings(bpy.context.scene).first.target = hero
    bpy.ops.posenet3d.retarget()
    assert bpy.ops.posenet3d.export(filepath=str(path), file_format=file_format, of_characters=True) == {"FINISHED"}
    content = path.read_bytes()
    assert b"LeftUpperArm" in content
    assert people_of(take)[0].name.encode() + b"_body" not in content
    with pytest.raises(RuntimeError, match="can't hold a character"):
        bpy.ops.posenet3d.export(filepath=str(path), file_format="npz", of_characters=True)
