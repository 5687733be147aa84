"""The tab in the 3D view's sidebar: footage, settings, progress and result of a capture."""

from __future__ import annotations

import textwrap
from typing import Final

import bpy

from . import devices
from .bake import POSENET3D_OT_bake
from .capture import POSENET3D_OT_capture
from .export import POSENET3D_OT_export
from .footage_menu import POSENET3D_MT_footage
from .modal_task import POSENET3D_OT_cancel, current_task, describe
from .overlay import POSENET3D_OT_overlay, is_overlay_shown
from .people import POSENET3D_OT_choose_person, POSENET3D_OT_find_people, icon_id, thumbnails_for
from .results import captured_armature
from .settings import POSENET3D_PG_settings, settings_of

_PIXELS_PER_LETTER: Final = 7
"""At a UI scale of 1."""


class _SidebarTab:
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "PoseNet3D"


class POSENET3D_PT_capture(_SidebarTab, bpy.types.Panel):
    """Start a capture and watch its progress"""

    bl_label = "PoseNet3D"
    bl_idname = "POSENET3D_PT_capture"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        task = current_task()
        if task:
            layout.label(text=settings_of(context.scene).video.name, icon="FILE_MOVIE")
            layout.progress(factor=task.fraction, text=describe(task))
            layout.operator(POSENET3D_OT_cancel.bl_idname, icon="X")
            return
        settings = settings_of(context.scene)
        row = layout.row(align=True)
        row.prop(settings, "footage", text="")
        row.menu(POSENET3D_MT_footage.bl_idname, text="", icon="DOWNARROW_HLT")
        button = layout.column()
        button.scale_y = 1.5
        button.operator(POSENET3D_OT_capture.bl_idname, icon="ARMATURE_DATA")


class POSENET3D_PT_settings(_SidebarTab, bpy.types.Panel):
    """Settings of the next capture"""

    bl_label = "Settings"
    bl_parent_id = POSENET3D_PT_capture.bl_idname

    def draw(self, context: bpy.types.Context) -> None:
        devices.query_devices()
        settings = settings_of(context.scene)
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.enabled = current_task() is None
        times = layout.column(align=True)
        times.prop(settings, "start")
        times.prop(settings, "end")
        times.prop(settings, "input_fps")
        layout.prop(settings, "person")
        if settings.person == "number":
            layout.prop(settings, "person_number")
        _draw_people(layout, settings)
        layout.prop(settings, "quality")
        layout.prop(settings, "device")
        layout.prop(settings, "field_of_view")
        layout.prop(settings, "height")
        layout.prop(settings, "smoothing")
        layout.prop(settings, "foot_lock")


class POSENET3D_PT_result(_SidebarTab, bpy.types.Panel):
    """Result of the capture"""

    bl_label = "Result"
    bl_parent_id = POSENET3D_PT_capture.bl_idname

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return captured_armature(context) is not None

    def draw(self, context: bpy.types.Context) -> None:
        armature = captured_armature(context)
        if armature is None:
            return
        result = armature.posenet3d
        layout = self.layout
        box = layout.box().column(align=True)
        box.label(text=armature.name, icon="ARMATURE_DATA")
        box.label(text=f"{result.frames} frames, confidence {result.confidence:.0%}")
        box.label(text=result.graph)
        box.label(text=f"Ran on {result.ran_on}")
        if result.low_confidence_frames:
            box.label(text=f"{result.low_confidence_frames} frames of low confidence: see markers", icon="MARKER")
        for warning in result.warnings.splitlines():
            _draw_text(box, warning, context.region.width, icon="ERROR")
        shown = is_overlay_shown(context)
        text = "Hide Overlay" if shown else "Show Overlay"
        layout.operator(POSENET3D_OT_overlay.bl_idname, text=text, icon="CAMERA_DATA", depress=shown)
        layout.operator(POSENET3D_OT_export.bl_idname, icon="EXPORT")
        layout.operator(POSENET3D_OT_bake.bl_idname, icon="ACTION")


def _draw_people(layout: bpy.types.UILayout, settings: POSENET3D_PG_settings) -> None:
    layout.operator(POSENET3D_OT_find_people.bl_idname, icon="COMMUNITY")
    grid = layout.grid_flow(columns=3, even_columns=True, align=True)
    for thumbnail in thumbnails_for(settings):
        column = grid.column(align=True)
        column.template_icon(icon_id(thumbnail), scale=3.5)
        is_chosen = settings.chosen_person == str(thumbnail.number)
        button = column.operator(POSENET3D_OT_choose_person.bl_idname, text=str(thumbnail.number), depress=is_chosen)
        button.number = thumbnail.number


def _draw_text(layout: bpy.types.UILayout, text: str, width: int, icon: str) -> None:
    """Draw a text wrapped to the sidebar's width, pixels."""
    letters = int(width / (_PIXELS_PER_LETTER * bpy.context.preferences.system.ui_scale)) - 6
    for number, line in enumerate(textwrap.wrap(text, max(letters, 12))):
        layout.label(text=line, icon=icon if number == 0 else "BLANK1")


register, unregister = bpy.utils.register_classes_factory(
    (POSENET3D_PT_capture, POSENET3D_PT_result, POSENET3D_PT_settings)
)
