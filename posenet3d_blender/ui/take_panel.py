"""The panels of takes: their list, the result of the current one, its options, the overlay."""

from __future__ import annotations

import bpy

from .bake import POSENET3D_OT_bake
from .capture import POSENET3D_OT_update_take
from .confidence import draw_confidence
from .export import POSENET3D_MT_export
from .modal_task import current_task
from .options import draw_choice_of_person, draw_choice_of_shot, draw_files, draw_solver_options
from .overlay import POSENET3D_OT_leave_overlay, POSENET3D_OT_overlay, is_overlay_shown, overlay_of
from .panel import POSENET3D_PT_capture
from .sidebar import SidebarTab
from .take_list import POSENET3D_OT_delete_take, POSENET3D_UL_takes
from .takes import current_take, shown_armature, take_of


class _TakePanel(SidebarTab):
    """Base of panels that are there only with a take."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return current_take(context) is not None


class _TakeOrOverlayPanel(SidebarTab):
    """Base of panels that are there also while an overlay, whose take may be gone, has the scene's settings."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return current_take(context) is not None or bool(overlay_of(context.scene).scene_before)


class POSENET3D_PT_takes(_TakeOrOverlayPanel, bpy.types.Panel):
    """The takes of this scene, and the result of the chosen one"""

    bl_label = "Takes"
    bl_idname = "POSENET3D_PT_takes"
    bl_parent_id = POSENET3D_PT_capture.bl_idname
    bl_order = 6

    def draw(self, context: bpy.types.Context) -> None:
        take = current_take(context)
        if take is None:
            return
        layout = self.layout
        row = layout.row()
        takes = context.window_manager.posenet3d_takes
        row.template_list(POSENET3D_UL_takes.__name__, "", bpy.data, "collections", takes, "index", rows=2)
        row.operator(POSENET3D_OT_delete_take.bl_idname, text="", icon="TRASH")
        armature = shown_armature(context)
        box = layout.box().column(align=True)
        if armature is None:
            box.label(text="Its armatures were deleted", icon="INFO")
        else:
            box.label(text=armature.name, icon="ARMATURE_DATA")
            draw_confidence(box, armature)
        box.label(text=f"Ran on {take_of(take).ran_on}")
        row = layout.row(align=True)
        row.menu(POSENET3D_MT_export.bl_idname, icon="EXPORT")
        row.operator(POSENET3D_OT_bake.bl_idname, text="Bake", icon="ACTION")


class POSENET3D_PT_warnings(_TakePanel, bpy.types.Panel):
    """The warnings of this take: the guessed, left out and doubtful"""

    bl_label = "Warnings"
    bl_parent_id = POSENET3D_PT_takes.bl_idname
    bl_order = 3

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        take = current_take(context)
        return take is not None and bool(take_of(take).warnings)

    def draw(self, context: bpy.types.Context) -> None:
        take = current_take(context)
        for warning in take_of(take).warnings.splitlines() if take else ():
            self.draw_text(self.layout, context, warning, "ERROR")


class POSENET3D_PT_overlay(_TakeOrOverlayPanel, bpy.types.Panel):
    """The body over its footage"""

    bl_label = "Overlay"
    bl_parent_id = POSENET3D_PT_takes.bl_idname
    bl_order = 1

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        shown = is_overlay_shown(context)
        text = "Hide Overlay" if shown else "Show Overlay"
        row = layout.row(align=True)
        row.operator(POSENET3D_OT_overlay.bl_idname, text=text, icon="CAMERA_DATA", depress=shown)
        if not shown and overlay_of(context.scene).scene_before:
            row.operator(POSENET3D_OT_leave_overlay.bl_idname, text="", icon="X")
        choices = layout.column()
        choices.use_property_split = True
        choices.use_property_decorate = False
        choices.prop(overlay_of(context.scene), "opacity", slider=True)
        column = choices.column()
        column.enabled = not shown
        column.prop(overlay_of(context.scene), "isolate")


class POSENET3D_PT_update(_TakePanel, bpy.types.Panel):
    """Options of this take, to capture it again in place"""

    bl_label = "Change This Take"
    bl_parent_id = POSENET3D_PT_takes.bl_idname
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 2

    def draw(self, context: bpy.types.Context) -> None:
        take = current_take(context)
        if take is None:
            return
        options = take_of(take)
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.enabled = current_task() is None
        draw_solver_options(layout, options)
        draw_choice_of_person(layout, options)
        times = layout.column(align=True)
        times.prop(options, "start")
        times.prop(options, "end")
        draw_choice_of_shot(layout, options)
        draw_files(layout, options)
        layout.operator(POSENET3D_OT_update_take.bl_idname, icon="FILE_REFRESH")


register, unregister = bpy.utils.register_classes_factory(
    (POSENET3D_PT_takes, POSENET3D_PT_overlay, POSENET3D_PT_update, POSENET3D_PT_warnings)
)
