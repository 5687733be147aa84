"""Results of a capture, stored on each captured armature, so that they are saved, copied and undone with it."""

from __future__ import annotations

import base64
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Final

import bpy
import numpy as np

from ..errors import PoseNet3DError
from ..motion import Motion, load_motion
from ..scene.markers import LOW_CONFIDENCE

PARTS: Final = 10
"""Parts of the motion whose confidence the panel shows."""


class POSENET3D_PG_result(bpy.types.PropertyGroup):
    """Result of a capture"""

    # Blender reads properties from annotations, where a type checker expects types
    frames: bpy.props.IntProperty(  # type: ignore[valid-type]
        name="Frames", description="Number of captured frames; 0: not a captured armature"
    )
    confidence: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Confidence", description="Mean over all frames: 0 is guessed, 1 is clearly visible", subtype="FACTOR"
    )
    low_confidence_frames: bpy.props.IntProperty(  # type: ignore[valid-type]
        name="Low-Confidence Frames",
        description="Number of frames that are more guessed than seen; markers on the timeline show them",
    )
    part_confidence: bpy.props.FloatVectorProperty(  # type: ignore[valid-type]
        name="Confidence of Parts", description="Lowest confidence in each tenth of the motion", size=PARTS
    )
    part_frames: bpy.props.IntVectorProperty(  # type: ignore[valid-type]
        name="Frames of Parts", description="Frame of the lowest confidence in each tenth of the motion", size=PARTS
    )
    has_fingers: bpy.props.BoolProperty(  # type: ignore[valid-type]
        name="Fingers", description="The motion has fingers"
    )
    hand_confidence: bpy.props.FloatVectorProperty(  # type: ignore[valid-type]
        name="Confidence of Hands", description="Mean of the left and the right hand: 0 is at rest, not seen", size=2
    )
    motion: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Motion", description="The motion as captured: a motion file in base 64"
    )
    action: bpy.props.PointerProperty(  # type: ignore[valid-type]
        name="Action", description="The action that holds the captured keys", type=bpy.types.Action
    )
    character: bpy.props.PointerProperty(  # type: ignore[valid-type]
        name="Character", description="The character that has the motion", type=bpy.types.Object
    )
    character_action: bpy.props.PointerProperty(  # type: ignore[valid-type]
        name="Character's Action", description="The action that holds the character's keys", type=bpy.types.Action
    )


def is_captured(candidate: bpy.types.Object | None) -> bool:
    """True for a captured armature. Asking leaves no property on others."""
    return bool(candidate and candidate.is_property_set("posenet3d") and candidate.posenet3d.frames)


def store_result(armature: bpy.types.Object, motion: Motion) -> None:
    """Store on an armature what the panel shows of its motion, which may be keyed at another rate."""
    result = armature.posenet3d
    # After an update the action may lie in a strip, or another one be in use.
    action = result.action or armature.animation_data.action
    first_frame, last_frame = (round(frame) for frame in action.frame_range)
    result.frames = last_frame - first_frame + 1
    result.confidence = float(motion.confidence.mean())
    result.low_confidence_frames = round(float((motion.confidence < LOW_CONFIDENCE).mean()) * result.frames)
    result.part_confidence, samples = confidence_of_parts(motion)
    ratio = (last_frame - first_frame) / max(motion.frame_count - 1, 1)
    result.part_frames = [first_frame + round(sample * ratio) for sample in samples]
    result.has_fingers = motion.finger_poses is not None
    hands = (motion.left_hand_confidence, motion.right_hand_confidence)
    result.hand_confidence = [0.0 if values is None else float(np.mean(values)) for values in hands]
    result.motion = _packed(motion)
    result.action = action


def confidence_of_parts(motion: Motion) -> tuple[list[float], list[int]]:
    """The lowest confidence in each of PARTS equal parts of the motion, and the sample that has it."""
    lowest = []
    for start, stop in pairwise(np.linspace(0, motion.frame_count, PARTS + 1).astype(int).tolist()):
        first = min(start, motion.frame_count - 1)
        part = motion.confidence[first : max(stop, first + 1)]
        lowest.append(first + int(np.argmin(part)))
    return motion.confidence[lowest].clip(0, 1).tolist(), lowest


def stored_motion(armature: bpy.types.Object) -> Motion:
    """The motion as it was captured, without later edits of its keys.

    Raises:
        PoseNet3DError: the armature holds none.
    """
    packed = armature.posenet3d.motion if is_captured(armature) else ""
    if not packed:
        raise PoseNet3DError(f"{armature.name}: it holds no captured motion; capture it again")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "motion.npz")
        path.write_bytes(base64.b64decode(packed))
        return load_motion(path)


def _packed(motion: Motion) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "motion.npz")
        motion.save(path)
        return base64.b64encode(path.read_bytes()).decode("ascii")


def register() -> None:
    """Add the results to Blender's object type."""
    bpy.utils.register_class(POSENET3D_PG_result)
    bpy.types.Object.posenet3d = bpy.props.PointerProperty(type=POSENET3D_PG_result)


def unregister() -> None:
    """Remove them from it."""
    del bpy.types.Object.posenet3d
    bpy.utils.unregister_class(POSENET3D_PG_result)
