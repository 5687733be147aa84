"""Timeline markers at frames of low confidence, which an animator should check first."""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np

from ..arrays import Array
from ..motion import Motion
from .names import data_name

_LOW: Final = "low confidence"
_RESTORED: Final = "confidence restored"
LOW_CONFIDENCE: Final = 0.3
"""Frames below it are more guessed than seen."""
LONGEST_BREAK: Final = 0.5
"""Seconds; a shorter stretch of better frames does not end a range."""
SHORTEST_RANGE: Final = 0.1
"""Seconds; shorter ranges get no marker."""
MOST_RANGES: Final = 20
"""Only the longest ranges are marked; more would clutter the timeline."""


def move_markers(scene: bpy.types.Scene, name: str, receiver: str | None) -> None:
    """Give a person's markers to another one, in place of those they had; None: remove them."""
    if receiver:
        for marker in markers_of(scene, receiver):
            scene.timeline_markers.remove(marker)
    names = _names(name)
    for marker in markers_of(scene, name):
        if receiver:
            marker.name = _names(receiver)[names.index(marker.name)]
        else:
            scene.timeline_markers.remove(marker)


def markers_of(scene: bpy.types.Scene, name: str) -> list[bpy.types.TimelineMarker]:
    """A person's markers on the scene's timeline."""
    names = _names(name)
    return [marker for marker in scene.timeline_markers if marker.name in names]


def _names(person: str) -> list[str]:
    """Names of the markers at which a person's low confidence begins and ends."""
    return [data_name(person, end) for end in (f": {_LOW}", f": {_RESTORED}")]


def has_markers(scene: bpy.types.Scene, name: str) -> bool:
    """True if a person has markers on the scene's timeline."""
    return bool(markers_of(scene, name))


def mark_low_confidence(scene: bpy.types.Scene, name: str, motion: Motion, first_frame: int) -> None:
    """Add a marker to the scene at the start of each range of low confidence and one at its end.

    Args:
        scene: scene whose timeline gets the markers.
        name: the person's name, for the markers' names.
        motion: one sample per frame.
        first_frame: frame of the first sample.
    """
    for first, last in low_confidence_ranges(motion.confidence, motion.frame_rate):
        for marker, frame in zip(_names(name), (first, last + 1), strict=True):
            scene.timeline_markers.new(marker, frame=first_frame + frame)


def mark_action(action: bpy.types.Action, motion: Motion, first_frame: int) -> None:
    """Mark ranges of low confidence by the action's pose markers, which the Action Editor alone shows."""
    for first, last in low_confidence_ranges(motion.confidence, motion.frame_rate):
        action.pose_markers.new(_LOW.capitalize()).frame = first_frame + first
        action.pose_markers.new(_RESTORED.capitalize()).frame = first_frame + last + 1


def low_confidence_ranges(confidence: Array, frame_rate: float) -> list[tuple[int, int]]:
    """First and last sample of each range of low confidence, in order.

    Args:
        confidence: (T,) from 0 to 1.
        frame_rate: samples per second.
    """
    ranges: list[tuple[int, int]] = []
    for sample in np.flatnonzero(confidence < LOW_CONFIDENCE).tolist():
        if ranges and sample - ranges[-1][1] <= LONGEST_BREAK * frame_rate:
            ranges[-1] = (ranges[-1][0], sample)
        else:
            ranges.append((sample, sample))
    long_ranges = [(first, last) for first, last in ranges if last + 1 - first >= SHORTEST_RANGE * frame_rate]
    by_length = sorted(long_ranges, key=lambda limits: limits[0] - limits[1])
    return sorted(by_length[:MOST_RANGES])
