"""Baking the captured motion to keys on an armature."""

from __future__ import annotations

import bpy

from ..errors import PoseNet3DError
from ..scene.bake import bake, holding_back
from ..scene.key_reduction import Tolerance
from ..scene.keys import curves_of
from ..scene.retarget import missing_bones
from .results import shown_result
from .settings import settings_of

_DEFAULT = Tolerance()


def _fitting_armatures(
    _operator: bpy.types.Operator, context: bpy.types.Context, typed: str
) -> list[str]:  # what Blender offers while a name is typed
    fitting = [one.name for one in context.scene.objects if one.type == "ARMATURE" and not missing_bones(one)]
    return [name for name in fitting if typed.lower() in name.lower()]


class POSENET3D_OT_bake(bpy.types.Operator):
    """Key the captured motion on an armature with the same bone names, as a new action; the one it has is kept"""

    bl_idname = "posenet3d.bake"
    bl_label = "Bake to Armature"
    bl_options = {"REGISTER", "UNDO"}

    # Blender reads properties from annotations, where a type checker wants types
    target: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Target",
        description="The armature that gets the keys; empty for the captured one itself",
        search=_fitting_armatures,
        options={"SKIP_SAVE"},
    )
    keys: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Keys",
        description="How many keys the bones get",
        items=(
            ("EVERY", "Every Frame", "One key on every frame, exactly as captured"),
            (
                "REDUCED",
                "Reduced",
                "Few keys with handles, easy to edit, that stay within the tolerance at every frame",
            ),
        ),
    )
    degrees: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Degrees",
        description="How far any bone's rotation beside its parent may be off at any frame, degrees",
        default=_DEFAULT.degrees,
        min=0.01,
        soft_max=10.0,
        max=90.0,
        precision=2,
        step=10,
    )
    millimetres: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Millimetres",
        description="How far the pelvis may be from its place in the world at any frame, millimetres",
        default=_DEFAULT.millimetres,
        min=0.01,
        soft_max=50.0,
        max=1000.0,
        precision=2,
        step=50,
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return _source(context) is not None

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        chosen = settings_of(context.scene).target
        if chosen and not self.target:
            self.target = chosen.name
        return context.window_manager.invoke_props_dialog(self)

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(self, "target", icon="ARMATURE_DATA")
        layout.prop(self, "keys", expand=True)
        tolerance = layout.column(align=True)
        tolerance.enabled = self.keys == "REDUCED"
        tolerance.prop(self, "degrees")
        tolerance.prop(self, "millimetres")

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            self._bake(context)
        except PoseNet3DError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}

    def _bake(self, context: bpy.types.Context) -> None:
        source = _source(context)
        assert source is not None, "poll sees to it"
        target = bpy.data.objects.get(self.target) if self.target else source
        if target is None:
            raise PoseNet3DError(f"{self.target}: no such object; choose an armature with SMPL's bone names")
        tolerance = Tolerance(self.degrees, self.millimetres) if self.keys == "REDUCED" else None
        muted = len(holding_back(target)) if target.type == "ARMATURE" else 0
        action = bake(source, target, tolerance)
        key_count = sum(len(curve.keyframe_points) for curve in curves_of(target))
        if muted:
            self.report({"WARNING"}, f"Muted {muted} constraints or drivers of {target.name} that held its bones")
        self.report({"INFO"}, f"Baked to the action {action.name}, {key_count} keys")


def _source(context: bpy.types.Context) -> bpy.types.Object | None:
    """What the panel is about, or else an active armature that moves as captured ones do, from a file for example."""
    shown = shown_result(context)
    if shown is not None:
        return shown
    active = context.active_object
    fits = active and active.type == "ARMATURE" and active.animation_data and not missing_bones(active)
    return active if fits else None


register, unregister = bpy.utils.register_classes_factory((POSENET3D_OT_bake,))
