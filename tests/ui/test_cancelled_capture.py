"""Captures that are cancelled when their takes are nearly done."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("bpy")

import bpy

from posenet3d_blender.body.model import Body
from posenet3d_blender.capture.pipeline import Capture
from posenet3d_blender.scene.place import Place
from posenet3d_blender.scene.sound import strips_of
from posenet3d_blender.ui import task as task_module
from posenet3d_blender.ui.capture_task import new_take_task, request_of
from posenet3d_blender.ui.character_settings import retarget_settings
from posenet3d_blender.ui.scene_options import scene_options_of
from posenet3d_blender.ui.settings import settings_of
from posenet3d_blender.ui.takes import takes_in
from posenet3d_blender.ui.task import Task
from tests.scene.rigs import families
from tests.scene.rna_dump import dump_file
from tests.scene.test_sound import needs_sound, write_footage

from .conftest import Pipeline

pytestmark = pytest.mark.usefixtures("add_on")


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    """Footage with sound."""
    return write_footage(tmp_path / "beep.mp4", has_sound=True).path


def start(footage: Path, shots: str, monkeypatch: pytest.MonkeyPatch) -> Task[tuple[Capture, Body]]:
    """A capture that is advanced by short steps."""
    monkeypatch.setattr(task_module, "TURN_SECONDS", 0.0)
    monkeypatch.setattr("posenet3d_blender.scene.retarget.channels._STEP_SECONDS", 0.0)
    scene = bpy.context.scene
    options, settings = scene_options_of(scene), settings_of(scene)
    options.sound, settings.shots = True, shots
    task = new_take_task(request_of(settings, str(footage)), options.build_options(), Place.of(bpy.context))
    task.wait()
    return task


@needs_sound
def test_one_that_is_cancelled_while_a_character_is_keyed_leaves_no_sound(
    pipeline: Pipeline, footage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    retarget_settings(bpy.context.scene).first.target = families.unity("Hero")
    task = start(footage, "longest", monkeypatch)
    before = dump_file()
    while not takes_in(bpy.context.scene):
        assert task.advance()
    for _ in range(3):
        assert task.advance()
    task.cancel()
    assert dump_file() == before


@needs_sound
def test_all_shots_have_the_sound_of_the_whole_footage(
    pipeline: Pipeline, footage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(footage, "all", monkeypatch).complete()
    (strip,) = strips_of(bpy.context.scene.sequence_editor)
    assert (strip.frame_final_start, strip.frame_final_end) == (1, 66)
