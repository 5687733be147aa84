"""What make_screenshots.py runs inside Blender: each step of a first capture, a picture asked for after each.

Steps run from a timer, so that the window draws between them. A step is a generator that yields the seconds to wait.
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
    """All steps, from the installation to the overlay."""
    bpy.ops.extensions.package_install_files(
        filepath=PACKAGE, repo="user_default", enable_on_install=True, overwrite=True
    )
    yield 1.0
    area = next(area for area in bpy.context.window_manager.windows[0].screen.areas if area.type == "VIEW_3D")
    area.spaces.active.show_region_ui = True
    bpy.data.objects.remove(bpy.data.objects["Cube"])  # it would stand before the footage
    yield 1.0
    sidebar = next(region for region in area.regions if region.type == "UI")
    sidebar.active_panel_category = TAB
    settings = bpy.context.scene.posenet3d
    os.chdir(Path(CLIP).parent)  # a name without a folder is easier to read, and the same everywhere
    settings.footage = Path(CLIP).name
    area.tag_redraw()
    yield 3.0
    yield from ask("panel")
    with in_view(area):
        bpy.ops.posenet3d.find_people("INVOKE_DEFAULT")
    yield from until(lambda: bpy.ops.posenet3d.capture.poll())
    settings.person = "number"
    area.tag_redraw()
    yield 1.0
    yield from ask("people")
    top = SCREEN_HEIGHT - (sidebar.y + sidebar.height)
    yield from ask("start", f"click {sidebar.x + sidebar.width // 2 - 10} {top + BUTTON_BELOW_TOP}")
    yield from until(lambda: not bpy.ops.posenet3d.capture.poll())
    yield 4.0
    yield from ask("progress")
    yield from until(lambda: settings.latest is not None)
    yield 1.0
    with in_view(area):
        bpy.ops.posenet3d.overlay()
    view = area.spaces.active.region_3d
    view.view_camera_zoom, view.view_camera_offset = 4.0, (0.17, 0.0)  # beside the sidebar
    bpy.context.scene.frame_set(60)
    yield 2.0
    yield from ask("overlay")


def in_view(area: bpy.types.Area) -> AbstractContextManager:
    """The context as in the 3D view."""
    region = next(region for region in area.regions if region.type == "WINDOW")
    return bpy.context.temp_override(window=bpy.context.window_manager.windows[0], area=area, region=region)


def ask(name: str, wish: str = "picture") -> Iterator[float]:
    """Have a picture taken, or another wish done from outside, and wait until it is."""
    asked = Path(FOLDER, f"{name}.asked")
    asked.write_text(wish, encoding="utf-8")
    yield from until(lambda: not asked.exists())


def until(condition: Callable[[], bool]) -> Iterator[float]:
    """Wait for something to come true."""
    while not condition():
        yield 0.2


bpy.context.preferences.view.show_splash = False  # at once: it opens with the window
_steps = first_capture()


def _next_step() -> float | None:
    try:
        return next(_steps)
    except StopIteration:
        bpy.ops.wm.quit_blender()
    return None


bpy.app.timers.register(_next_step, first_interval=1.0)
