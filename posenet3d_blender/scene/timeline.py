"""Conversion from seconds of the footage to frames of a Blender scene."""

from __future__ import annotations

from collections.abc import Sequence

import bpy

from ..build_options import FIRST_FRAME
from ..motion import Motion
from ..motion_edit.resample import scene_start


def scene_rate(scene: bpy.types.Scene) -> float:
    """Frames per second of the scene."""
    return float(scene.render.fps / scene.render.fps_base)


def set_rate(scene: bpy.types.Scene, rate: float) -> None:
    """Set the scene's frames per second."""
    # Blender stores an integer and a divisor: 23.976 is 24 / 1.001
    scene.render.fps = max(1, round(rate))
    scene.render.fps_base = scene.render.fps / rate


def set_range(scene: bpy.types.Scene, motions: Sequence[Motion], first_frame: int) -> None:
    """Set the scene's frame range to include all motions, and go to its first frame."""
    scene.frame_start, scene.frame_end = frame_range(motions, first_frame)
    scene.frame_set(scene.frame_start)


def frame_range(motions: Sequence[Motion], first_frame: int = FIRST_FRAME) -> tuple[int, int]:
    """First and last frame in the scene: from the captured range's start to the last motion's end."""
    ends = [start_frame(motion, motions, first_frame) + motion.frame_count - 1 for motion in motions]
    return first_frame, max(ends)


def start_frame(motion: Motion, motions: Sequence[Motion], first_frame: int = FIRST_FRAME) -> int:
    """Frame of the first sample of `motion`, one of all `motions` of the scene, which start at `first_frame`."""
    # An integer up to rounding: all people of a video are sampled at the same times.
    return first_frame + round((float(motion.time[0]) - scene_start(motions)) * motion.frame_rate)
