"""The operator that captures from a video."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import bpy

from ..body.model import Body, load_body
from ..errors import PoseNet3DError, printable
from ..progress import Progress
from ..scene.build import build_scene_in_steps
from ..scene.incremental import Steps
from .characters import check_chosen, retarget_people
from .modal_task import ModalTaskOperator
from .results import store_results
from .settings import settings_of
from .task import Task

if TYPE_CHECKING:
    from ..capture.pipeline import Capture


class POSENET3D_OT_capture(ModalTaskOperator, bpy.types.Operator):
    """Capture the motion of a person in a video as an animated armature"""

    bl_idname = "posenet3d.capture"
    bl_label = "Capture from Video"
    bl_options = {"UNDO"}  # not REGISTER: adjusting a setting afterwards would capture again

    # Blender reads properties from annotations, where a type checker expects types
    filepath: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Footage",
        description="The video; empty: as set in the panel",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )
    filter_movie: bpy.props.BoolProperty(default=True, options={"HIDDEN"})  # type: ignore[valid-type]
    filter_image: bpy.props.BoolProperty(default=True, options={"HIDDEN"})  # type: ignore[valid-type]
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN"})  # type: ignore[valid-type]
    person: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Person",
        description="largest, longest, all, or a number from 1; empty: as set in the panel",
        options={"SKIP_SAVE"},
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if settings_of(context.scene).footage or self.filepath:
            return self.execute(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        settings = settings_of(context.scene)
        if self.filepath:
            settings.footage = self.filepath
        if not settings.footage:
            self.report({"ERROR"}, "No footage is chosen; choose a video in the PoseNet3D tab")
            return {"CANCELLED"}
        try:
            check_chosen(context.scene)
        except PoseNet3DError as error:
            self.report({"ERROR"}, printable(str(error)))
            return {"CANCELLED"}
        video, (start, end) = settings.video, settings.time_range
        person = self.person or settings.chosen_person
        detector, device = settings.quality, settings.device or "auto"
        field_of_view, height = settings.field_of_view or None, settings.height or None
        input_fps = settings.input_fps or None
        smoothing, foot_lock = settings.smoothing, settings.foot_lock
        cache = cache_folder()
        self._summary = ""

        def work(progress: Progress) -> tuple[Capture, Body]:
            from ..capture.pipeline import CaptureSettings, capture_video

            chosen = CaptureSettings(
                device=device,
                person=person,
                start=start,
                end=end,
                field_of_view=field_of_view,
                height=height,
                input_fps=input_fps,
                detector=detector,
                smoothing=smoothing,
                foot_lock=foot_lock,
                cache_folder=cache,
            )
            return capture_video(video, chosen, progress), load_body()

        def show(result: tuple[Capture, Body]) -> Steps[None]:
            capture, body = result
            # Looked up here: an undo while the thread worked would invalidate earlier references.
            scene = bpy.context.scene
            hints: list[str] = []
            background = capture.footage.background
            armatures = yield from build_scene_in_steps(capture.motions, body, background, hints.append)
            hints += yield from retarget_people(scene, armatures)
            warnings = (*capture.warnings, *hints)
            store_results(scene, armatures, capture, warnings)
            self._summary = _summary(capture, warnings)

        return self.begin(context, Task("Capture", work, show))

    def outcome(self) -> tuple[set[str], str]:
        return {"INFO"}, self._summary


def _summary(capture: Capture, warnings: tuple[str, ...]) -> str:
    people = "1 person" if len(capture.motions) == 1 else f"{len(capture.motions)} people"
    hint = "; the PoseNet3D tab has warnings" if warnings else ""
    return f"Captured {people}, {capture.motions[0].frame_count} frames{hint}"


def cache_folder() -> Path | None:
    """The detection cache, in the extension's own user folder; None if this does not run as an extension."""
    try:
        return Path(bpy.utils.extension_path_user(__package__.rpartition(".")[0], path="detections", create=True))
    except ValueError:
        return None


register, unregister = bpy.utils.register_classes_factory((POSENET3D_OT_capture,))
