"""A queue of clips that are captured one after the other, each as a take; it can be cancelled as a whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import bpy

from ..errors import Cancelled, PoseNet3DError, counted, printable
from ..scene.paths import path_to_store
from ..scene.place import Place
from .capture_task import CaptureRequest, new_take_task, request_of
from .footage_browser import VideoBrowser
from .modal_task import ModalTaskOperator, current_task, describe_failure
from .progress_estimate import EstimateOfSeveral
from .scene_options import scene_options_of
from .settings import settings_of
from .task import Task
from .words import in_panel_words

StartTask = Callable[[], Task[Any]]


class POSENET3D_PG_clip(bpy.types.PropertyGroup):
    """A clip in the queue"""

    # Blender reads properties from annotations, where a type checker expects types
    footage: bpy.props.StringProperty(name="Footage", description="The video")  # type: ignore[valid-type]
    outcome: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Outcome", description="done, or the reason of a failure; empty: not captured yet"
    )


class POSENET3D_PG_queue(bpy.types.PropertyGroup):
    """Clips to capture one after the other"""

    clips: bpy.props.CollectionProperty(  # type: ignore[valid-type]
        name="Clips", description="In the order of capture", type=POSENET3D_PG_clip
    )
    index: bpy.props.IntProperty(name="Clip", description="The chosen clip")  # type: ignore[valid-type]


class QueueTask:
    """Several tasks, one after the other, driven like one `Task`; a failure does not stop the next."""

    def __init__(
        self, starts: Sequence[StartTask], finished: Callable[[int, str], None], check: Callable[[], object]
    ) -> None:
        """Start the first.

        Args:
            starts: each starts one task.
            finished: called on the main thread with a task's index and its failure, empty where there is none.
            check: called before each turn; an error that it raises ends the whole.
        """
        self._starts = starts
        self._finished = finished
        self._check = check
        self._index = 0
        self._is_cancelled = False
        self.estimate = EstimateOfSeveral(len(starts))
        """Of all tasks."""
        self._start()

    @property
    def title(self) -> str:
        """Name for messages."""
        return f"Clip {self._index + 1} of {len(self._starts)}"

    @property
    def stage(self) -> str:
        """Of the present task."""
        return self._task.stage

    @property
    def fraction(self) -> float:
        """Of the present stage."""
        return self._task.fraction

    @property
    def is_building(self) -> bool:
        """True while the present task changes the file."""
        return self._task.is_building

    @property
    def is_cancelled_by_escape(self) -> bool:
        """True while the present task changes the file."""
        return self._task.is_cancelled_by_escape

    def advance(self) -> bool:
        """Take one short turn; False when all are done.

        Raises:
            Cancelled: by the user.
            PoseNet3DError: by the check.
        """
        if self._is_cancelled:
            raise Cancelled
        self._check()
        failure = ""
        try:
            if self._task.advance():
                return True
        except Cancelled:
            raise
        except Exception as error:
            failure = describe_failure(self, error)
        self._finished(self._index, failure)
        if self._index + 1 == len(self._starts):
            return False
        self._index += 1
        self._start()
        return True

    def _start(self) -> None:
        """Start the present task."""
        self._task = self._starts[self._index]()
        self.estimate.begin(self._index, self._task.estimate)

    def cancel(self) -> None:
        """Stop; takes of finished clips stay."""
        self._is_cancelled = True
        self._task.cancel()

    def complete(self) -> None:
        """Take all turns at once, where there is no window."""
        while True:
            self._task.wait()
            if not self.advance():
                return


class POSENET3D_OT_capture_queue(ModalTaskOperator, bpy.types.Operator):
    """Capture the clips that are not done, one after the other, each as a take with the present settings"""

    bl_idname = "posenet3d.capture_queue"
    bl_label = "Capture Queue"
    bl_options = {"UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return super().poll(context) and bool(_waiting(context.scene))

    def execute(self, context: bpy.types.Context) -> set[str]:
        settings, place = settings_of(context.scene), Place.of(context)
        waiting = _waiting(context.scene)
        clips = [queue_of(context.scene).clips[index].footage for index in waiting]
        requests = [request_of(settings, footage) for footage in clips]
        options = scene_options_of(context.scene).options_of_several()
        scene_name = context.scene.name
        self._failures: list[str] = []

        def scene() -> bpy.types.Scene:
            found = place.scene()  # the user may look at another one by now
            if found is None:
                raise PoseNet3DError(f"{scene_name}: this scene is not in the file any more; the queue was stopped")
            return found

        def finished(number: int, failure: str) -> None:
            self._failures.append(failure)
            queued = queue_of(scene()).clips
            # An undo meanwhile may have taken back that clips were added.
            if waiting[number] < len(queued) and queued[waiting[number]].footage == clips[number]:
                queued[waiting[number]].outcome = printable(in_panel_words(failure)) or "done"

        def start(request: CaptureRequest) -> Task[Any]:
            return new_take_task(request, options["" in self._failures], place)

        return self.begin(context, QueueTask([partial(start, request) for request in requests], finished, scene))

    def outcome(self) -> tuple[set[str], str]:
        done = self._failures.count("")
        failed = [failure for failure in self._failures if failure]
        captured = f"{counted(done, 'clip')} captured"
        if failed:
            return {"WARNING"}, f"{captured}, {len(failed)} failed: {failed[0]}"
        return {"INFO"}, captured


class POSENET3D_OT_queue_add(VideoBrowser, bpy.types.Operator):
    """Add videos to the queue; several may be chosen at once"""

    bl_idname = "posenet3d.queue_add"
    bl_label = "Add Clips"
    bl_options = {"UNDO"}

    # Blender reads properties from annotations, where a type checker expects types
    directory: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Folder", description="Of the videos", subtype="DIR_PATH", options={"SKIP_SAVE"}
    )
    files: bpy.props.CollectionProperty(  # type: ignore[valid-type]
        name="Files", description="Names of the videos", type=bpy.types.OperatorFileListElement, options={"SKIP_SAVE"}
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        names = [file.name for file in self.files if file.name]
        add_clips(context.scene, [Path(self.directory, name) for name in names])
        return {"FINISHED"} if names else {"CANCELLED"}


class POSENET3D_OT_queue_remove(bpy.types.Operator):
    """Remove the chosen clip from the queue, or all of them"""

    bl_idname = "posenet3d.queue_remove"
    bl_label = "Remove Clip"
    bl_options = {"UNDO"}

    everything: bpy.props.BoolProperty(  # type: ignore[valid-type]
        name="All", description="Remove all clips", options={"SKIP_SAVE"}
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return current_task() is None and bool(queue_of(context.scene).clips)

    def execute(self, context: bpy.types.Context) -> set[str]:
        queue = queue_of(context.scene)
        if self.everything:
            queue.clips.clear()
        else:
            queue.clips.remove(min(queue.index, len(queue.clips) - 1))
        queue.index = max(0, min(queue.index, len(queue.clips) - 1))
        return {"FINISHED"}


class POSENET3D_UL_queue(bpy.types.UIList):
    """The clips and what became of them"""

    def draw_item(
        self,
        _context: bpy.types.Context,
        layout: bpy.types.UILayout,
        _data: object,
        item: POSENET3D_PG_clip,
        _icon: int,
        _active_data: object,
        _active_property: str,
        _index: int,
    ) -> None:
        icons = {"": "FILE_MOVIE", "done": "CHECKMARK"}
        layout.label(text=bpy.path.basename(item.footage), icon=icons.get(item.outcome, "ERROR"))


def queue_of(scene: bpy.types.Scene) -> POSENET3D_PG_queue:
    """The queue of a scene."""
    queue: POSENET3D_PG_queue = scene.posenet3d_queue
    return queue


def add_clips(scene: bpy.types.Scene, paths: Sequence[Path]) -> None:
    """Add videos at the end of the queue."""
    for path in paths:
        queue_of(scene).clips.add().footage = path_to_store(path)


def _waiting(scene: bpy.types.Scene) -> list[int]:
    """Positions of the clips that are not done."""
    return [index for index, clip in enumerate(queue_of(scene).clips) if clip.outcome != "done"]


_register_classes, _unregister_classes = bpy.utils.register_classes_factory(
    (
        POSENET3D_PG_clip,
        POSENET3D_PG_queue,
        POSENET3D_UL_queue,
        POSENET3D_OT_queue_add,
        POSENET3D_OT_queue_remove,
        POSENET3D_OT_capture_queue,
    )
)


def register() -> None:
    """Register the operators, and the queue on Blender's scene type."""
    _register_classes()
    bpy.types.Scene.posenet3d_queue = bpy.props.PointerProperty(type=POSENET3D_PG_queue)


def unregister() -> None:
    """Unregister them."""
    del bpy.types.Scene.posenet3d_queue
    _unregister_classes()
