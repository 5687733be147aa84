"""The confidence of a take in the panel: ten coloured squares over time; a click goes to the worst frame of each."""

from __future__ import annotations

from typing import Final

import bpy

from ..scene.markers import LOW_CONFIDENCE
from .results import PARTS

GOOD: Final = 0.6
"""Confidence from which a part needs no second look."""
_ICONS: Final = {"good": "COLORSET_03_VEC", "fair": "COLORSET_09_VEC", "low": "COLORSET_01_VEC"}
"""Green, yellow, red."""


class POSENET3D_OT_go_to_frame(bpy.types.Operator):
    """Go to this frame"""

    bl_idname = "posenet3d.go_to_frame"
    bl_label = "Go to Frame"
    bl_options = {"INTERNAL"}

    # Blender reads properties from annotations, where a type checker expects types
    frame: bpy.props.IntProperty(name="Frame", description="Of the scene")  # type: ignore[valid-type]
    confidence: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Confidence", description="At that frame, 0 to 1"
    )

    @classmethod
    def description(cls, context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        return f"Confidence {properties.confidence:.0%} at frame {properties.frame}, the lowest here. Click to go there"

    def execute(self, context: bpy.types.Context) -> set[str]:
        context.scene.frame_set(self.frame)
        return {"FINISHED"}


def level(confidence: float) -> str:
    """Good, fair, or low: more guessed than seen."""
    if confidence < LOW_CONFIDENCE:
        return "low"
    return "good" if confidence >= GOOD else "fair"


def draw_confidence(layout: bpy.types.UILayout, armature: bpy.types.Object) -> None:
    """Draw the mean, the squares, and how many frames are low."""
    result = armature.posenet3d
    column = layout.column(align=True)
    column.label(text=f"{result.frames} frames, confidence {result.confidence:.0%}")
    row = column.row(align=True)
    for part in range(PARTS):
        confidence = result.part_confidence[part]
        button = row.operator(POSENET3D_OT_go_to_frame.bl_idname, text="", icon=_ICONS[level(confidence)], emboss=False)
        button.frame, button.confidence = result.part_frames[part], confidence
    if result.has_fingers:
        left, right = result.hand_confidence
        column.label(text=f"Fingers: left {left:.0%}, right {right:.0%}", icon="VIEW_PAN")
    if result.low_confidence_frames:
        column.label(text=f"{result.low_confidence_frames} frames of low confidence", icon="ERROR")


register, unregister = bpy.utils.register_classes_factory((POSENET3D_OT_go_to_frame,))
