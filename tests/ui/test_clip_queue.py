"""The queue of clips, and videos that are dropped into the view."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("bpy")

import bpy

from posenet3d_blender.errors import Cancelled
from posenet3d_blender.footage_endings import FOOTAGE_ENDINGS
from posenet3d_blender.scene.place import Place
from posenet3d_blender.ui import clip_queue
from posenet3d_blender.ui.capture_task import new_take_task, request_of
from posenet3d_blender.ui.clip_queue import QueueTask, queue_of
from posenet3d_blender.ui.modal_task import current_task
from posenet3d_blender.ui.scene_options import scene_options_of
from posenet3d_blender.ui.settings import settings_of
from posenet3d_blender.ui.takes import take_of, takes_in
from posenet3d_blender.ui.task import Task

from .conftest import Pipeline

pytestmark = pytest.mark.usefixtures("add_on")


def add(folder: Path, *names: str) -> None:
    files = [{"name": name} for name in names]
    assert bpy.ops.posenet3d.queue_add(directory=str(folder), files=files) == {"FINISHED"}


def outcomes() -> list[str]:
    return [clip.outcome for clip in queue_of(bpy.context.scene).clips]


def test_clips_are_captured_one_after_the_other_and_a_failure_stops_none(pipeline: Pipeline, video: Path) -> None:
    second = video.with_name("run.mp4")
    second.symlink_to(video.resolve())
    settings_of(bpy.context.scene).smoothing = 0.2
    add(video.parent, "walk.mp4", "missing.mp4", "run.mp4")
    assert not takes_in(bpy.context.scene)
    assert bpy.ops.posenet3d.capture_queue() == {"FINISHED"}
    assert [take.name for take in takes_in(bpy.context.scene)] == ["walk", "run"]
    done, failed, also_done = outcomes()
    assert (done, also_done) == ("done", "done")
    assert "no such file; check the name" in failed
    assert [settings.smoothing for settings in pipeline.settings] == [pytest.approx(0.2)] * 3
    before = len(pipeline.settings)
    assert bpy.ops.posenet3d.capture_queue() == {"FINISHED"}
    assert len(pipeline.settings) == before + 1, "the failed one alone is tried again"


def test_a_mistake_of_ours_fails_its_clip_alone_and_is_logged(
    pipeline: Pipeline, video: Path, caplog: pytest.LogCaptureFixture
) -> None:
    video.with_name("bug.mp4").symlink_to(video.resolve())
    add(video.parent, "bug.mp4", "walk.mp4")
    assert bpy.ops.posenet3d.capture_queue() == {"FINISHED"}
    failed, done = outcomes()
    assert failed.startswith("Clip 1 of 2 failed unexpectedly (ZeroDivisionError('a mistake of ours')); see")
    assert done == "done"
    assert "Traceback" in caplog.text


def test_it_can_be_cancelled_and_keeps_what_is_done(pipeline: Pipeline, video: Path) -> None:
    endless = video.with_name("endless.mp4")
    endless.symlink_to(video.resolve())
    settings = settings_of(bpy.context.scene)
    requests = [request_of(settings, str(path)) for path in (video, endless, video)]
    finished: list[int] = []
    options, place = scene_options_of(bpy.context.scene).build_options(), Place.of(bpy.context)
    starts = [partial(new_take_task, request, options, place) for request in requests]
    task = QueueTask(starts, lambda index, _: finished.append(index), lambda: None)
    while task.title != "Clip 2 of 3":
        assert task.advance()
        time.sleep(0.001)
    task.advance()
    task.cancel()
    with pytest.raises(Cancelled):
        task.advance()
    assert finished == [0]
    assert len(takes_in(bpy.context.scene)) == 1


def do_before(number: int, work: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Do what a user does while the queue runs, just before the clip of this number, from 1, is started."""
    real, started = clip_queue.new_take_task, []

    def start(*arguments: Any) -> Task[Any]:
        started.append(arguments)
        if len(started) == number:
            work()
        return real(*arguments)

    monkeypatch.setattr(clip_queue, "new_take_task", start)


