"""Capture from a video, and its cancelling."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import bpy

from ..body.model import load_body
from ..errors import Cancelled, PoseNet3DError
from .job import CaptureJob

if TYPE_CHECKING:
    from ..capture.pipeline import Capture

_LOG = logging.getLogger(__name__)
_SECONDS_BETWEEN_LOOKS = 0.1
_SECONDS_TO_STOP = 10.0

_running: list[CaptureJob] = []
"""The capture under way, if there is one."""


def running_job() -> CaptureJob | None:
    """The capture under way, for the panel to show."""
    return _running[0] if _running else None


class POSENET3D_OT_capture(bpy.types.Operator):
    """Capture the motion of a person in a video as an animated armature"""

    bl_idname = "posenet3d.capture"
    bl_label = "Capture from Video"
    bl_options = {"UNDO"}  # not REGISTER: adjusting a setting afterwards would capture again

    # Blender reads properties from annotations, where a type checker wants types
    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})  # type: ignore[valid-type]
    filter_movie: bpy.props.BoolProperty(default=True, options={"HIDDEN"})  # type: ignore[valid-type]
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN"})  # type: ignore[valid-type]
    person: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Person",
        description="Who is captured when several people are in view",
        items=(
            ("largest", "Largest", "The person who takes up most of the picture"),
            ("longest", "Longest in View", "The person who is seen for the longest time"),
            ("all", "Everyone", "One armature for each person"),
        ),
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return running_job() is None

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        from ..capture.pipeline import CaptureSettings

        job = CaptureJob(Path(bpy.path.abspath(self.filepath)), CaptureSettings(person=self.person))
        _running.append(job)
        if bpy.app.background:
            job.wait()
            return self._finish(context)
        self._timer = context.window_manager.event_timer_add(_SECONDS_BETWEEN_LOOKS, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        job = _running[0]
        if event.type == "ESC" and event.value == "PRESS":
            job.cancel()
            return {"RUNNING_MODAL"}
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        if job.is_running:
            context.workspace.status_text_set(f"PoseNet3D: {job.stage} {job.fraction:.0%}   (Esc cancels)")
            _redraw_panels(context)
            return {"PASS_THROUGH"}
        return self._finish(context)

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator by itself, when another file is opened or the window closes."""
        _running[0].cancel()
        self._leave(context)

    def _finish(self, context: bpy.types.Context) -> set[str]:
        job = _running[0]
        self._leave(context)
        try:
            self._build(job.result())
        except Cancelled:
            self.report({"INFO"}, "Capture cancelled")
            return {"CANCELLED"}
        except PoseNet3DError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        except Exception as error:
            _LOG.exception("capture of %s failed", job.video)
            self.report({"ERROR"}, f"{job.video}: failed unexpectedly ({error!r}); the system console says where")
            return {"CANCELLED"}
        return {"FINISHED"}

    def _build(self, capture: Capture) -> None:
        from ..scene import build_scene

        armatures = build_scene(capture.motions, load_body(), capture.footage.path)
        for warning in capture.warnings:
            self.report({"WARNING"}, warning)
        people = "1 person" if len(armatures) == 1 else f"{len(armatures)} people"
        self.report({"INFO"}, f"Captured {people}, {capture.motions[0].frame_count} frames")

    def _leave(self, context: bpy.types.Context) -> None:
        _running.clear()
        if not bpy.app.background:
            context.window_manager.event_timer_remove(self._timer)
            context.workspace.status_text_set(None)
            _redraw_panels(context)


class POSENET3D_OT_cancel(bpy.types.Operator):
    """Stop the capture; nothing is added to the scene"""

    bl_idname = "posenet3d.cancel"
    bl_label = "Cancel"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return running_job() is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        _running[0].cancel()
        return {"FINISHED"}


def _redraw_panels(context: bpy.types.Context) -> None:
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                area.tag_redraw()


_register_classes, _unregister_classes = bpy.utils.register_classes_factory((POSENET3D_OT_capture, POSENET3D_OT_cancel))


def register() -> None:
    """Add the operators to Blender."""
    _register_classes()


def unregister() -> None:
    """Stop a running capture and take the operators out."""
    job = running_job()
    if job:
        job.cancel()
        job.wait(_SECONDS_TO_STOP)
    _unregister_classes()
