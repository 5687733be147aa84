"""Script that make_screenshots.py runs inside Blender: the steps of a first capture, with a screenshot after each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import bpy

from tools.window_steps import (
    CLIP,
    FOLDER,
    TAB,
    click,
    in_view,
    open_tab,
    picture,
    progress,
    request,
    run,
    until,
    window,
)

TWO_DANCERS = "two_dancers.mp4"


def first_capture() -> Iterator[float]:
    """Do all steps, from the installation to the preferences."""
    yield from open_tab()
    os.chdir(Path(CLIP).parent)  # a name without a folder is easier to read, and the same on any machine
    settings = bpy.context.scene.posenet3d
    settings.footage = Path(CLIP).name
    yield from picture("panel")
    yield from people(settings)
    yield from capture(settings)
    yield from overlay()
    yield from queue()
    yield from preferences()


def people(settings: bpy.types.PropertyGroup) -> Iterator[float]:
    """Find the people of the clip of two."""
    os.chdir(FOLDER)
    settings.footage = TWO_DANCERS
    with in_view():
        bpy.ops.posenet3d.find_people("INVOKE_DEFAULT")
    yield from until(lambda: bpy.ops.posenet3d.capture.poll())
    bpy.ops.posenet3d.choose_person(number=1)
    yield from picture("people")
    os.chdir(Path(CLIP).parent)
    settings.footage, settings.person = Path(CLIP).name, "largest"


def capture(settings: bpy.types.PropertyGroup) -> Iterator[float]:
    """Capture by the button, with the mouse."""
    yield from click("capture")
    yield from until(lambda: not bpy.ops.posenet3d.capture.poll())
    yield from until(lambda: progress() > 0.5)
    yield from picture("progress")
    yield from until(lambda: settings.take is not None)
    yield 1.0


def overlay() -> Iterator[float]:
    """Show the overlay, and the take's result beside it; then the options of the take and of the next capture."""
    with in_view():
        bpy.ops.posenet3d.overlay()
    bpy.context.scene.frame_set(60)
    yield from picture("overlay")
    for row in ("people", "character", "change"):
        yield from click(row)
    yield from picture("change_take")
    for row in ("change", "settings"):
        yield from click(row)
    yield from picture("settings", "256x600+773+84")
    yield from click("settings")
    with in_view():
        bpy.ops.posenet3d.overlay()


def queue() -> Iterator[float]:
    """Fill the queue with clips of the takes of a day."""
    names = ["walk_1.mp4", "walk_2.mp4", "turn.mp4", "sit_down.mp4"]
    bpy.ops.posenet3d.queue_add(directory=str(Path(CLIP).parent), files=[{"name": name} for name in names])
    clips = bpy.context.scene.posenet3d_queue.clips
    clips[0].outcome = clips[1].outcome = "done"
    yield from click("queue")
    yield from picture("queue")


def preferences() -> Iterator[float]:
    """Show the add-on's preferences in a window of their own."""
    bpy.context.window_manager.addon_search = TAB
    with bpy.context.temp_override(window=window()):
        bpy.ops.screen.userpref_show("INVOKE_DEFAULT", section="ADDONS")
    yield 2.0
    name = next(name for name in bpy.context.preferences.addons.keys() if name.endswith(".posenet3d"))  # noqa: SIM118
    bpy.ops.preferences.addon_expand(module=name)
    yield 2.0
    yield from request("move_preferences", "move Preferences 60 100")
    yield 2.0
    yield from request("preferences", "screenshot 688x542+60+100")


run(first_capture())
