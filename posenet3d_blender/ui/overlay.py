"""The overlay: the captured body over its footage, through the solved camera."""

from __future__ import annotations

import bpy

from .results import captured_armature


class POSENET3D_OT_overlay(bpy.types.Operator):
    """View the body over the footage through the solved camera, or leave that view"""

    bl_idname = "posenet3d.overlay"
    bl_label = "Show Overlay"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        armature = captured_armature(context)
        in_view = context.area is not None and context.area.type == "VIEW_3D"
        return in_view and armature is not None and armature.posenet3d.camera is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        view = context.space_data.region_3d
        armature = captured_armature(context)
        if armature is None:
            return {"CANCELLED"}
        if is_overlay_shown(context):
            view.view_perspective = "PERSP"
            return {"FINISHED"}
        context.scene.camera = armature.posenet3d.camera
        view.view_perspective = "CAMERA"
        return {"FINISHED"}


def is_overlay_shown(context: bpy.types.Context) -> bool:
    """True if this 3D view looks through the camera of the panel's capture."""
    armature = captured_armature(context)
    through_camera = context.space_data.region_3d.view_perspective == "CAMERA"
    return bool(armature and through_camera and context.scene.camera == armature.posenet3d.camera)


register, unregister = bpy.utils.register_classes_factory((POSENET3D_OT_overlay,))
