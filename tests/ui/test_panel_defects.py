"""Small things that disturb in the window: paths, file browsers, units, Esc, the cache."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeGuard

import pytest

pytest.importorskip("bpy")

import bpy
import numpy as np

import posenet3d_blender
from posenet3d_blender.capture.detection.blazepose.regions import Region
from posenet3d_blender.capture.detection.choice import Shot, left_out_shots
from posenet3d_blender.capture.detection.find_people import PersonTrack
from posenet3d_blender.footage_endings import FOOTAGE_ENDINGS, PICTURE_ENDINGS
from posenet3d_blender.ui import modal_task, preferences
from posenet3d_blender.ui.capture import POSENET3D_OT_capture
from posenet3d_blender.ui.people import thumbnails_for
from posenet3d_blender.ui.settings import settings_of
from posenet3d_blender.ui.takes import current_take, take_of
from posenet3d_blender.ui.words import in_panel_words

from .conftest import Pipeline

pytestmark = pytest.mark.usefixtures("add_on")


@pytest.fixture
def saved_file(tmp_path: Path) -> Iterator[Path]:
    """An open file that is saved beside the video, in a Blender that prefers relative paths."""
    filepaths = bpy.context.preferences.filepaths
    before = filepaths.use_relative_paths
    filepaths.use_relative_paths = True
    path = tmp_path / "shot.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    yield path
    filepaths.use_relative_paths = before
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)


def test_paths_are_relative_where_the_user_prefers_that(saved_file: Path, pipeline: Pipeline, video: Path) -> None:
    assert bpy.ops.posenet3d.capture(filepath=str(video)) == {"FINISHED"}
    assert settings_of(bpy.context.scene).footage == "//walk.mp4"
    take = current_take(bpy.context)
    assert take is not None
    assert take_of(take).footage == "//walk.mp4"
    assert [image.filepath for image in bpy.data.images] == ["//walk.mp4"]
    assert settings_of(bpy.context.scene).video == video
    bpy.ops.posenet3d.open_footage(filepath=str(video))
    assert settings_of(bpy.context.scene).footage == "//walk.mp4"
    bpy.ops.posenet3d.use_footage(filepath=str(video))
    assert settings_of(bpy.context.scene).footage == "//walk.mp4"


def test_paths_stay_absolute_where_the_user_prefers_that(saved_file: Path, pipeline: Pipeline, video: Path) -> None:
    bpy.context.preferences.filepaths.use_relative_paths = False
    bpy.ops.posenet3d.capture(filepath=str(video))
    assert settings_of(bpy.context.scene).footage == str(video)
    assert [Path(image.filepath) for image in bpy.data.images] == [video]


def test_file_browsers_show_movies() -> None:
    """An operator's properties of these names are what Blender's file browser filters by."""
    operators = [getattr(bpy.ops.posenet3d, name).get_rna_type() for name in dir(bpy.ops.posenet3d)]
    names = {one.identifier.partition("_OT_")[2]: one.properties for one in operators}
    for browser in ("capture", "open_footage", "queue_add"):
        assert names[browser]["filter_movie"].default, browser
        assert names[browser]["filter_folder"].default, browser
        pattern = names[browser]["filter_glob"].default
        shown = {*pattern.replace("*", "").split(";"), *bpy.path.extensions_movie}
        assert shown >= set(FOOTAGE_ENDINGS), browser
        assert len(pattern) < 256, "Blender cuts longer ones off"
        if browser != "queue_add":
            assert names[browser]["filter_image"].default, browser
            assert shown | bpy.path.extensions_image >= set(PICTURE_ENDINGS), browser
    settings = settings_of(bpy.context.scene).bl_rna.properties
    assert settings["footage"].subtype == "NONE", "Blender's own button would open a browser without a filter"


def test_seconds_degrees_and_lengths_have_their_units() -> None:
    units = {
        name: (one.subtype, one.unit)
        for name, one in settings_of(bpy.context.scene).bl_rna.properties.items()
        if one.type == "FLOAT"
    }
    assert {units[name] for name in ("start", "end", "smoothing")} == {("TIME_ABSOLUTE", "TIME_ABSOLUTE")}
    assert units["view_angle"] == ("ANGLE", "ROTATION")
    assert units["height"] == ("DISTANCE", "LENGTH")
    bake = bpy.ops.posenet3d.bake.get_rna_type().properties
    assert (bake["angle"].unit, bake["distance"].unit) == ("ROTATION", "LENGTH")


def test_esc_is_left_to_the_playback() -> None:
    cancelled: list[bool] = []
    task = SimpleNamespace(is_building=False, is_cancelled_by_escape=False, cancel=lambda: cancelled.append(True))
    modal_task._running.append(modal_task._Running(task, None))
    try:
        operator: Any = SimpleNamespace(_task=task)
        for kind in ("ESC", "SPACE", "LEFTMOUSE"):
            event = SimpleNamespace(type=kind, value="PRESS")
            assert POSENET3D_OT_capture.modal(operator, bpy.context, event) == {"PASS_THROUGH"}
        assert not cancelled
        assert modal_task.current_task() is task
    finally:
        modal_task._running.clear()


def test_messages_use_the_names_of_the_panel() -> None:
    left_out = left_out_shots([(0.0, 1.5)])[0]
    assert "--" in left_out
    assert in_panel_words(left_out).endswith("was left out; capture it with Shot: All, or by Start and End")
    rate = "an image sequence states no frame rate; give it with --input-fps (in Blender: Input Frame Rate)"
    assert in_panel_words(rate).endswith("give it with Input Frame Rate")


def texts(folder: Path) -> Iterator[tuple[str, str]]:
    """File and text of each string in a folder's sources but docstrings; a 0 stands for what is filled in."""
    for path in sorted(folder.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            if id(node) in docstrings | parts:
                continue
            if isinstance(node, ast.JoinedStr):
                yield path.name, "".join(str(part.value) if is_text(part) else "0" for part in node.values)
            elif is_text(node):
                yield path.name, str(node.value)


def is_text(node: ast.AST) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


@pytest.mark.parametrize("folder", ["capture", "body", "motion_edit", "retargeting"])
def test_no_message_of_the_capture_names_an_option_of_the_command_line(folder: str) -> None:
    # Takes of AMASS are read at the command line alone.
    found = [one for one in texts(Path(posenet3d_blender.__file__).parent / folder) if one[0] != "amass.py"]
    named = [(file, text) for file, text in found if re.search("--[a-z]", text)]
    assert found
    assert len(named) > 10 or folder != "capture"
    assert not [(file, in_panel_words(text)) for file, text in named if "--" in in_panel_words(text)]


def test_the_cache_can_be_cleared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "detections"
    monkeypatch.setattr(preferences, "cache_folder", lambda: folder)
    assert not bpy.ops.posenet3d.clear_cache.poll()
    folder.mkdir()
    (folder / f"people_{'0a' * 16}.npz").write_bytes(b"people")
    (folder / f"{'0a' * 16}_0.000_1.000.npz").write_bytes(b"joints")
    (folder / "my_capture.npz").write_bytes(b"not the cache's")
    assert bpy.ops.posenet3d.clear_cache() == {"FINISHED"}
    assert [path.name for path in folder.iterdir()] == ["my_capture.npz"]


def test_people_are_numbered_as_in_the_chosen_shot(demo_clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first shot shows one person, the second two, the third one."""
    pytest.importorskip("av")

    def seen(first: float, last: float, x: float) -> PersonTrack:
        return PersonTrack(np.linspace(first, last, 5), (Region(x, 200, 100, 0),) * 5, np.ones(5), np.ones(5))

    tracks = [seen(0, 0.9, 100), seen(1, 1.3, 200), seen(1, 1.3, 50), seen(1.4, 1.6, 150)]
    shots = [
        Shot(slice(0, 30), tuple(tracks[:1])),
        Shot(slice(30, 42), tuple(tracks[1:3])),
        Shot(slice(42, 60), tuple(tracks[3:])),
    ]
    monkeypatch.setattr(
        "posenet3d_blender.capture.detection.cache.stored_people.find_or_load_people", lambda *_: list(shots)
    )
    settings = settings_of(bpy.context.scene)
    settings.footage = str(demo_clip)

    def found() -> dict[int, float]:
        assert not thumbnails_for(settings)
        bpy.ops.posenet3d.find_people()
        return {one.number: round(one.seconds, 3) for one in thumbnails_for(settings)}

    assert found() == {1: 0.9, 2: 0.3}
    settings.shots, settings.shot = "number", 2
    assert found() == {1: 0.3}, "there is one shot of two people"
    settings.shot = 3
    assert found() == {1: 0.2}
    settings.shot = 4
    with pytest.raises(RuntimeError, match="there is no shot 4; 3 found"):
        found()


def test_the_device_of_the_preferences_applies_where_the_scene_leaves_it_open(monkeypatch: pytest.MonkeyPatch) -> None:
    assert preferences.chosen_device(bpy.context) == "auto"
    monkeypatch.setattr(preferences, "preferences", lambda _: SimpleNamespace(device="cpu"))
    assert preferences.chosen_device(bpy.context) == "cpu"


def test_a_student_of_the_preferences_is_used(
    pipeline: Pipeline, video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = SimpleNamespace(device="auto", cache_place="", student=str(tmp_path))
    monkeypatch.setattr(preferences, "preferences", lambda _: own)
    bpy.ops.posenet3d.capture(filepath=str(video))
    assert pipeline.settings[-1].student == tmp_path


def test_the_documentation_is_at_hand() -> None:
    page = preferences.documentation()
    assert page is not None
    assert page.read_text(encoding="utf-8").startswith("# Your first capture")


def test_a_capture_uses_the_people_that_were_found(
    demo_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("av")
    for module in ("people", "capture_task"):
        monkeypatch.setattr(f"posenet3d_blender.ui.{module}.cache_folder", lambda: tmp_path)
    settings = settings_of(bpy.context.scene)
    settings.footage, settings.end, settings.quality = str(demo_clip), 0.4, "full"
    assert bpy.ops.posenet3d.find_people() == {"FINISHED"}
    assert len(thumbnails_for(settings)) == 1
    searches: list[object] = []

    def find_people(*arguments: object) -> None:
        searches.append(arguments)
        raise AssertionError("the people were found already")

    monkeypatch.setattr("posenet3d_blender.capture.detection.cache.stored_people.find_people", find_people)
    assert bpy.ops.posenet3d.capture() == {"FINISHED"}
    assert not searches
