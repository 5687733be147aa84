"""People in the footage, as thumbnails to choose from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import bpy
import bpy.utils.previews
import numpy as np

from ..progress import Progress
from ..scene.incremental import Steps
from .modal_task import ModalTaskOperator
from .person_thumbnails import PersonThumbnail, find_thumbnails
from .preferences import cache_folder, chosen_device
from .settings import POSENET3D_PG_settings, settings_of
from .task import Task


@dataclass
class _Search:
    """The last search for people and the footage it was made in."""

    video: Path | None = None
    time_range: tuple[float | None, float | None] = (None, None)
    """Seconds."""
    input_fps: float | None = None
    mirror: bool = False
    thumbnails: list[PersonThumbnail] = field(default_factory=list)


_search = _Search()
_previews: list[bpy.utils.previews.ImagePreviewCollection] = []
"""One while the add-on is enabled, else none."""


def thumbnails_for(settings: POSENET3D_PG_settings) -> list[PersonThumbnail]:
    """Thumbnails of the current footage and time range; none if the last search was in another one."""
    searched = (_search.video, _search.time_range, _search.input_fps, _search.mirror)
    is_current = searched == (settings.video, settings.time_range, settings.input_fps or None, settings.mirror)
    return _search.thumbnails if is_current else []


def icon_id(thumbnail: PersonThumbnail) -> int:
    """Blender's icon id of the thumbnail; 0 without a window."""
    return int(_previews[0][str(thumbnail.number)].icon_id)


class POSENET3D_OT_find_people(ModalTaskOperator, bpy.types.Operator):
    """Search the footage for people, and show thumbnails to choose from"""

    bl_idname = "posenet3d.find_people"
    bl_label = "Find People"
    # bl_options has no UNDO: nothing in the file changes

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return super().poll(context) and bool(settings_of(context.scene).footage)

    def execute(self, context: bpy.types.Context) -> set[str]:
        settings = settings_of(context.scene)
        video, time_range, input_fps = settings.video, settings.time_range, settings.input_fps or None
        mirror, device, cache = settings.mirror, chosen_device(context), cache_folder()

        def work(progress: Progress) -> list[PersonThumbnail]:
            return find_thumbnails(video, *time_range, device, progress, input_fps, cache, mirror)

        def show(thumbnails: list[PersonThumbnail]) -> Steps[None]:
            _load_previews(thumbnails)
            _search.video, _search.time_range, _search.thumbnails = video, time_range, thumbnails
            _search.input_fps, _search.mirror = input_fps, mirror
            yield None

        return self.begin(context, Task("Finding people", work, show, stages={"starting": 1.0, "people": 20.0}))

    def outcome(self) -> tuple[set[str], str]:
        count = len(_search.thumbnails)
        return {"INFO"}, "1 person found" if count == 1 else f"{count} people found"


class POSENET3D_OT_choose_person(bpy.types.Operator):
    """Capture this person"""

    bl_idname = "posenet3d.choose_person"
    bl_label = "Choose Person"
    bl_options = {"INTERNAL"}

    number: bpy.props.IntProperty(name="Number", description="Counted from the left", min=1)  # type: ignore[valid-type]

    def execute(self, context: bpy.types.Context) -> set[str]:
        settings = settings_of(context.scene)
        settings.person, settings.person_number = "number", self.number
        return {"FINISHED"}


def _load_previews(thumbnails: list[PersonThumbnail]) -> None:
    """Replace Blender's previews by these thumbnails."""
    previews = _previews[0]
    previews.clear()
    for thumbnail in thumbnails:
        preview = previews.new(str(thumbnail.number))
        height, width = thumbnail.image.shape[:2]
        # Blender stores rows from bottom to top, with an alpha channel.
        pixels = np.ones((height, width, 4), dtype=np.float32)
        pixels[..., :3] = thumbnail.image[::-1] / np.float32(255)
        preview.image_size = (width, height)
        preview.image_pixels_float.foreach_set(pixels.ravel())


_register_classes, _unregister_classes = bpy.utils.register_classes_factory(
    (POSENET3D_OT_find_people, POSENET3D_OT_choose_person)
)


def register() -> None:
    """Register the operators, and create the preview collection."""
    _previews.append(bpy.utils.previews.new())
    _register_classes()


def unregister() -> None:
    """Unregister the operators, and remove the preview collection."""
    _unregister_classes()
    _search.video = None
    bpy.utils.previews.remove(_previews.pop())
