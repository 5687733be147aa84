"""Armatures that Blender poses for the moment, though the user hides them or looks at their rest position."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import bpy


@contextmanager
def posable(armature: bpy.types.Object) -> Iterator[None]:
    """Let an armature be posed: Blender evaluates none that is hidden from viewports or in its rest position."""
    hidden, position = armature.hide_viewport, armature.data.pose_position
    try:
        if hidden:
            armature.hide_viewport = False
        if position != "POSE":
            armature.data.pose_position = "POSE"
        yield
    finally:
        if hidden:
            armature.hide_viewport = True
        if position != "POSE":
            armature.data.pose_position = position


def obstacles_to_playing(armature: bpy.types.Object) -> list[str]:
    """A sentence for each choice of the user that keeps a new action from being seen."""
    found = []
    if armature.data.pose_position == "REST":
        found.append(f"{armature.name}: it is in Rest Position; choose Pose Position in its data tab to see the motion")
    animation = armature.animation_data
    for track in animation.nla_tracks if animation else ():
        if track.is_solo:
            found.append(f"{armature.name}: its NLA track {track.name} is solo; take solo off to see the motion")
    return found
