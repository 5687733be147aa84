"""Small grey copies of frames at an even interval; kept while frames are read for something else, they cost little."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .footage import Footage, Frame, read_frames

LARGEST_SIZE: Final = 64 * 1024**2
"""Bytes of the copies that are kept; later ones are read from the footage again."""
TOLERANCE: Final = 1e-3
"""Seconds by which a frame may come before its time."""


@dataclass(frozen=True)
class GreyCopy:
    """A frame's copy."""

    index: int
    time: float
    """Seconds."""
    pixels: NDArray[np.uint8]
    """(h, w) upright."""


class GreyCopies:
    """Copies of the frames that are at least an interval apart, and of each range's last one."""

    def __init__(self, longer_side: int, interval: float, largest_size: int = LARGEST_SIZE) -> None:
        """Keep nothing yet.

        Args:
            longer_side: of the copies, pixels.
            interval: seconds.
            largest_size: bytes of all copies that are kept.
        """
        self._longer_side = longer_side
        self._interval = interval
        self._room = largest_size
        self._kept: dict[tuple[int, int], deque[GreyCopy]] = {}
        self._is_whole: set[tuple[int, int]] = set()

    def keep(self, frames: slice, read: Iterable[Frame]) -> Iterator[Frame]:
        """Pass on frames as they are read, all of a range, and keep copies of those that are due."""
        key = (frames.start, frames.stop)
        kept = self._kept[key] = deque()
        due = -np.inf
        for frame in read:
            if self._room > 0 and self._is_due(frame, due, frames):
                copy = self._copy(frame)
                due = frame.time + self._interval
                kept.append(copy)
                self._room -= copy.pixels.nbytes
            yield frame
        if self._room > 0:
            self._is_whole.add(key)

    def take(self, footage: Footage, frames: slice) -> Iterator[GreyCopy]:
        """The copies of a range, once: those that were kept, then those that are read now."""
        key = (frames.start, frames.stop)
        kept = self._kept.pop(key, deque())
        start, due = frames.start, -np.inf
        while kept:
            copy = kept.popleft()
            self._room += copy.pixels.nbytes
            start, due = copy.index + 1, copy.time + self._interval
            yield copy
        if key in self._is_whole or start >= frames.stop:
            return
        for frame in read_frames(footage, slice(start, frames.stop)):
            if self._is_due(frame, due, frames):
                due = frame.time + self._interval
                yield self._copy(frame)

    def _is_due(self, frame: Frame, due: float, frames: slice) -> bool:
        return frame.time >= due - TOLERANCE or frame.index == frames.stop - 1

    def _copy(self, frame: Frame) -> GreyCopy:
        import cv2

        grey = cv2.cvtColor(frame.small_copy(self._longer_side), cv2.COLOR_RGB2GRAY)
        return GreyCopy(frame.index, frame.time, np.asarray(grey, dtype=np.uint8))
