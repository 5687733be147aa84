"""The frames at which an armature moves: of its action, and of the NLA strips that play below it."""

from __future__ import annotations

from collections.abc import Sequence

import bpy

from ..errors import PoseNet3DError
from .keys import CAPTURE_START


def playing_strips(armature: bpy.types.Object) -> list[bpy.types.NlaStrip]:
    """The armature's NLA strips that are not muted, nor their tracks."""
    tracks = armature.animation_data.nla_tracks if armature.animation_data else ()
    return [strip for track in tracks if not track.mute for strip in track.strips if not strip.mute]


def played_frames(armature: bpy.types.Object) -> range:
    """From the first to the last frame of the armature's action and strips.

    Raises:
        PoseNet3DError: it is not animated.
    """
    spans = [(strip.frame_start, strip.frame_end) for strip in playing_strips(armature)]
    animation = armature.animation_data
    if animation and animation.action:
        spans.append(tuple(animation.action.frame_range))
    if not spans:
        raise PoseNet3DError(f"{armature.name}: it has no motion; choose a captured armature")
    return range(round(min(start for start, _ in spans)), round(max(end for _, end in spans)) + 1)


def exported_frames(armatures: Sequence[bpy.types.Object]) -> tuple[int, int]:
    """First and last frame to export: from the footage's start, before which nobody may be keyed, to the last key.

    For armatures that were not captured it is the first frame of the context's scene, if they are keyed later.

    Raises:
        PoseNet3DError: one of the armatures is not animated.
    """
    played = [played_frames(armature) for armature in armatures]
    scene_start = bpy.context.scene.frame_start
    starts = [armature.get(CAPTURE_START, scene_start) for armature in armatures]
    return round(min(*starts, *(frames[0] for frames in played))), max(frames[-1] for frames in played)
