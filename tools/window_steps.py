"""Steps in a real Blender window, for scripts that make_screenshots.py runs inside Blender.

Steps run from a timer, so that the window is redrawn between them. A step is a generator that yields the seconds to
wait. Screenshots and mouse clicks are requested from make_screenshots.py, which is outside, by files in FOLDER.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import bpy

PACKAGE, CLIP, FOLDER = sys.argv[sys.argv.index("--") + 1 :]
TAB = "PoseNet3D"
SCREEN_HEIGHT = 960
ROWS = {"capture": 78, "people": 115, "character": 141, "settings": 193, "queue": 219, "change": 605}
"""Pixels from the sidebar's upper edge to the middle of a button or of a panel's header: the button as it is at first,
the others with all sub-panels above them closed."""


def run(steps: Iterator[float]) -> None:
    """Take the steps once the window is there, then quit Blender."""
    bpy.context.preferences.view.show_splash = False  # before the first step: it opens with the window

    def next_step() -> float | None:
        try:
            return next(steps)
        except StopIteration:
            bpy.ops.wm.quit_blender()
        except Exception:
            traceback.print_exc()
            os._exit(1)  # a timer's error would leave the window open for ever
        return None

    bpy.app.timers.register(next_step, first_interval=1.0)


def open_tab() -> Iterator[float]:
    """Install the add-on and show its tab."""
    bpy.ops.extensions.package_install_files(
        filepath=PACKAGE, repo="user_default", enable_on_install=True, overwrite=True
    )
    yield 1.0
    view().spaces.active.show_region_ui = True
    yield 2.0
    sidebar().active_panel_category = TAB


def view() -> bpy.types.Area:
    """The 3D view."""
    return next(area for area in window().screen.areas if area.type == "VIEW_3D")


def sidebar() -> bpy.types.Region:
    """The sidebar of the 3D view."""
    return next(region for region in view().regions if region.type == "UI")


def window() -> bpy.types.Window:
    """The first window."""
    return bpy.context.window_manager.windows[0]


def progress() -> float:
    """Part of the running task that is done, by the add-on as it is installed."""
    name = next(name for name in bpy.context.preferences.addons.keys() if name.endswith(".posenet3d"))  # noqa: SIM118
    task = sys.modules[f"{name}.ui.modal_task"].current_task()
    return task.estimate.total if task else 1.0


def picture(name: str, part: str = "") -> Iterator[float]:
    """Take a screenshot once the window shows the present state, however slowly it is drawn.

    Args:
        name: of the file.
        part: WxH+X+Y of the screen; empty: all but its right part.
    """
    for _ in range(2):
        yield 0.5
        with bpy.context.temp_override(window=window()):
            bpy.ops.wm.redraw_timer(type="DRAW_WIN_SWAP", iterations=2)
    yield from request(name, f"screenshot {part}")


def click(row: str) -> Iterator[float]:
    """Click in a row of the sidebar, left of its middle, and wait until the window has reacted."""
    region = sidebar()
    top = SCREEN_HEIGHT - (region.y + region.height)
    yield from request(f"click_{row}", f"click {region.x + region.width // 3} {top + ROWS[row]}")
    yield 3.0
    with bpy.context.temp_override(window=window()):
        bpy.ops.wm.redraw_timer(type="DRAW_WIN_SWAP", iterations=2)


def in_view() -> AbstractContextManager[None]:
    """Override the context with the 3D view's."""
    area = view()
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
