"""Frames of low confidence, marked on the timeline: where an animator should look first."""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ..motion import Motion

LOW_CONFIDENCE: Final = 0.3
"""Below it a frame is more guessed than seen."""
LONGEST_BREAK: Final = 0.5
"""Seconds of better frames that do not end a range."""
SHORTEST_RANGE: Final = 0.1
"""Seconds; less is not worth a look."""
MOST_RANGES: Final = 20
"""The longest are marked; more would hide the timeline."""


def mark_low_confidence(scene: bpy.types.Scene, name: str, motion: Motion, first_frame: int) -> None:
    """Set a marker where each range of low confidence starts and one where it ends.

    Args:
        scene: gets the markers.
        name: the person's, for the markers' names.
        motion: its samples stand on consecutive frames.
        first_frame: where the first one stands.
    """
    for first, last in low_ranges(motion.confidence, motion.frame_rate):
        scene.timeline_markers.new(f"{name}: unsure", frame=first_frame + first)
        scene.timeline_markers.new(f"{name}: sure again", frame=first_frame + last + 1)


def low_ranges(confidence: NDArray[np.floating], frame_rate: float) -> list[tuple[int, int]]:
    """The first and last sample of each range of low confidence, in order.

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
    worth_a_look = [one for one in ranges if one[1] + 1 - one[0] >= SHORTEST_RANGE * frame_rate]
    return sorted(sorted(worth_a_look, key=lambda one: one[0] - one[1])[:MOST_RANGES])
