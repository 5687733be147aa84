"""Seconds of the footage as frames of a Blender scene."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import bpy

from ..motion import Motion

FIRST_FRAME: Final = 1
"""Where the first sample stands: Blender's scenes start at frame 1."""


def set_timeline(scene: bpy.types.Scene, motions: Sequence[Motion]) -> None:
    """Give the scene the motions' frame rate and a frame range that holds them all."""
    rate = motions[0].frame_rate
    # Blender keeps a whole number and a divisor: 23.976 is 24 / 1.001
    scene.render.fps = max(1, round(rate))
    scene.render.fps_base = scene.render.fps / rate
    scene.frame_start, scene.frame_end = frame_range(motions)
    scene.frame_set(scene.frame_start)


def frame_range(motions: Sequence[Motion]) -> tuple[int, int]:
    """The first and last frame of all the motions."""
    starts = [start_frame(motion, motions) for motion in motions]
    return min(starts), max(start + motion.frame_count - 1 for start, motion in zip(starts, motions, strict=True))


def start_frame(motion: Motion, motions: Sequence[Motion]) -> int:
    """The frame of `motion`'s first sample, when the earliest of all `motions` starts at FIRST_FRAME."""
    earliest = min(float(other.time[0]) for other in motions)
    # people of one video are sampled on one grid, so this is whole but for rounding
    return FIRST_FRAME + round((float(motion.time[0]) - earliest) * motion.frame_rate)
