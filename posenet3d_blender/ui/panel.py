"""The tab in the 3D view's sidebar: what to capture, how it goes, and what came of it."""

from __future__ import annotations

import textwrap
from typing import Final

import bpy

from . import devices
from . import modal_task as background
from .bake import POSENET3D_OT_bake
from .capture import POSENET3D_OT_capture
from .footage_menu import POSENET3D_MT_footage
from .modal_task import POSENET3D_OT_cancel
from .people import POSENET3D_OT_choose_person, POSENET3D_OT_find_people, icon_of, portraits_for
from .result_operators import POSENET3D_OT_export, POSENET3D_OT_overlay, is_overlaid
from .results import shown_result
from .settings import POSENET3D_PG_settings, settings_of

_PIXELS_PER_LETTER: Final = 7


class _InOurTab:
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "PoseNet3D"


class POSENET3D_PT_capture(_InOurTab, bpy.types.Panel):
    """Where a capture is started and watched"""

    bl_label = "PoseNet3D"
    bl_idname = "POSENET3D_PT_capture"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        activity = background.current()
        if activity:
            layout.label(text=settings_of(context.scene).video.name, icon="FILE_MOVIE")
            layout.progress(factor=activity.fraction, text=background.describe(activity))
            layout.operator(POSENET3D_OT_cancel.bl_idname, icon="X")
            return
        settings = settings_of(context.scene)
        row = layout.row(align=True)
        row.prop(settings, "footage", text="")
        row.menu(POSENET3D_MT_footage.bl_idname, text="", icon="DOWNARROW_HLT")
        button = layout.column()
        button.scale_y = 1.5
        button.operator(POSENET3D_OT_capture.bl_idname, icon="ARMATURE_DATA")


class POSENET3D_PT_settings(_InOurTab, bpy.types.Panel):
    """What is captured, and how"""

    bl_label = "Settings"
    bl_parent_id = POSENET3D_PT_capture.bl_idname

    def draw(self, context: bpy.types.Context) -> None:
        devices.look_up()
        settings = settings_of(context.scene)
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.enabled = background.current() is None
        times = layout.column(align=True)
        times.prop(settings, "start")
        times.prop(settings, "end")
        layout.prop(settings, "person")
        if settings.person == "number":
            layout.prop(settings, "person_number")
        _draw_people(layout, settings)
        layout.prop(settings, "quality")
        layout.prop(settings, "device")
        layout.prop(settings, "field_of_view", text="View Angle")
        layout.prop(settings, "smoothing")
        layout.prop(settings, "foot_lock")
        layout.prop(settings, "target")


class POSENET3D_PT_result(_InOurTab, bpy.types.Panel):
    """What the capture gave"""

    bl_label = "Result"
    bl_parent_id = POSENET3D_PT_capture.bl_idname

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return shown_result(context) is not None

    def draw(self, context: bpy.types.Context) -> None:
        armature = shown_result(context)
        if armature is None:
            return
        result = armature.posenet3d
        layout = self.layout
        box = layout.box().column(align=True)
        box.label(text=armature.name, icon="ARMATURE_DATA")
        box.label(text=f"{result.frames} frames, confidence {result.confidence:.0%}")
        box.label(text=result.graph)
        box.label(text=f"Ran on {result.ran_on}")
        if result.unsure_frames:
            box.label(text=f"{result.unsure_frames} unsure frames: see markers", icon="MARKER")
        for warning in result.warnings.splitlines():
            _draw_text(box, warning, context.region.width, icon="ERROR")
        overlaid = is_overlaid(context)
        text = "Hide Overlay" if overlaid else "Show Overlay"
        layout.operator(POSENET3D_OT_overlay.bl_idname, text=text, icon="CAMERA_DATA", depress=overlaid)
        layout.operator(POSENET3D_OT_export.bl_idname, icon="EXPORT")
        layout.operator(POSENET3D_OT_bake.bl_idname, icon="ACTION")


def _draw_people(layout: bpy.types.UILayout, settings: POSENET3D_PG_settings) -> None:
    layout.operator(POSENET3D_OT_find_people.bl_idname, icon="COMMUNITY")
    grid = layout.grid_flow(columns=3, even_columns=True, align=True)
    for portrait in portraits_for(settings):
        column = grid.column(align=True)
        column.template_icon(icon_of(portrait), scale=3.5)
        is_chosen = settings.chosen_person == str(portrait.number)
        button = column.operator(POSENET3D_OT_choose_person.bl_idname, text=str(portrait.number), depress=is_chosen)
        button.number = portrait.number


def _draw_text(layout: bpy.types.UILayout, text: str, width: int, icon: str) -> None:
    """A text in as many lines as the sidebar's width asks for."""
    letters = int(width / (_PIXELS_PER_LETTER * bpy.context.preferences.system.ui_scale)) - 6
    for number, line in enumerate(textwrap.wrap(text, max(letters, 12))):
        layout.label(text=line, icon=icon if number == 0 else "BLANK1")


register, unregister = bpy.utils.register_classes_factory(
    (POSENET3D_PT_capture, POSENET3D_PT_result, POSENET3D_PT_settings)
)
