"""Script that make_screenshots.py runs inside Blender: the steps of a first capture, with a screenshot after each.

Steps run from a timer, so that the window is redrawn between them. A step is a generator that yields the seconds to
wait.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import bpy

PACKAGE, CLIP, FOLDER = sys.argv[sys.argv.index("--") + 1 :]
TWO_DANCERS = "two_dancers.mp4"
TAB = "PoseNet3D"
SCREEN_HEIGHT = 960
ROWS = {"capture": 78, "character": 115, "people": 141, "queue": 219, "change": 584}
"""Pixels from the sidebar's upper edge to the middle of a button or of a panel's header: the button as it is at first,
the others with all sub-panels above them closed."""


def first_capture() -> Iterator[float]:
    """Do all steps, from the installation to the preferences."""
    bpy.ops.extensions.package_install_files(
        filepath=PACKAGE, repo="user_default", enable_on_install=True, overwrite=True
    )
    yield 1.0
    area = next(area for area in window().screen.areas if area.type == "VIEW_3D")
    area.spaces.active.show_region_ui = True
    yield 2.0
    sidebar = next(region for region in area.regions if region.type == "UI")
    sidebar.active_panel_category = TAB
    os.chdir(Path(CLIP).parent)  # a name without a folder is easier to read, and the same on any machine
    settings = bpy.context.scene.posenet3d
    settings.footage = Path(CLIP).name
    yield from picture("panel")
    yield from people(area, settings)
    yield from capture(sidebar, settings)
    yield from overlay(area)
    yield from queue(sidebar)
    yield from preferences()


def people(area: bpy.types.Area, settings: bpy.types.PropertyGroup) -> Iterator[float]:
    """Find the people of the clip of two."""
    os.chdir(FOLDER)
    settings.footage = TWO_DANCERS
    with in_view(area):
        bpy.ops.posenet3d.find_people("INVOKE_DEFAULT")
    yield from until(lambda: bpy.ops.posenet3d.capture.poll())
    bpy.ops.posenet3d.choose_person(number=1)
    yield from picture("people")
    os.chdir(Path(CLIP).parent)
    settings.footage, settings.person = Path(CLIP).name, "largest"


def capture(sidebar: bpy.types.Region, settings: bpy.types.PropertyGroup) -> Iterator[float]:
    """Capture by the button, with the mouse."""
    yield from click(sidebar, "capture")
    yield from until(lambda: not bpy.ops.posenet3d.capture.poll())
    yield from until(lambda: progress() > 0.5)
    yield from picture("progress")
    yield from until(lambda: settings.take is not None)
    yield 1.0


def overlay(area: bpy.types.Area) -> Iterator[float]:
    """Show the overlay, and the take's result beside it; then the options of the take."""
    with in_view(area):
        bpy.ops.posenet3d.overlay()
    bpy.context.scene.frame_set(60)
    yield from picture("overlay")
    sidebar = next(region for region in area.regions if region.type == "UI")
    for row in ("character", "people", "change"):
        yield from click(sidebar, row)
    yield from picture("change_take")
    yield from click(sidebar, "change")
    with in_view(area):
        bpy.ops.posenet3d.overlay()


def queue(sidebar: bpy.types.Region) -> Iterator[float]:
    """Fill the queue with clips of the takes of a day."""
    names = ["walk_1.mp4", "walk_2.mp4", "turn.mp4", "sit_down.mp4"]
    bpy.ops.posenet3d.queue_add(directory=str(Path(CLIP).parent), files=[{"name": name} for name in names])
    clips = bpy.context.scene.posenet3d_queue.clips
    clips[0].outcome = clips[1].outcome = "done"
    yield from click(sidebar, "queue")
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


def window() -> bpy.types.Window:
    """The first window."""
    return bpy.context.window_manager.windows[0]


def progress() -> float:
    """Part of the running task that is done, by the add-on as it is installed."""
    name = next(name for name in bpy.context.preferences.addons.keys() if name.endswith(".posenet3d"))  # noqa: SIM118
    task = sys.modules[f"{name}.ui.modal_task"].current_task()
    return task.estimate.total if task else 1.0


def picture(name: str) -> Iterator[float]:
    """Take a screenshot once the window shows the present state, however slowly it is drawn."""
    for _ in range(2):
        yield 0.5
        with bpy.context.temp_override(window=window()):
            bpy.ops.wm.redraw_timer(type="DRAW_WIN_SWAP", iterations=2)
    yield from request(name)


def click(sidebar: bpy.types.Region, row: str) -> Iterator[float]:
    """Click in a row of the sidebar, left of its middle, and wait until the window has reacted."""
    top = SCREEN_HEIGHT - (sidebar.y + sidebar.height)
    yield from request(f"click_{row}", f"click {sidebar.x + sidebar.width // 3} {top + ROWS[row]}")
    yield 3.0
    with bpy.context.temp_override(window=window()):
        bpy.ops.wm.redraw_timer(type="DRAW_WIN_SWAP", iterations=2)


def in_view(area: bpy.types.Area) -> AbstractContextManager[None]:
    """Override the context with the 3D view's."""
    region = next(region for region in area.regions if region.type == "WINDOW")
    override: AbstractContextManager[None] = bpy.context.temp_override(window=window(), area=area, region=region)
    return override


def request(name: str, text: str = "screenshot") -> Iterator[float]:
    """Request a screenshot or a click from make_screenshots.py, and wait until it is done."""
    file = Path(FOLDER, f"{name}.request")
    file.write_text(text, encoding="utf-8")
    yield from until(lambda: not file.exists())


def until(condition: Callable[[], bool]) -> Iterator[float]:
    """Wait until a condition is true."""
    while not condition():
        yield 0.2


bpy.context.preferences.view.show_splash = False  # before the first step: it opens with the window
_steps = first_capture()


def _next_step() -> float | None:
    try:
        return next(_steps)
    except StopIteration:
        bpy.ops.wm.quit_blender()
    return None


bpy.app.timers.register(_next_step, first_interval=1.0)
