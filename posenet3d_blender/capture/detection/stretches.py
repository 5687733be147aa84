"""Stretches of a shot in which people are followed side by side, each from its own beginning.

Following people frame by frame keeps one core busy, and a network that shares its work out among cores wastes a third
of them. The stretches depend on the footage alone, so that the result is the same whatever the number of cores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ...cores import usable_cores
from ..keypoints.presence import LONGEST_ABSENCE
from ..video.footage import Footage
from .fast_motion import frame_stride
from .find_people import PersonTrack

SHORTEST_SHOT: Final = 2.0
"""Seconds; a shorter shot is one stretch."""
LONGEST_PAIR: Final = 8.0
"""Seconds of two stretches together, at most: they come in pairs, as many machines have two or four fast cores."""
LEAD: Final = 4
"""Frames that are searched before a stretch, for the regions to settle."""
SURE_INTERVAL: Final = 0.15
"""Seconds from the detection of each person within which a stretch may begin."""
MOST_STREAMS: Final = 4
"""Stretches at a time: each has pictures of its own in memory."""


@dataclass(frozen=True)
class Stretch:
    """Frames whose results count, and those that are looked at for them."""

    frames: slice
    read: slice
    """Some frames more on both sides."""


def stretch_count(footage: Footage, frames: slice) -> int:
    """Number of stretches that a shot is divided into, at most."""
    duration = float(footage.time[frames.stop - 1] - footage.time[frames.start])
    if duration < SHORTEST_SHOT or not footage.source.can_seek:
        return 1
    return 2 * int(np.ceil(duration / LONGEST_PAIR))


def stream_count(footage: Footage, shots: Sequence[slice]) -> int:
    """Number of stretches to follow at a time on the CPU, for shots of these frames."""
    return min(usable_cores(), MOST_STREAMS, max(stretch_count(footage, frames) for frames in shots))


def divide(footage: Footage, frames: slice, tracks: Sequence[PersonTrack]) -> list[Stretch]:
    """Divide a shot where everyone is surely seen or surely absent.

    Args:
        footage: the video.
        frames: of the shot.
        tracks: the people who are followed.
    """
    count = stretch_count(footage, frames)
    stride = frame_stride(footage.time[frames])
    before, after = LEAD * stride, stride + 1 if stride > 1 else 0
    starts = [frames.start]
    for number in range(1, count):
        nominal = frames.start + round((frames.stop - frames.start) * number / count / stride) * stride
        following = frames.start + (frames.stop - frames.start) * (number + 1) // count - before
        candidates = range(max(nominal, starts[-1] + 2 * before), following, stride)
        start = next((one for one in candidates if _is_sure(tracks, float(footage.time[one - before]))), None)
        if start is not None:
            starts.append(start)
    stops = [*starts[1:], frames.stop]
    return [
        Stretch(slice(start, stop), slice(max(frames.start, start - before), min(frames.stop, stop + after)))
        for start, stop in zip(starts, stops, strict=True)
    ]


def _is_sure(tracks: Sequence[PersonTrack], time: float) -> bool:
    """True if everyone is detected about this time, not there yet, or gone for long."""
    return all(
        track.seconds_from_detection(time) <= SURE_INTERVAL
        or time < track.time[0] - LONGEST_ABSENCE
        or time > track.time[-1] + LONGEST_ABSENCE
        for track in tracks
    )
