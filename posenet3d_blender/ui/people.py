"""The people found in the footage, as pictures to choose from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import bpy
import bpy.utils.previews
import numpy as np

from ..progress import Progress
from ..scene.incremental import Steps
from .modal_task import BackgroundOperator
from .person_thumbnails import Portrait, find_portraits
from .settings import POSENET3D_PG_settings, settings_of
from .task import Activity


@dataclass
class _Found:
    """The last look for people, and of which footage."""

    video: Path | None = None
    span: tuple[float | None, float | None] = (None, None)
    portraits: list[Portrait] = field(default_factory=list)


_found = _Found()
_pictures: list[bpy.utils.previews.ImagePreviewCollection] = []
"""One while the add-on is enabled."""


def portraits_for(settings: POSENET3D_PG_settings) -> list[Portrait]:
    """Those found in the footage and range that are chosen now."""
    is_same = (_found.video, _found.span) == (settings.video, settings.span)
    return _found.portraits if is_same else []


def icon_of(portrait: Portrait) -> int:
    """Blender's number of the picture."""
    return _pictures[0][str(portrait.number)].icon_id


class POSENET3D_OT_find_people(BackgroundOperator, bpy.types.Operator):
    """Look through the footage for people, and show their pictures to choose from"""

    bl_idname = "posenet3d.find_people"
    bl_label = "Find People"
    # no UNDO among its options: nothing in the file changes

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return super().poll(context) and bool(settings_of(context.scene).footage)

    def execute(self, context: bpy.types.Context) -> set[str]:
        settings = settings_of(context.scene)
        video, span, device = settings.video, settings.span, settings.device or "auto"

        def work(progress: Progress) -> list[Portrait]:
            return find_portraits(video, *span, device, progress)

        def show(portraits: list[Portrait]) -> Steps[None]:
            _keep(portraits)
            _found.video, _found.span, _found.portraits = video, span, portraits
            yield

        return self.begin(context, Activity("Finding people", work, show))

    def outcome(self) -> tuple[set[str], str]:
        return {"INFO"}, "1 person found" if len(_found.portraits) == 1 else f"{len(_found.portraits)} people found"


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


def _keep(portraits: list[Portrait]) -> None:
    """Make Blender's pictures of them."""
    pictures = _pictures[0]
    pictures.clear()
    for portrait in portraits:
        picture = pictures.new(str(portrait.number))
        height, width = portrait.picture.shape[:2]
        # Blender's rows go upwards, with an alpha channel
        pixels = np.ones((height, width, 4), dtype=np.float32)
        pixels[..., :3] = portrait.picture[::-1] / np.float32(255)
        picture.image_size = (width, height)
        picture.image_pixels_float.foreach_set(pixels.ravel())


_register_classes, _unregister_classes = bpy.utils.register_classes_factory(
    (POSENET3D_OT_find_people, POSENET3D_OT_choose_person)
)


def register() -> None:
    """Add the operators, and a place for pictures."""
    _pictures.append(bpy.utils.previews.new())
    _register_classes()


def unregister() -> None:
    """Take operators and pictures out."""
    _unregister_classes()
    _found.video = None
    bpy.utils.previews.remove(_pictures.pop())
