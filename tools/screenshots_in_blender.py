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
TAB = "PoseNet3D"
BUTTON_BELOW_TOP = 76
"""Pixels from the sidebar's upper edge to the middle of the button "Capture from Video"."""
SCREEN_HEIGHT = 800


def first_capture() -> Iterator[float]:
    """Do all steps, from the installation to the overlay."""
    bpy.ops.extensions.package_install_files(
        filepath=PACKAGE, repo="user_default", enable_on_install=True, overwrite=True
    )
    yield 1.0
    area = next(area for area in bpy.context.window_manager.windows[0].screen.areas if area.type == "VIEW_3D")
    area.spaces.active.show_region_ui = True
    bpy.data.objects.remove(bpy.data.objects["Cube"])  # it would hide the footage
    yield 1.0
    sidebar = next(region for region in area.regions if region.type == "UI")
    sidebar.active_panel_category = TAB
    settings = bpy.context.scene.posenet3d
    os.chdir(Path(CLIP).parent)  # a name without a folder is easier to read, and the same on any machine
    settings.footage = Path(CLIP).name
    area.tag_redraw()
    yield 3.0
    yield from request("panel")
    with in_view(area):
        bpy.ops.posenet3d.find_people("INVOKE_DEFAULT")
    yield from until(lambda: bpy.ops.posenet3d.capture.poll())
    settings.person = "number"
    area.tag_redraw()
    yield 1.0
    yield from request("people")
    top = SCREEN_HEIGHT - (sidebar.y + sidebar.height)
    yield from request("start", f"click {sidebar.x + sidebar.width // 2 - 10} {top + BUTTON_BELOW_TOP}")
    yield from until(lambda: not bpy.ops.posenet3d.capture.poll())
    yield 4.0
    yield from request("progress")
    yield from until(lambda: settings.latest is not None)
    yield 1.0
    with in_view(area):
        bpy.ops.posenet3d.overlay()
    view = area.spaces.active.region_3d
    view.view_camera_zoom, view.view_camera_offset = 4.0, (0.17, 0.0)  # beside the sidebar
    bpy.context.scene.frame_set(60)
    yield 2.0
    yield from request("overlay")


def in_view(area: bpy.types.Area) -> AbstractContextManager[None]:
    """Override the context with the 3D view's."""
    region = next(region for region in area.regions if region.type == "WINDOW")
    window = bpy.context.window_manager.windows[0]
    override: AbstractContextManager[None] = bpy.context.temp_override(window=window, area=area, region=region)
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
