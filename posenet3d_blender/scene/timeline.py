"""Conversion from seconds of the footage to frames of a Blender scene."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import bpy

from ..motion import Motion

FIRST_FRAME: Final = 1
"""Frame at which the captured range of the footage starts: Blender's scenes start at frame 1."""


def set_timeline(scene: bpy.types.Scene, motions: Sequence[Motion]) -> None:
    """Set the scene's frame rate to the motions' and its frame range to include them all."""
    rate = motions[0].frame_rate
    # Blender stores an integer and a divisor: 23.976 is 24 / 1.001
    scene.render.fps = max(1, round(rate))
    scene.render.fps_base = scene.render.fps / rate
    scene.frame_start, scene.frame_end = frame_range(motions)
    scene.frame_set(scene.frame_start)


def frame_range(motions: Sequence[Motion]) -> tuple[int, int]:
    """First and last frame of the scene: from the captured range's start to the last motion's end."""
    ends = [start_frame(motion, motions) + motion.frame_count - 1 for motion in motions]
    return FIRST_FRAME, max(ends)


def start_frame(motion: Motion, motions: Sequence[Motion]) -> int:
    """Frame of the first sample of `motion`, one of all `motions` of the scene."""
    # An integer up to rounding: all people of a video are sampled at the same times.
    return FIRST_FRAME + round((float(motion.time[0]) - scene_start(motions)) * motion.frame_rate)


def scene_start(motions: Sequence[Motion]) -> float:
    """Time of the footage at FIRST_FRAME, seconds."""
    return min(float(motion.time[0]) if motion.scene_start is None else motion.scene_start for motion in motions)
