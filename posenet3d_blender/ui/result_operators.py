"""What to do with a captured armature: see it over the footage, export it."""

from __future__ import annotations

from pathlib import Path

import bpy

from ..errors import PoseNet3DError
from ..scene.export import export
from .results import captured_together, shown_result


class POSENET3D_OT_overlay(bpy.types.Operator):
    """See the body over the footage through the solved camera, or leave that view"""

    bl_idname = "posenet3d.overlay"
    bl_label = "Show Overlay"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        armature = shown_result(context)
        in_view = context.area is not None and context.area.type == "VIEW_3D"
        return in_view and armature is not None and armature.posenet3d.camera is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        view = context.space_data.region_3d
        if is_overlaid(context):
            view.view_perspective = "PERSP"
            return {"FINISHED"}
        context.scene.camera = _shown(context).posenet3d.camera
        view.view_perspective = "CAMERA"
        return {"FINISHED"}


def is_overlaid(context: bpy.types.Context) -> bool:
    """Whether this 3D view looks through the shown capture's camera."""
    armature = shown_result(context)
    through_camera = context.space_data.region_3d.view_perspective == "CAMERA"
    return bool(armature and through_camera and context.scene.camera == armature.posenet3d.camera)


class POSENET3D_OT_export(bpy.types.Operator):
    """Write everyone of this capture, with skin and motion, as an FBX file for games and other programs"""

    bl_idname = "posenet3d.export"
    bl_label = "Export FBX"

    # Blender reads properties from annotations, where a type checker wants types
    filepath: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="File", description="The FBX file to write", subtype="FILE_PATH", options={"SKIP_SAVE"}
    )
    filter_glob: bpy.props.StringProperty(default="*.fbx", options={"HIDDEN"})  # type: ignore[valid-type]
    check_existing: bpy.props.BoolProperty(default=True, options={"HIDDEN"})  # type: ignore[valid-type]

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return shown_result(context) is not None

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self.filepath = f"{_shown(context).users_collection[0].name}.fbx"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        path = Path(bpy.path.ensure_ext(bpy.path.abspath(self.filepath), ".fbx"))
        try:
            export(path, captured_together(_shown(context)))
        except PoseNet3DError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self.report({"INFO"}, f"Wrote {path}")
        return {"FINISHED"}


def _shown(context: bpy.types.Context) -> bpy.types.Object:
    armature = shown_result(context)
    assert armature is not None, "the operators' polls see to it"
    return armature


register, unregister = bpy.utils.register_classes_factory((POSENET3D_OT_overlay, POSENET3D_OT_export))
