"""Videos dragged from the system's file manager into the 3D view."""

from __future__ import annotations

from pathlib import Path

import bpy

from ..errors import counted
from ..footage_endings import FOOTAGE_ENDINGS
from .clip_queue import add_clips
from .modal_task import current_task
from .settings import settings_of
from .sidebar import TAB


class POSENET3D_OT_drop_footage(bpy.types.Operator):
    """Choose this video as the footage to capture from; several videos go to the queue"""

    bl_idname = "posenet3d.drop_footage"
    bl_label = "Capture with PoseNet3D"
    bl_options = {"UNDO"}

    # Blender reads properties from annotations, where a type checker expects types
    directory: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Folder", description="Of the videos", subtype="DIR_PATH", options={"SKIP_SAVE", "HIDDEN"}
    )
    files: bpy.props.CollectionProperty(  # type: ignore[valid-type]
        name="Files",
        description="Names of the videos",
        type=bpy.types.OperatorFileListElement,
        options={"SKIP_SAVE", "HIDDEN"},
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        paths = [Path(self.directory, file.name) for file in self.files if file.name]
        if not paths:
            return {"CANCELLED"}
        if len(paths) == 1 and current_task() is None:
            settings_of(context.scene).choose_footage(paths[0])
            self.report({"INFO"}, f"{paths[0].name}: press Capture from Video in the PoseNet3D tab")
        else:
            add_clips(context.scene, paths)
            self.report({"INFO"}, f"{counted(len(paths), 'clip')} added to the queue in the PoseNet3D tab")
        _open_tab(context)
        return {"FINISHED"}


class POSENET3D_FH_footage(bpy.types.FileHandler):
    """Footage dragged into a 3D view"""

    bl_idname = "POSENET3D_FH_footage"
    bl_label = "Capture with PoseNet3D"
    bl_import_operator = POSENET3D_OT_drop_footage.bl_idname
    bl_file_extensions = ";".join(FOOTAGE_ENDINGS)

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        return context.area is not None and context.area.type == "VIEW_3D"


def _open_tab(context: bpy.types.Context) -> None:
    """Open the sidebar of the view with our tab in front."""
    space, area = context.space_data, context.area
    if area is None or area.type != "VIEW_3D":
        return
    space.show_region_ui = True
    sidebar = next((region for region in area.regions if region.type == "UI"), None)
    if sidebar is not None:
        # Writable once the sidebar has been drawn with its tabs.
        bpy.app.timers.register(lambda: _activate(sidebar), first_interval=0.1)


def _activate(sidebar: bpy.types.Region) -> None:
    try:
        sidebar.active_panel_category = TAB
    except (AttributeError, TypeError, ReferenceError):
        return


register, unregister = bpy.utils.register_classes_factory((POSENET3D_OT_drop_footage, POSENET3D_FH_footage))