def test_another_scene_that_is_shown_meanwhile_gets_no_take(
    pipeline: Pipeline, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video.with_name("run.mp4").symlink_to(video.resolve())
    scene, other = bpy.context.scene, bpy.data.scenes.new("Other")
    scene_options_of(scene).root, scene_options_of(other).root = "ground", "hips"
    add(video.parent, "walk.mp4", "run.mp4", "missing.mp4")
    do_before(2, lambda: setattr(bpy.context.window, "scene", other), monkeypatch)
    assert bpy.ops.posenet3d.capture_queue() == {"FINISHED"}
    assert bpy.context.scene == other
    assert [take.name for take in takes_in(scene)] == ["walk", "run"]
    assert {take_of(take).root for take in takes_in(scene)} == {"ground"}
    assert not takes_in(other)
    assert [clip.outcome for clip in queue_of(scene).clips][:2] == ["done", "done"]
    assert "no such file" in queue_of(scene).clips[2].outcome
    assert not queue_of(other).clips


def test_the_queue_stops_with_one_line_when_its_scene_is_removed(
    pipeline: Pipeline, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video.with_name("run.mp4").symlink_to(video.resolve())
    scene, other = bpy.context.scene, bpy.data.scenes.new("Other")
    scene.name = "Shot 10"
    add(video.parent, "walk.mp4", "run.mp4", "walk.mp4")

    def remove() -> None:
        bpy.context.window.scene = other
        bpy.data.scenes.remove(scene)

    do_before(2, remove, monkeypatch)
    with pytest.raises(RuntimeError, match="Shot 10: this scene is not in the file any more; the queue was stopped"):
        bpy.ops.posenet3d.capture_queue()
    assert not takes_in(other)
    assert len(pipeline.settings) < 3
    assert current_task() is None


def test_only_the_first_clip_sets_up_an_untouched_scene(
    pipeline: Pipeline, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bpy.ops.wm.read_homefile(use_empty=False, use_factory_startup=True)
    scene = bpy.context.scene
    assert scene_options_of(scene).rate
    video.with_name("run.mp4").symlink_to(video.resolve())
    add(video.parent, "missing.mp4", "walk.mp4", "run.mp4")
    do_before(3, lambda: setattr(scene.render, "resolution_x", 333), monkeypatch)
    assert bpy.ops.posenet3d.capture_queue() == {"FINISHED"}
    assert (scene.render.fps, scene.frame_end, scene.render.resolution_x) == (30, 5, 333)


def test_clips_can_be_removed(video: Path) -> None:
    add(video.parent, "a.mp4", "b.mp4", "c.mp4")
    queue_of(bpy.context.scene).index = 1
    bpy.ops.posenet3d.queue_remove()
    assert [Path(clip.footage).name for clip in queue_of(bpy.context.scene).clips] == ["a.mp4", "c.mp4"]
    bpy.ops.posenet3d.queue_remove(everything=True)
    assert not bpy.ops.posenet3d.capture_queue.poll()


def test_a_dropped_video_is_the_footage_and_several_are_the_queue(video: Path) -> None:
    drop = bpy.ops.posenet3d.drop_footage
    assert drop(directory=str(video.parent), files=[{"name": video.name}]) == {"FINISHED"}
    assert settings_of(bpy.context.scene).video == video
    assert drop(directory=str(video.parent), files=[{"name": "a.mp4"}, {"name": "b.mp4"}]) == {"FINISHED"}
    assert len(queue_of(bpy.context.scene).clips) == 2


def test_blender_knows_what_may_be_dropped() -> None:
    handler = bpy.types.POSENET3D_FH_footage
    assert handler.bl_import_operator == "posenet3d.drop_footage"
    assert set(handler.bl_file_extensions.split(";")) == set(FOOTAGE_ENDINGS)
