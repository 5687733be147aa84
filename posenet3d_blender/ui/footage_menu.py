"""Choice of the footage: from the disk, or of what is in the file: movie clips, movie strips, images that move."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import bpy

from .footage_browser import FootageBrowser
from .settings import settings_of

_SOURCES: Final = ("MOVIE", "SEQUENCE")
"""Of movie clips and images."""


class POSENET3D_OT_open_footage(FootageBrowser, bpy.types.Operator):
    """Choose a video from the disk, or one picture of an image sequence"""

    bl_idname = "posenet3d.open_footage"
    bl_label = "Choose Footage"
    bl_options = {"UNDO"}

    # Blender reads properties from annotations, where a type checker expects types
    filepath: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Footage", description="The video", subtype="FILE_PATH", options={"SKIP_SAVE"}
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        present = settings_of(context.scene)
        if present.footage:
            self.filepath = str(present.video)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        settings_of(context.scene).choose_footage(self.filepath)
        return {"FINISHED"}


class POSENET3D_OT_use_footage(bpy.types.Operator):
    """Capture from this footage"""

    bl_idname = "posenet3d.use_footage"
    bl_label = "Use Footage"
    bl_options = {"INTERNAL"}

    filepath: bpy.props.StringProperty(name="Footage", description="The video")  # type: ignore[valid-type]

    @classmethod
    def description(cls, context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        return f"Capture from {properties.filepath}"

    def execute(self, context: bpy.types.Context) -> set[str]:
        settings_of(context.scene).choose_footage(self.filepath)
        return {"FINISHED"}


class POSENET3D_MT_footage(bpy.types.Menu):
    """Choose a movie clip, movie strip or movie image of this file"""

    bl_idname = "POSENET3D_MT_footage"
    bl_label = "Footage in This File"
    bl_description = __doc__

    def draw(self, context: bpy.types.Context) -> None:
        movies = footage_in_file()
        if not movies:
            self.layout.label(text="No movie clip or strip in this file")
        for path, name in movies.items():
            self.layout.operator(POSENET3D_OT_use_footage.bl_idname, text=name, icon="FILE_MOVIE").filepath = path


def footage_in_file() -> dict[str, str]:
    """Path, as the file stores it, and name of every movie and image sequence in the open file."""
    movies = [(clip.filepath, clip.name) for clip in bpy.data.movieclips if clip.source in _SOURCES]
    movies += [(strip.filepath, strip.name) for strip in _strips() if strip.type == "MOVIE"]
    movies += [(image.filepath, image.name) for image in bpy.data.images if image.source in _SOURCES]
    names: dict[str, str] = {}
    for path, name in movies:
        names.setdefault(path, name)
    return names


def _strips() -> Iterator[bpy.types.bpy_struct]:
    for scene in bpy.data.scenes:
        editor = scene.sequence_editor
        if editor:  # they were called sequences before 4.4
            yield from editor.strips_all if hasattr(editor, "strips_all") else editor.sequences_all


register, unregister = bpy.utils.register_classes_factory(
    (POSENET3D_OT_open_footage, POSENET3D_OT_use_footage, POSENET3D_MT_footage)
)
