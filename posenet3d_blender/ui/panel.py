"""The tab in the 3D view's sidebar."""

from __future__ import annotations

import bpy

from .operators import POSENET3D_OT_cancel, POSENET3D_OT_capture, running_job


class POSENET3D_PT_capture(bpy.types.Panel):
    """Where a capture is started and watched"""

    bl_label = "PoseNet3D"
    bl_idname = "POSENET3D_PT_capture"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "PoseNet3D"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        job = running_job()
        if job is None:
            layout.operator(POSENET3D_OT_capture.bl_idname, icon="ARMATURE_DATA")
            return
        layout.label(text=job.video.name, icon="FILE_MOVIE")
        layout.progress(factor=job.fraction, text=f"{job.stage} {job.fraction:.0%}")
        layout.operator(POSENET3D_OT_cancel.bl_idname, icon="X")


register, unregister = bpy.utils.register_classes_factory((POSENET3D_PT_capture,))
