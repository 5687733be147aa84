"""The footage's sound as a strip in the scene's sequencer."""

from __future__ import annotations

import os

import bpy

from ..background import Background
from .names import data_name
from .paths import path_to_store
from .timeline import scene_rate


def add_sound(scene: bpy.types.Scene, footage: Background, start_time: float, frames: tuple[int, int]) -> bool:
    """Add the footage's sound to the lowest free channel, in step with the motions, for these frames.

    The scene must have its final frame rate: Blender gives the strip its length in frames once.

    Args:
        scene: scene whose sequencer gets the strip; others in it stay as they are.
        footage: the video.
        start_time: time of the footage at the first of the frames, seconds.
        frames: first and last frame of all motions of the footage.

    Returns:
        False if the footage has no sound.
    """
    if footage.is_sequence:
        return False
    had_editor = scene.sequence_editor is not None
    strips = strips_of(scene.sequence_editor_create())
    channel = 1 + max((strip.channel for strip in strips), default=0)
    first, last = frames
    strip = _new_strip(strips, footage, channel, first)
    if strip is None:
        if not had_editor:
            scene.sequence_editor_clear()
        return False
    rate = scene_rate(scene)
    start = first - start_time * rate
    strip.frame_start = round(start)
    strip.sound_offset = (start - round(start)) / rate
    strip.frame_final_start = max(first, strip.frame_final_start)
    strip.frame_final_end = min(last + 1, strip.frame_final_end)
    return True


def strips_of(editor: bpy.types.SequenceEditor) -> bpy.types.bpy_prop_collection:
    """The editor's strips, which were called sequences before Blender 4.4."""
    return editor.strips if hasattr(editor, "strips") else editor.sequences


def _new_strip(
    strips: bpy.types.bpy_prop_collection, footage: Background, channel: int, frame: int
) -> bpy.types.bpy_struct | None:
    """Add a sound strip; None if the footage has no sound that Blender can play."""
    try:
        strip = strips.new_sound(data_name(footage.name), os.path.abspath(footage.path), channel, frame)
    except RuntimeError:
        return None
    if strip.sound and strip.sound.channels != "INVALID":
        strip.sound.filepath = path_to_store(strip.sound.filepath)
        return strip
    sound = strip.sound
    strips.remove(strip)
    if sound:
        bpy.data.sounds.remove(sound)
    return None
