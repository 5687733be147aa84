"""Small grey copies of frames at an even interval; kept while frames are read for something else, they cost little."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
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
    """Copies of a shot's frames that are at least an interval apart, and of its last one."""

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
        self._kept: dict[int, GreyCopy] = {}
        """By the frame's index."""
        self._due_of: dict[tuple[int, int], dict[int, None]] = {}
        """Frames that are wanted of each shot, in their order."""
        self._lock = threading.Lock()

    def keep(self, footage: Footage, shot: slice, read: Iterable[Frame]) -> Iterator[Frame]:
        """Pass on frames of a shot as they are read, and keep copies of those that are due; in any thread."""
        due = self._due(footage, shot)
        for frame in read:
            if frame.index in due and frame.index not in self._kept and self._room > 0:
                copy = self._copy(frame)
                with self._lock:
                    self._kept[frame.index] = copy
                    self._room -= copy.pixels.nbytes
            yield frame

    def take(self, footage: Footage, shot: slice) -> Iterator[GreyCopy]:
        """The copies of a shot, once: those that were kept, and between them others that are read now."""
        due = self._due(footage, shot)
        for is_kept, indices in groupby(due, key=self._kept.__contains__):
            if is_kept:
                yield from map(self._take_kept, indices)
            else:
                wanted = list(indices)
                for frame in read_frames(footage, slice(wanted[0], wanted[-1] + 1)):
                    if frame.index in due:
                        yield self._copy(frame)

    def _take_kept(self, index: int) -> GreyCopy:
        copy = self._kept.pop(index)
        self._room += copy.pixels.nbytes
        return copy

    def _due(self, footage: Footage, shot: slice) -> dict[int, None]:
        """Indices of the frames that are wanted, by their times alone; found once for a shot."""
        key = (shot.start, shot.stop)
        with self._lock:
            if key not in self._due_of:
                due: dict[int, None] = {}
                next_time = -np.inf
                for index, time in enumerate(footage.time[shot].tolist(), start=shot.start):
                    if time >= next_time - TOLERANCE or index == shot.stop - 1:
                        due[index] = None
                        next_time = time + self._interval
                self._due_of[key] = due
            return self._due_of[key]

    def _copy(self, frame: Frame) -> GreyCopy:
        import cv2

        grey = cv2.cvtColor(frame.small_copy(self._longer_side), cv2.COLOR_RGB2GRAY)
        return GreyCopy(frame.index, frame.time, np.asarray(grey, dtype=np.uint8))
