"""An activity's turns and its end, as a window would drive them."""

from __future__ import annotations

import random
import threading
import time

import pytest

bpy = pytest.importorskip("bpy")

from posenet3d_blender.body.model import load_body  # noqa: E402
from posenet3d_blender.errors import Cancelled  # noqa: E402
from posenet3d_blender.scene.build import build_scene_in_steps  # noqa: E402
from posenet3d_blender.ui import modal_task as background  # noqa: E402
from posenet3d_blender.ui import task as activity_module  # noqa: E402
from posenet3d_blender.ui.task import Activity  # noqa: E402

from .conftest import standing  # noqa: E402

BODY = load_body()


def everything():
    """What could be left behind in file and scene."""
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
def capture(add_on, video, monkeypatch):
    """An activity that works for a moment and then builds the scene, a short step in each turn."""
    monkeypatch.setattr(activity_module, "LONGEST_TURN", 0.0)

    def work(progress):
        for step in range(20):
            progress("landmarks", step / 20)
            time.sleep(0.002)
        return [standing(5)]

    def show(motions):
        yield from build_scene_in_steps(motions, BODY, video)

    return lambda: Activity("Capture", work, show)


def turns_until_done(activity):
    turns = 1
    while activity.advance():
        turns += 1
        time.sleep(0.001)
    return turns


def test_the_scene_is_built_over_many_turns(capture):
    turns_at_once = turns_until_done(capture())
    assert "walk" in bpy.data.objects
    assert turns_at_once > 20


@pytest.mark.parametrize("seed", range(10))
def test_cancelling_at_any_moment_leaves_the_scene_as_it_was(capture, seed):
    before = everything()
    turns = turns_until_done(capture())
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert everything() == before
    cancelled = capture()
    for _ in range(random.Random(seed).randrange(turns)):
        if not cancelled.advance():
            return  # it was faster this time
        time.sleep(0.001)
    cancelled.cancel()
    assert everything() == before
    with pytest.raises(Cancelled):
        cancelled.advance()


def test_a_failure_while_building_leaves_the_scene_as_it_was(capture, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("posenet3d_blender.scene.build.add_camera", fail)
    before = everything()
    with pytest.raises(ZeroDivisionError):
        turns_until_done(capture())
    assert everything() == before


def running(activity):
    background._running.append(background._Running(activity, None))
    return activity


def endless():
    def work(progress):
        while True:
            progress("landmarks", 0.5)

    return running(Activity("Capture", work, lambda _: iter(())))


def test_opening_another_file_stops_it(add_on):
    activity = endless()
    assert background.current() is activity
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert background.current() is None
    activity._job.wait()


def test_opening_another_file_while_building_stops_it(capture):
    activity = running(capture())
    while not activity.is_building:
        activity.advance()
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert background.current() is None
    assert not bpy.data.objects


def test_disabling_the_add_on_stops_its_threads(add_on):
    import posenet3d_blender

    endless()
    posenet3d_blender.unregister()
    assert background.current() is None
    assert not [thread for thread in threading.enumerate() if thread.name == "PoseNet3D"]
    posenet3d_blender.register()


def test_the_cancel_button_ends_it_at_once(add_on):
    endless()
    assert not bpy.ops.posenet3d.capture.poll()
    assert bpy.ops.posenet3d.cancel() == {"FINISHED"}
    assert background.current() is None
    assert bpy.ops.posenet3d.capture.poll()


def test_progress_is_told_in_plain_words(add_on):
    activity = endless()
    while activity.stage == "starting":
        time.sleep(0.001)
    assert background.describe(activity) == "Following the body 50%"
