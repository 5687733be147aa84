"""One activity at a time beside the user's own work: its turns, its progress in the status bar, and its end.

The end may come from anywhere: done, failed, Esc, the Cancel button, another file opened, the window closed, the add-on
disabled, Blender quit. All of them go through `stop`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import bpy

from ..errors import Cancelled, PoseNet3DError
from .task import Activity
from .worker_thread import stop_all

_LOG = logging.getLogger(__name__)
_SECONDS_BETWEEN_TURNS: Final = 0.1
_SECONDS_TO_STOP: Final = 10.0
_STAGE_NAMES: Final = {
    "starting": "Loading",
    "people": "Finding people",
    "landmarks": "Following the body",
    "solve": "Solving the motion",
    "building the scene": "Building the scene",
}


@dataclass
class _Running:
    activity: Activity
    timer: bpy.types.Timer | None


_running: list[_Running] = []
"""None or one."""


def current() -> Activity | None:
    """What is under way, for the panel to show."""
    return _running[0].activity if _running else None


def describe(activity: Activity) -> str:
    """Stage and percentage, for people."""
    name = _STAGE_NAMES.get(activity.stage, activity.stage.capitalize())
    return f"{name} {activity.fraction:.0%}"


def stop() -> None:
    """End what is under way, if anything is, and leave no trace of it in file and window."""
    if not _running:
        return
    running = _running.pop()
    running.activity.cancel()
    if running.timer:
        bpy.context.window_manager.event_timer_remove(running.timer)
    for workspace in bpy.data.workspaces:  # the user may have gone to another one
        workspace.status_text_set(None)
    _redraw_panels()


class BackgroundOperator:
    """What operators share that run an activity: begin with `return self.begin(context, activity)`."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return current() is None

    def begin(self, context: bpy.types.Context, activity: Activity) -> set[str]:
        """Run it to its end where there is no window, else beside the user's work."""
        self._activity = activity
        if bpy.app.background:
            _running.append(_Running(activity, None))
            return self._guarded(self._complete)
        window = context.window or context.window_manager.windows[0]
        timer = context.window_manager.event_timer_add(_SECONDS_BETWEEN_TURNS, window=window)
        _running.append(_Running(activity, timer))
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if current() is not self._activity:  # stopped from elsewhere
            return {"CANCELLED"}
        if event.type == "ESC" and event.value == "PRESS":
            self._activity.cancel()
            return {"RUNNING_MODAL"}
        if event.type != "TIMER":
            return {"RUNNING_MODAL"} if self._activity.is_building else {"PASS_THROUGH"}
        return self._guarded(self._take_turn)

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator by itself, when another file is opened or the window closes."""
        if current() is self._activity:
            stop()

    def _complete(self) -> bool:
        self._activity.complete()
        return False

    def _take_turn(self) -> bool:
        more = self._activity.advance()
        if more:
            for window in bpy.context.window_manager.windows:
                window.workspace.status_text_set(f"PoseNet3D: {describe(self._activity)}   (Esc cancels)")
            _redraw_panels()
        return more

    def _guarded(self, work: Callable[[], bool]) -> set[str]:
        """Do it, report how it ended, and say to Blender whether there is more."""
        try:
            if work():
                return {"PASS_THROUGH"}
        except Cancelled:
            self._end({"INFO"}, f"{self._activity.title} cancelled")
            return {"CANCELLED"}
        except PoseNet3DError as error:
            self._end({"ERROR"}, str(error))
            return {"CANCELLED"}
        except Exception as error:
            _LOG.exception("%s failed", self._activity.title)
            message = f"{self._activity.title} failed unexpectedly ({error!r}); the system console says where"
            self._end({"ERROR"}, message)
            return {"CANCELLED"}
        self._end(*self.outcome())
        return {"FINISHED"}

    def outcome(self) -> tuple[set[str], str]:
        """How a success is reported: Blender's kind of report, and its text."""
        return {"INFO"}, f"{self._activity.title} done"

    def _end(self, kind: set[str], message: str) -> None:
        stop()
        self.report(kind, message)  # type: ignore[attr-defined]  # an operator's own


class POSENET3D_OT_cancel(bpy.types.Operator):
    """Stop what is under way; the scene stays as it is"""

    bl_idname = "posenet3d.cancel"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return current() is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        self.report({"INFO"}, "Cancelled")
        stop()
        return {"FINISHED"}


@bpy.app.handlers.persistent
def _stop_before_loading(*_: object) -> None:
    stop()


def _redraw_panels() -> None:
    """The sidebars only: drawing whole 3D views again would cost the user's own work time."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            for region in area.regions:
                if area.type == "VIEW_3D" and region.type == "UI":
                    region.tag_redraw()


def register() -> None:
    """Add the Cancel operator, and watch for other files being opened."""
    bpy.utils.register_class(POSENET3D_OT_cancel)
    bpy.app.handlers.load_pre.append(_stop_before_loading)


def unregister() -> None:
    """Stop what runs, its threads too, and take everything out."""
    stop()
    stop_all(_SECONDS_TO_STOP)
    bpy.app.handlers.load_pre.remove(_stop_before_loading)
    bpy.utils.unregister_class(POSENET3D_OT_cancel)
