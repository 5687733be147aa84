"""Results of a capture, stored on each captured armature, so that they are saved, copied and undone with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import bpy
import numpy as np

from ..errors import printable
from ..scene.markers import LOW_CONFIDENCE
from .settings import settings_of

if TYPE_CHECKING:
    from ..capture.pipeline import Capture
    from ..motion import Motion

GRAPH_WIDTH: Final = 18
"""Characters."""
_BARS: Final = "▁▂▃▄▅▆▇█"


class POSENET3D_PG_result(bpy.types.PropertyGroup):
    """Result of a capture"""

    # Blender reads properties from annotations, where a type checker expects types
    frames: bpy.props.IntProperty(  # type: ignore[valid-type]
        name="Frames", description="Number of captured frames; 0: not a captured armature"
    )
    confidence: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Confidence", description="Mean over all frames: 0 is guessed, 1 is clearly visible"
    )
    low_confidence_frames: bpy.props.IntProperty(  # type: ignore[valid-type]
        name="Low-Confidence Frames",
        description="Number of frames that are more guessed than seen; markers on the timeline show them",
    )
    graph: bpy.props.StringProperty(name="Graph", description="Confidence over time")  # type: ignore[valid-type]
    warnings: bpy.props.StringProperty(name="Warnings", description="One per line")  # type: ignore[valid-type]
    ran_on: bpy.props.StringProperty(name="Ran On", description="Device and runtime")  # type: ignore[valid-type]
    camera: bpy.props.PointerProperty(  # type: ignore[valid-type]
        name="Camera", description="The solved camera, with the footage as its background", type=bpy.types.Object
    )


def store_results(
    scene: bpy.types.Scene, armatures: list[bpy.types.Object], capture: Capture, warnings: tuple[str, ...]
) -> None:
    """Store on each armature what the panel shows of it; the first becomes the scene's latest capture."""
    # Imported late: enabling the add-on must not load the capture's packages.
    from ..capture.runtime.network import device_name

    parts = armatures[0].users_collection[0].objects
    camera = next((part for part in parts if part.type == "CAMERA"), None)
    ran_on = f"{device_name(capture.device)}, by {capture.backend}"
    for armature, motion in zip(armatures, capture.motions, strict=True):
        result = armature.posenet3d
        result.frames = motion.frame_count
        result.confidence = float(motion.confidence.mean())
        result.low_confidence_frames = int((motion.confidence < LOW_CONFIDENCE).sum())
        result.graph = confidence_graph(motion)
        result.warnings = "\n".join(printable(warning) for warning in warnings)
        result.ran_on = ran_on
        result.camera = camera
    settings_of(scene).latest = armatures[0]


def confidence_graph(motion: Motion) -> str:
    """A text sparkline: the lowest confidence in each of GRAPH_WIDTH equal parts of the motion."""
    parts = np.array_split(motion.confidence, min(GRAPH_WIDTH, motion.frame_count))
    heights = (np.array([part.min() for part in parts]).clip(0, 1) * (len(_BARS) - 1)).round().astype(int)
    return "".join(_BARS[height] for height in heights)


def captured_armature(context: bpy.types.Context) -> bpy.types.Object | None:
    """The captured armature that the panel shows: the active one, else the scene's latest."""
    for candidate in (context.active_object, settings_of(context.scene).latest):
        if candidate and candidate.posenet3d.frames and candidate.name in context.scene.objects:
            return candidate
    return None


def people_of_capture(armature: bpy.types.Object) -> list[bpy.types.Object]:
    """Armatures of the same capture, this one included."""
    objects = armature.users_collection[0].objects
    return [candidate for candidate in objects if candidate.type == "ARMATURE" and candidate.posenet3d.frames]


def register() -> None:
    """Add the results to Blender's object type."""
    bpy.utils.register_class(POSENET3D_PG_result)
    bpy.types.Object.posenet3d = bpy.props.PointerProperty(type=POSENET3D_PG_result)


def unregister() -> None:
    """Remove them from it."""
    del bpy.types.Object.posenet3d
    bpy.utils.unregister_class(POSENET3D_PG_result)
