"""FBX export of a capture."""

from __future__ import annotations

from pathlib import Path

import bpy

from ..errors import PoseNet3DError
from ..scene.export import export
from .results import captured_armature, people_of_capture


class POSENET3D_OT_export(bpy.types.Operator):
    """Export everyone of this capture, with skin and motion, as an FBX file for game engines and other programs"""

    bl_idname = "posenet3d.export"
    bl_label = "Export FBX"

    # Blender reads properties from annotations, where a type checker expects types
    filepath: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="File", description="The FBX file to write", subtype="FILE_PATH", options={"SKIP_SAVE"}
    )
    filter_glob: bpy.props.StringProperty(default="*.fbx", options={"HIDDEN"})  # type: ignore[valid-type]
    check_existing: bpy.props.BoolProperty(default=True, options={"HIDDEN"})  # type: ignore[valid-type]

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return captured_armature(context) is not None

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        armature = captured_armature(context)
        if armature is None:
            return {"CANCELLED"}
        self.filepath = f"{armature.users_collection[0].name}.fbx"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        armature = captured_armature(context)
        if armature is None:
            return {"CANCELLED"}
        path = Path(bpy.path.ensure_ext(bpy.path.abspath(self.filepath), ".fbx"))
        try:
            export(path, people_of_capture(armature))
        except PoseNet3DError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self.report({"INFO"}, f"Wrote {path}")
        return {"FINISHED"}


register, unregister = bpy.utils.register_classes_factory((POSENET3D_OT_export,))
