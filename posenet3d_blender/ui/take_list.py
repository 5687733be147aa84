"""The list of takes: rename by a double click, choose, delete."""

from __future__ import annotations

import bpy

from ..scene.markers import move_markers
from ..scene.removal import remove_captured
from ..scene.skin import skin_meshes
from .modal_task import current_task
from .overlay import leave_overlays_of
from .settings import settings_of
from .takes import current_take, people_of, scenes_of, take_of, takes_in


class POSENET3D_UL_takes(bpy.types.UIList):
    """The takes of this scene; double-click to rename"""

    def draw_item(
        self,
        _context: bpy.types.Context,
        layout: bpy.types.UILayout,
        _data: object,
        item: bpy.types.Collection,
        _icon: int,
        _active_data: object,
        _active_property: str,
        _index: int,
    ) -> None:
        row = layout.split(factor=0.78)
        row.prop(item, "name", text="", emboss=False, icon="ARMATURE_DATA")
        confidence = min((person.posenet3d.confidence for person in people_of(item)), default=0.0)
        row.label(text=f"{confidence:.0%}")

    def filter_items(self, context: bpy.types.Context, _data: object, _property: str) -> tuple[list[int], list[int]]:
        shown = takes_in(context.scene)
        flags = [self.bitflag_filter_item if any(one == take for take in shown) else 0 for one in bpy.data.collections]
        return flags, []


class POSENET3D_OT_delete_take(bpy.types.Operator):
    """Delete this take with its armatures, bodies, camera, keys and markers; all else in its collection stays"""

    bl_idname = "posenet3d.delete_take"
    bl_label = "Delete Take"
    bl_options = {"UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return current_task() is None and current_take(context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        take = current_take(context)
        if take is None:
            return {"CANCELLED"}
        delete_take(take)
        takes = takes_in(context.scene)
        settings_of(context.scene).take = takes[-1] if takes else None
        return {"FINISHED"}


def delete_take(take: bpy.types.Collection) -> None:
    """Remove a take's objects and data; the user's objects and collections in it move to the scene."""
    leave_overlays_of(take)
    people = people_of(take)
    captured = [*people, *skin_meshes(people)]
    camera = take_of(take).camera
    if camera is not None and camera.name in take.objects:
        captured.append(camera)
    actions = [person.posenet3d.action for person in people if person.posenet3d.action]
    for scene in list(scenes_of(take)):
        for person in people:
            move_markers(scene, person.name, None)
        for part in take.objects:
            if part not in captured and part.name not in scene.collection.objects:
                scene.collection.objects.link(part)
        for child in take.children:
            if child.name not in scene.collection.children:
                scene.collection.children.link(child)
    remove_captured(captured, [take], actions)


def _active_index(settings: bpy.types.PropertyGroup) -> int:
    take = current_take(bpy.context)
    return bpy.data.collections.find(take.name) if take else -1


def _choose(settings: bpy.types.PropertyGroup, index: int) -> None:
    """Show the take of a row, and select its armatures where nothing else is being edited."""
    take = bpy.data.collections[index]
    settings_of(bpy.context.scene).take = take
    people = [person for person in people_of(take) if person.name in bpy.context.view_layer.objects]
    if bpy.context.mode != "OBJECT" or not people:
        return
    for one in bpy.context.view_layer.objects:
        one.select_set(one in people)
    bpy.context.view_layer.objects.active = people[0]


class POSENET3D_PG_take_list(bpy.types.PropertyGroup):
    """State of the list"""

    index: bpy.props.IntProperty(  # type: ignore[valid-type]
        name="Take", description="The take that the panel shows and acts on", get=_active_index, set=_choose
    )


_register_classes, _unregister_classes = bpy.utils.register_classes_factory(
    (POSENET3D_PG_take_list, POSENET3D_UL_takes, POSENET3D_OT_delete_take)
)


def register() -> None:
    """Register the list; its state is the window manager's, as it only mirrors the scene's."""
    _register_classes()
    bpy.types.WindowManager.posenet3d_takes = bpy.props.PointerProperty(type=POSENET3D_PG_take_list)


def unregister() -> None:
    """Unregister it."""
    del bpy.types.WindowManager.posenet3d_takes
    _unregister_classes()
