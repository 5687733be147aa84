"""The running task, one at a time, beside the user's own work: its turns, its progress in the status bar, its end.

It may end from anywhere: done, failed, the Cancel button, another file opened, the window closed, the add-on disabled,
Blender quit. All of these call `stop_current`. Esc is no such way, because users press it to stop the playback, but for
tasks that take all input while they run, so that no button can be pressed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import bpy

from ..errors import Cancelled, PoseNet3DError, printable
from .progress_estimate import stage_name, time_left
from .task import RunningTask
from .words import in_panel_words
from .worker_thread import stop_all

_LOG = logging.getLogger(__name__)
_TURN_INTERVAL: Final = 0.1
"""Seconds."""
_STOP_TIMEOUT: Final = 10.0
"""Seconds."""


@dataclass
class _Running:
    task: RunningTask
    timer: bpy.types.Timer | None


_running: list[_Running] = []
"""None or one."""


def current_task() -> RunningTask | None:
    """The running task, if any."""
    return _running[0].task if _running else None


def describe(task: RunningTask) -> str:
    """Percentage of the whole task, and the time left, as text."""
    left = time_left(task.estimate.seconds_left)
    return f"{task.estimate.total:.0%}" + (f", {left}" if left else "")


def describe_stage(task: RunningTask) -> str:
    """The present stage and its percentage as text."""
    return f"{stage_name(task.stage)} {task.fraction:.0%}" if task.fraction > 0 else f"{stage_name(task.stage)} ..."


def describe_failure(task: RunningTask, error: Exception) -> str:
    """Text of a task's failure; one that is a bug of ours is logged with its traceback."""
    if isinstance(error, PoseNet3DError):
        return str(error)
    _LOG.error("%s failed", task.title, exc_info=error)
    return f"{task.title} failed unexpectedly ({error!r}); see the system console for details"


def stop_current() -> None:
    """Cancel the running task, if any, and leave no trace of it in file and window."""
    if not _running:
        return
    running = _running.pop()
    running.task.cancel()
    if running.timer:
        bpy.context.window_manager.event_timer_remove(running.timer)
    for workspace in bpy.data.workspaces:  # the user may have changed to another one
        workspace.status_text_set(None)
    _redraw_panels()


class ModalTaskOperator:
    """Base of operators that run a task: end `execute` with `return self.begin(context, task)`."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return current_task() is None

    def begin(self, context: bpy.types.Context, task: RunningTask) -> set[str]:
        """Run the task: to its end without a window, else modally beside the user's work."""
        self._task = task
        if bpy.app.background:
            _running.append(_Running(task, None))
            return self._report_outcome_of(self._complete)
        window = context.window or context.window_manager.windows[0]
        timer = context.window_manager.event_timer_add(_TURN_INTERVAL, window=window)
        _running.append(_Running(task, timer))
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if current_task() is not self._task:  # stopped from elsewhere
            return {"CANCELLED"}
        if event.type == "ESC" and self._task.is_cancelled_by_escape:
            self._end({"INFO"}, f"{self._task.title} cancelled")
            return {"CANCELLED"}
        if event.type != "TIMER":
            return {"RUNNING_MODAL"} if self._task.is_building else {"PASS_THROUGH"}
        return self._report_outcome_of(self._take_turn)

    def cancel(self, context: bpy.types.Context) -> None:
        """Stop the task: Blender ends the operator, because another file is opened or the window closes."""
        if current_task() is self._task:
            stop_current()

    def outcome(self) -> tuple[set[str], str]:
        """Report of a success: Blender's report type, and the text."""
        return {"INFO"}, f"{self._task.title} done"

    def _complete(self) -> bool:
        self._task.complete()
        return False

    def _take_turn(self) -> bool:
        more = self._task.advance()
        if more:
            for window in bpy.context.window_manager.windows:
                window.workspace.status_text_set(_draw_status)
            _redraw_panels()
        return more

    def _report_outcome_of(self, work: Callable[[], bool]) -> set[str]:
        """Do some work, which returns True if there is more, report an end, and return Blender's operator status."""
        try:
            if work():
                return {"PASS_THROUGH"}
        except Cancelled:
            self._end({"INFO"}, f"{self._task.title} cancelled")
            return {"CANCELLED"}
        except Exception as error:
            self._end({"ERROR"}, describe_failure(self._task, error))
            return {"CANCELLED"}
        self._end(*self.outcome())
        return {"FINISHED"}

    def _end(self, kind: set[str], message: str) -> None:
        stop_current()
        self.report(kind, printable(in_panel_words(message)))  # type: ignore[attr-defined]  # of bpy.types.Operator


class POSENET3D_OT_cancel(bpy.types.Operator):
    """Cancel the running task; the scene stays as it is"""

    bl_idname = "posenet3d.cancel"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return current_task() is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        self.report({"INFO"}, "Cancelled")
        stop_current()
        return {"FINISHED"}


def draw_cancel(layout: bpy.types.UILayout, emboss: bool = True) -> None:
    """Draw the Cancel button of the present task, or Esc where the task takes all input."""
    task = current_task()
    if task is not None and task.is_cancelled_by_escape:
        layout.label(text="Cancel", icon="EVENT_ESC")
    else:
        layout.operator(POSENET3D_OT_cancel.bl_idname, icon="X", emboss=emboss)


def _draw_status(header: bpy.types.Header, _context: bpy.types.Context) -> None:
    """Draw the status bar: the progress, and the Cancel button for those who have the sidebar closed."""
    task = current_task()
    if task is None:
        return
    row = header.layout.row()
    row.label(text=f"{task.title}: {describe_stage(task)} ({describe(task)})", icon="ARMATURE_DATA")
    draw_cancel(row, emboss=False)


@bpy.app.handlers.persistent
def _stop_before_loading(*_: object) -> None:
    stop_current()


def _redraw_panels() -> None:
    """Redraw the sidebars alone: whole 3D views would take time from the user's own work."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            for region in area.regions:
                if area.type == "VIEW_3D" and region.type == "UI":
                    region.tag_redraw()


def register() -> None:
    """Register the Cancel operator, and a handler that stops the task when another file is opened."""
    bpy.utils.register_class(POSENET3D_OT_cancel)
    bpy.app.handlers.load_pre.append(_stop_before_loading)


def unregister() -> None:
    """Stop the running task and all threads, and unregister."""
    stop_current()
    stop_all(_STOP_TIMEOUT)
    bpy.app.handlers.load_pre.remove(_stop_before_loading)
    bpy.utils.unregister_class(POSENET3D_OT_cancel)
