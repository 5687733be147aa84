"""People in the footage, as thumbnails to choose from."""

from __future__ import annotations

from dataclasses import dataclass, field

import bpy
import bpy.utils.previews
import numpy as np

from ..progress import Progress
from ..scene.incremental import Steps
from .modal_task import ModalTaskOperator
from .person_thumbnails import PersonThumbnail, SearchedFootage, find_thumbnails
from .preferences import cache_folder, chosen_device
from .settings import POSENET3D_PG_settings, settings_of
from .task import Task


@dataclass
class _Search:
    """The last search for people and the footage it was made in."""

    footage: SearchedFootage | None = None
    thumbnails: list[PersonThumbnail] = field(default_factory=list)


_search = _Search()
_previews: list[bpy.utils.previews.ImagePreviewCollection] = []
"""One while the add-on is enabled, else none."""


def thumbnails_for(settings: POSENET3D_PG_settings) -> list[PersonThumbnail]:
    """Thumbnails of the current footage, time range and shot; none if the last search was in another one."""
    return _search.thumbnails if _search.footage == _searched_by(settings) else []


def _searched_by(settings: POSENET3D_PG_settings) -> SearchedFootage:
    chosen = settings.settings()
    return SearchedFootage(settings.video, settings.time_range, chosen["input_fps"], chosen["mirror"], chosen["shots"])


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
        footage = _searched_by(settings_of(context.scene))
        device, cache = chosen_device(context), cache_folder()

        def work(progress: Progress) -> list[PersonThumbnail]:
            return find_thumbnails(footage, device, progress, cache)

        def show(thumbnails: list[PersonThumbnail]) -> Steps[None]:
            _load_previews(thumbnails)
            _search.footage, _search.thumbnails = footage, thumbnails
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
    _search.footage = None
    bpy.utils.previews.remove(_previews.pop())
