"""The tab in the 3D view's sidebar: footage, settings, queue and progress of captures; `take_panel` has the rest."""

from __future__ import annotations

import bpy

from . import devices
from .capture import POSENET3D_OT_capture
from .clip_queue import (
    POSENET3D_OT_capture_queue,
    POSENET3D_OT_queue_add,
    POSENET3D_OT_queue_remove,
    POSENET3D_UL_queue,
    queue_of,
)
from .footage_menu import POSENET3D_MT_footage, POSENET3D_OT_open_footage
from .modal_task import current_task, describe, describe_stage, draw_cancel
from .options import draw_choice_of_person, draw_choice_of_shot, draw_files, draw_solver_options
from .people import POSENET3D_OT_choose_person, POSENET3D_OT_find_people, icon_id, thumbnails_for
from .settings import POSENET3D_PG_settings, settings_of
from .sidebar import SidebarTab


class POSENET3D_PT_capture(SidebarTab, bpy.types.Panel):
    """Start a capture and watch its progress"""

    bl_label = "PoseNet3D"
    bl_idname = "POSENET3D_PT_capture"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        task = current_task()
        if task:
            layout.label(text=task.title, icon="FILE_MOVIE")
            layout.progress(factor=task.estimate.total, text=describe(task))
            layout.label(text=describe_stage(task))
            draw_cancel(layout)
            return
        settings = settings_of(context.scene)
        row = layout.row(align=True)
        row.prop(settings, "footage", text="")
        row.operator(POSENET3D_OT_open_footage.bl_idname, text="", icon="FILE_FOLDER")
        row.menu(POSENET3D_MT_footage.bl_idname, text="", icon="DOWNARROW_HLT")
        button = layout.column()
        button.scale_y = 1.5
        button.operator(POSENET3D_OT_capture.bl_idname, icon="ARMATURE_DATA")


class POSENET3D_PT_settings(SidebarTab, bpy.types.Panel):
    """Settings of the next capture"""

    bl_label = "Settings"
    bl_parent_id = POSENET3D_PT_capture.bl_idname
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 4

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
        draw_choice_of_shot(layout, settings)
        layout.prop(settings, "input_fps")
        quality = layout.column()
        quality.enabled = not settings.keypoints  # a file of joints takes the place of their detection
        quality.prop(settings, "quality")
        layout.prop(settings, "device")
        draw_solver_options(layout, settings)
        draw_files(layout, settings)


class POSENET3D_PT_people(SidebarTab, bpy.types.Panel):
    """Choice of the people to capture"""

    bl_label = "People"
    bl_parent_id = POSENET3D_PT_capture.bl_idname
    bl_order = 1

    def draw(self, context: bpy.types.Context) -> None:
        settings = settings_of(context.scene)
        layout = self.layout
        layout.enabled = current_task() is None
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        draw_choice_of_person(column, settings)
        layout.operator(POSENET3D_OT_find_people.bl_idname, icon="COMMUNITY")
        _draw_people(layout, settings)


class POSENET3D_PT_queue(SidebarTab, bpy.types.Panel):
    """Clips to capture one after the other"""

    bl_label = "Queue"
    bl_parent_id = POSENET3D_PT_capture.bl_idname
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 5

    def draw(self, context: bpy.types.Context) -> None:
        queue = queue_of(context.scene)
        layout = self.layout
        layout.enabled = current_task() is None
        row = layout.row()
        row.template_list(POSENET3D_UL_queue.__name__, "", queue, "clips", queue, "index", rows=3)
        buttons = row.column(align=True)
        buttons.operator(POSENET3D_OT_queue_add.bl_idname, text="", icon="ADD")
        buttons.operator(POSENET3D_OT_queue_remove.bl_idname, text="", icon="REMOVE")
        buttons.separator()
        buttons.operator(POSENET3D_OT_queue_remove.bl_idname, text="", icon="TRASH").everything = True
        if 0 <= queue.index < len(queue.clips) and queue.clips[queue.index].outcome not in ("", "done"):
            self.draw_text(layout, context, queue.clips[queue.index].outcome, "ERROR")
        layout.operator(POSENET3D_OT_capture_queue.bl_idname, icon="PLAY")


def _draw_people(layout: bpy.types.UILayout, settings: POSENET3D_PG_settings) -> None:
    grid = layout.grid_flow(columns=3, even_columns=True, align=True)
    for thumbnail in thumbnails_for(settings):
        column = grid.column(align=True)
        column.template_icon(icon_id(thumbnail), scale=4.0)
        is_chosen = settings.chosen_person == str(thumbnail.number)
        button = column.operator(POSENET3D_OT_choose_person.bl_idname, text=str(thumbnail.number), depress=is_chosen)
        button.number = thumbnail.number


register, unregister = bpy.utils.register_classes_factory(
    (POSENET3D_PT_capture, POSENET3D_PT_people, POSENET3D_PT_settings, POSENET3D_PT_queue)
)
