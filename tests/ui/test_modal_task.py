"""Turns and end of a task, driven as by a window."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn, TypeAlias

import numpy as np
import pytest

pytest.importorskip("bpy")

import bpy

from posenet3d_blender.background import Background
from posenet3d_blender.body.model import load_body
from posenet3d_blender.errors import Cancelled
from posenet3d_blender.motion import Motion
from posenet3d_blender.progress import Progress
from posenet3d_blender.scene.build import build_scene_in_steps
from posenet3d_blender.scene.incremental import Steps
from posenet3d_blender.ui import modal_task
from posenet3d_blender.ui import task as task_module
from posenet3d_blender.ui.capture import POSENET3D_OT_capture
from posenet3d_blender.ui.task import Task

from .conftest import standing

BODY = load_body()
StartCapture: TypeAlias = Callable[[], Task[Sequence[Motion]]]


def file_state() -> tuple[object, ...]:
    """All that a task could leave behind in file and scene."""
    scene = bpy.context.scene
    kinds = ("objects", "meshes", "armatures", "cameras", "actions", "materials", "collections", "images", "movieclips")
    render = scene.render
    return (
        {kind: sorted(getattr(bpy.data, kind).keys()) for kind in kinds},
        sorted(scene.collection.children.keys()),
        (scene.frame_start, scene.frame_end, scene.frame_current, scene.camera, len(scene.timeline_markers)),
        (render.fps, render.fps_base, render.resolution_x, render.resolution_y),
        bpy.context.view_layer.objects.active,
    )


@pytest.fixture
def capture(add_on: None, video: Path, monkeypatch: pytest.MonkeyPatch) -> StartCapture:
    """A task that works for a moment and then builds the scene, a short step in each turn."""
    monkeypatch.setattr(task_module, "TURN_SECONDS", 0.0)

    def work(progress: Progress) -> list[Motion]:
        for step in range(20):
            progress("landmarks", step / 20)
            time.sleep(0.002)
        return [standing(5)]

    def show(motions: Sequence[Motion]) -> Steps[None]:
        times = np.arange(131) / 30
        yield from build_scene_in_steps(motions, BODY, Background(video, video.stem, times, times))

    return lambda: Task("Capture", work, show)


def turns_until_done(task: Task[Any]) -> int:
    turns = 1
    while task.advance():
        turns += 1
        time.sleep(0.001)
    return turns


def test_the_scene_is_built_over_many_turns(capture: StartCapture) -> None:
    turns = turns_until_done(capture())
    assert "walk" in bpy.data.objects
    assert turns > 20


@pytest.mark.parametrize("seed", range(10))
def test_cancelling_at_any_moment_leaves_the_scene_as_it_was(capture: StartCapture, seed: int) -> None:
    before = file_state()
    turns = turns_until_done(capture())
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert file_state() == before
    cancelled = capture()
    for _ in range(random.Random(seed).randrange(turns)):
        if not cancelled.advance():
            return  # this run was faster
        time.sleep(0.001)
    cancelled.cancel()
    assert file_state() == before
    with pytest.raises(Cancelled):
        cancelled.advance()


def test_a_failure_while_building_leaves_the_scene_as_it_was(
    capture: StartCapture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> NoReturn:
        raise ZeroDivisionError

    monkeypatch.setattr("posenet3d_blender.scene.build.add_camera", fail)
    before = file_state()
    with pytest.raises(ZeroDivisionError):
        turns_until_done(capture())
    assert file_state() == before


def run_modally(task: Task[Any]) -> Task[Any]:
    modal_task._running.append(modal_task._Running(task, None))
    return task


def start_endless_task() -> Task[Any]:
    def work(progress: Progress) -> NoReturn:
        while True:
            progress("landmarks", 0.5)

    def show(_: object) -> Steps[None]:
        yield None

    return run_modally(Task("Capture", work, show))


def test_opening_another_file_stops_it(add_on: None) -> None:
    task = start_endless_task()
    assert modal_task.current_task() is task
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert modal_task.current_task() is None
    task._thread.wait()


def test_opening_another_file_while_building_stops_it(capture: StartCapture) -> None:
    task = run_modally(capture())
    while not task.is_building:
        task.advance()
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert modal_task.current_task() is None
    assert not bpy.data.objects


def test_escape_cancels_while_the_scene_is_built_and_no_button_works(capture: StartCapture) -> None:
    task = run_modally(capture())
    assert not task.is_cancelled_by_escape
    while not task.is_building:
        task.advance()
    operator: Any = SimpleNamespace(_task=task, _end=lambda *_: modal_task.stop_current())
    for kind, outcome in (("LEFTMOUSE", "RUNNING_MODAL"), ("ESC", "CANCELLED")):
        event = SimpleNamespace(type=kind, value="PRESS")
        assert POSENET3D_OT_capture.modal(operator, bpy.context, event) == {outcome}
    assert modal_task.current_task() is None
    assert not bpy.data.objects


def test_disabling_the_add_on_stops_its_threads(add_on: None) -> None:
    import posenet3d_blender

    start_endless_task()
    posenet3d_blender.unregister()
    assert modal_task.current_task() is None
    assert not [thread for thread in threading.enumerate() if thread.name == "PoseNet3D"]
    posenet3d_blender.register()


def test_the_cancel_button_ends_it_at_once(add_on: None) -> None:
    start_endless_task()
    assert not bpy.ops.posenet3d.capture.poll()
    assert bpy.ops.posenet3d.cancel() == {"FINISHED"}
    assert modal_task.current_task() is None
    assert bpy.ops.posenet3d.capture.poll()


def test_progress_is_told_in_plain_words(add_on: None) -> None:
    task = start_endless_task()
    while task.stage == "starting":
        time.sleep(0.001)
    assert modal_task.describe_stage(task) == "Tracking the body 50%"
    task.advance()
    assert modal_task.describe(task) == "48%"
