"""Frames between those in which landmarks were found: interpolated, except where the motion is too fast for that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ...arrays import Array
from .blazepose.landmarks import Landmarks

LEAST_RATE: Final = 25.0
"""Frames per second in which landmarks are found, at least, where the footage has as many."""
LARGEST_BEND: Final = 0.005
"""Distance by which a point's path may leave the straight line between two frames, as a part of the region's size."""
CLEAR: Final = 0.5
"""Confidence from which a point counts: the jitter of hidden ones is no motion."""


@dataclass(frozen=True)
class FoundFrame:
    """A frame in which the landmarks were sought."""

    time: float
    """Seconds."""
    landmarks: Landmarks | None
    """None: the person is not visible."""


def frame_stride(time: Array) -> int:
    """Distance between the frames in which landmarks are found; 1 below 50 frames per second: every one.

    Args:
        time: (N,) seconds of the frames, strictly rising.
    """
    gap = float(np.median(np.diff(time))) if len(time) > 1 else 1.0
    return max(1, int(1 / (LEAST_RATE * gap) + 1e-3))


def is_fast(earlier: FoundFrame | None, before: FoundFrame, after: FoundFrame, later: FoundFrame | None) -> bool:
    """True where the frames between `before` and `after` can't be interpolated.

    Args:
        earlier: the one before `before`; None: there is none.
        before: beginning of the stretch.
        after: end of the stretch.
        later: the one after `after`; None: there is none.
    """
    if before.landmarks is None or after.landmarks is None:
        return True
    triples = [(earlier, before, after), (before, after, later)]
    bends = [bend for triple in triples if (bend := _bend(*triple)) is not None]
    return not bends or max(bends) > LARGEST_BEND


def _bend(first: FoundFrame | None, second: FoundFrame | None, third: FoundFrame | None) -> float | None:
    """Distance by which the fastest point leaves a straight line beside the second of three frames.

    As a part of the region's size; None where it is not known. Points that accelerate leave the line between two
    frames by an eighth of the change of their speed, times the time between.
    """
    found = [one.landmarks for one in (first, second, third) if one is not None and one.landmarks is not None]
    if first is None or second is None or third is None or len(found) < 3:
        return None
    speeds = (
        (found[1].points - found[0].points) / (second.time - first.time),
        (found[2].points - found[1].points) / (third.time - second.time),
    )
    clear = np.min([one.confidence for one in found], axis=0) >= CLEAR
    changes = np.linalg.norm(speeds[1] - speeds[0], axis=1)[clear]
    elapsed = max(second.time - first.time, third.time - second.time)
    return float(changes.max(initial=0.0)) * elapsed / 8 / found[1].next_region.size


def interpolate(before: FoundFrame, after: FoundFrame, time: float) -> Array | None:
    """(33, 3) points and confidence at a time between two frames; None where the person is not visible in both."""
    if before.landmarks is None or after.landmarks is None:
        return None
    part = (time - before.time) / (after.time - before.time)
    points = before.landmarks.points * (1 - part) + after.landmarks.points * part
    return np.column_stack([points, np.minimum(before.landmarks.confidence, after.landmarks.confidence)])
