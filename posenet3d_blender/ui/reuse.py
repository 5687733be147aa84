"""Operators that reuse a captured motion: as an NLA strip, and as a loop."""

from __future__ import annotations

from collections.abc import Callable

import bpy

from ..errors import PoseNet3DError, printable
from ..scene.reuse import action_of, check_loop, make_loop, push_to_nla
from .sidebar import SidebarTab


class _OnSelected:
    """Base of operators that change the actions of the selected armatures, or of the active one."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return bool(_animated_armatures(context))

    def change_all(
        self,
        context: bpy.types.Context,
        check: Callable[[bpy.types.Object], object],
        change: Callable[[bpy.types.Object], object],
    ) -> set[str]:
        """Change each armature, or none and report the first that can't be: a cancelled operator is not undone."""
        armatures = _animated_armatures(context)
        try:
            for work in (check, change):
                for armature in armatures:
                    work(armature)
        except PoseNet3DError as error:
            self.report({"ERROR"}, printable(str(error)))  # type: ignore[attr-defined]  # of bpy.types.Operator
            return {"CANCELLED"}
        return {"FINISHED"}


class POSENET3D_OT_push_to_nla(_OnSelected, bpy.types.Operator):
    """Move the motion of each selected armature to a strip in the NLA editor, where it plays as before"""

    bl_idname = "posenet3d.push_to_nla"
    bl_label = "Push to NLA"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        return self.change_all(context, action_of, push_to_nla)


class POSENET3D_OT_make_loop(_OnSelected, bpy.types.Operator):
    """Blend the end of each selected armature's motion to its start and repeat it; the distance covered is kept"""

    bl_idname = "posenet3d.make_loop"
    bl_label = "Make Loop"
    bl_options = {"REGISTER", "UNDO"}

    # Blender reads properties from annotations, where a type checker expects types
    blend_frames: bpy.props.IntProperty(  # type: ignore[valid-type]
        name="Blend", description="Frames at the end that lead to the first pose", default=10, min=1, soft_max=60
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        return self.change_all(
            context,
            lambda armature: check_loop(armature, self.blend_frames),
            lambda armature: make_loop(armature, self.blend_frames),
        )


def _animated_armatures(context: bpy.types.Context) -> list[bpy.types.Object]:
    """The selected armatures with an action, and the active one."""
    candidates = dict.fromkeys([*context.selected_objects, *([context.active_object] if context.active_object else [])])
    return [one for one in candidates if one.type == "ARMATURE" and one.animation_data and one.animation_data.action]


class POSENET3D_PT_reuse(SidebarTab, bpy.types.Panel):
    """Ways to reuse the motion of the selected armatures"""

    bl_label = "Reuse"
    bl_idname = "POSENET3D_PT_reuse"
    bl_parent_id = "POSENET3D_PT_capture"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 7

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return bool(_animated_armatures(context))

    def draw(self, context: bpy.types.Context) -> None:
        self.layout.operator(POSENET3D_OT_make_loop.bl_idname, icon="FILE_REFRESH")
        self.layout.operator(POSENET3D_OT_push_to_nla.bl_idname, icon="NLA_PUSHDOWN")


register, unregister = bpy.utils.register_classes_factory(
    (POSENET3D_OT_push_to_nla, POSENET3D_OT_make_loop, POSENET3D_PT_reuse)
)
