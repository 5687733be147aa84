"""The operator that bakes the captured motion to keys on an armature."""

from __future__ import annotations

import math

import bpy

from ..errors import PoseNet3DError, printable
from ..scene.bake import bake, blocking_animation
from ..scene.key_reduction import Tolerance
from ..scene.keys import curves_of
from ..scene.retarget.same_bones import missing_bones
from .character_settings import retarget_settings
from .takes import shown_armature

_DEFAULT = Tolerance()


def _suggest_armatures(_operator: bpy.types.Operator, context: bpy.types.Context, text: str) -> list[str]:
    """Names that Blender suggests while the user types `text`."""
    armatures = [candidate for candidate in context.scene.objects if candidate.type == "ARMATURE"]
    names = [armature.name for armature in armatures if not missing_bones(armature)]
    return [name for name in names if text.lower() in name.lower()]


class POSENET3D_OT_bake(bpy.types.Operator):
    """Key the captured motion on an armature with the same bone names, as a new action; its present action is kept"""

    bl_idname = "posenet3d.bake"
    bl_label = "Bake to Armature"
    bl_options = {"REGISTER", "UNDO"}

    # Blender reads properties from annotations, where a type checker expects types
    target: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Target",
        description="The armature that receives the keys; empty for the captured one itself",
        search=_suggest_armatures,
        options={"SKIP_SAVE"},
    )
    keys: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Keys",
        description="Number of keys on the bones",
        items=(
            ("EVERY", "Every Frame", "A key on every frame, exactly as captured"),
            (
                "REDUCED",
                "Reduced",
                "Few Bezier keys, easy to edit, that stay within the tolerance at every frame",
            ),
        ),
    )
    angle: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Rotation",
        description="Largest error of any bone's rotation relative to its parent at any frame",
        default=math.radians(_DEFAULT.degrees),
        min=math.radians(0.01),
        soft_max=math.radians(10.0),
        max=math.radians(90.0),
        precision=2,
        step=10,
        subtype="ANGLE",
        unit="ROTATION",
    )
    distance: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Position",
        description="Largest error of the pelvis's position in the world at any frame",
        default=_DEFAULT.millimetres / 1000.0,
        min=0.00001,
        soft_max=0.05,
        max=1.0,
        precision=3,
        step=0.1,
        subtype="DISTANCE",
        unit="LENGTH",
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return _source_armature(context) is not None

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        chosen = retarget_settings(context.scene).first.target
        if chosen and not self.target:
            self.target = chosen.name
        result: set[str] = context.window_manager.invoke_props_dialog(self)
        return result

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(self, "target", icon="ARMATURE_DATA")
        layout.prop(self, "keys", expand=True)
        tolerance = layout.column(align=True)
        tolerance.enabled = self.keys == "REDUCED"
        tolerance.prop(self, "angle")
        tolerance.prop(self, "distance")

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            self._bake(context)
        except PoseNet3DError as error:
            self.report({"ERROR"}, printable(str(error)))
            return {"CANCELLED"}
        return {"FINISHED"}

    def _bake(self, context: bpy.types.Context) -> None:
        source = _source_armature(context)
        assert source is not None, "poll checks this"
        target = bpy.data.objects.get(self.target) if self.target else source
        if target is None:
            raise PoseNet3DError(f"{self.target}: no such object; choose an armature with SMPL's bone names")
        tolerance = Tolerance(math.degrees(self.angle), 1000.0 * self.distance) if self.keys == "REDUCED" else None
        muted = len(blocking_animation(source, target)) if target.type == "ARMATURE" else 0
        action = bake(source, target, tolerance)
        key_count = sum(len(curve.keyframe_points) for curve in curves_of(target))
        if muted:
            self.report(
                {"WARNING"}, f"Muted {muted} constraints or drivers of {target.name} that would override the keys"
            )
        self.report({"INFO"}, f"Baked {key_count} keys to the action {action.name}")


def _source_armature(context: bpy.types.Context) -> bpy.types.Object | None:
    """The panel's captured armature, else the active one if it has SMPL's bones and an animation."""
    armature = shown_armature(context)
    if armature is not None:
        return armature
    active = context.active_object
    is_usable = active and active.type == "ARMATURE" and active.animation_data and not missing_bones(active)
    return active if is_usable else None


register, unregister = bpy.utils.register_classes_factory((POSENET3D_OT_bake,))
