"""Cuts: frames at which edited footage goes over to another shot, found in small copies of the pictures.

A cut changes the structure of the picture where the people are from one frame to the next, more than their motion
does over several frames before and after it, and for longer than a flash. A picture that fades out ends a shot too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ...arrays import Array
from .structure import Picture, structure_change

COPY_SIZE: Final = 128
"""Longer side of the small copies, pixels."""
MOTION_TIME: Final = 0.067
"""Seconds, and at least two frames, before and after a cut over which the people's own motion is measured."""
FLASH_TIME: Final = 0.15
"""Seconds; what lasts less is a flash or a damaged frame."""
MEMORY: Final = 0.6
"""Seconds for which pictures are kept: a flash, what was before it, and what comes after."""
LEAST_CHANGE: Final = 0.1
"""Part of a person's surroundings whose structure a cut changes at least ..."""
LEAST_CHANGE_RATIO: Final = 1.5
"""... and how many times more than motion does."""
SLOW_INTERVAL: Final = 0.09
"""Seconds between frames from which on people's motion from frame to frame looks like a cut ..."""
LEAST_SLOW_CHANGE: Final = 0.4
LEAST_SLOW_RATIO: Final = 2.0
"""... so that only a larger change is one."""
LEAST_PICTURE_CHANGE: Final = 0.25
"""Part of the whole picture whose structure a cut changes at least, where nobody is."""
MOTION_FLOOR: Final = 0.03
"""Change that counts as motion at least: noise and compression."""
LASTING: Final = 0.5
"""Part of the change that is still there after a flash's time."""
SURROUNDINGS: Final = 0.8
"""Side of the square around a person in which structure is compared, as a part of their region's."""
SMALLEST_SIDE: Final = 3
"""Pixels of it that must be in the small copy."""
SUDDEN: Final = 1.5
SUDDEN_FLOOR: Final = 0.002
"""A cut's mean difference of colours is this many times its neighbours', and this much larger (of 1)."""
BLANK: Final = 0.012
"""Standard deviation of the colours below which a picture shows nothing."""
REPEATED: Final = 2e-5
"""Mean difference of colours below which a frame repeats the one before: a recording that stutters."""


@dataclass(frozen=True)
class _Sample:
    """One frame's small copy."""

    index: int
    time: float
    picture: Picture
    """(h, w, 3) RGB."""
    squares: Array
    """(P, 3) centre and side of the people's regions, as parts of the picture's longer side."""
    difference: float
    """Mean difference of colours from the frame before."""


@dataclass(frozen=True)
class Cut:
    """The beginning of another shot."""

    frame: int
    """Index of its first frame."""
    is_everywhere: bool
    """The whole picture is another one, not the people alone: if they are gone now, they may just have left quickly."""


class CutDetector:
    """Finds cuts in frame after frame; each is known a little later."""

    def __init__(self) -> None:
        """Start before the first frame."""
        self._samples: deque[_Sample] = deque()
        self._blank_from: _Sample | None = None
        """The first of the latest frames, all blank."""
        self._faded = -1
        """Index of the first blank frame that was reported."""
        self._checked = -1
        """Index of the last frame that is known to begin a shot or not."""

    def update(self, index: int, time: float, copy: Picture, squares: Sequence[Sequence[float]]) -> Cut | None:
        """Take the next frame.

        Args:
            index: of the frame.
            time: seconds.
            copy: the upright picture, scaled to COPY_SIZE pixels along the longer side.
            squares: x, y and side of the region of everyone who is in view, in parts of the picture's longer side.

        Returns:
            The cut that was some frames before; None where there was none.
        """
        previous = self._samples[-1].picture if self._samples else copy
        if previous.shape != copy.shape:  # the picture's shape changes within the stream
            self._samples.clear()
            self._checked = index
            return Cut(index, is_everywhere=True)
        self._samples.append(_Sample(index, time, copy, np.reshape(squares, (-1, 3)), _mean_difference(previous, copy)))
        found = self._find(time - FLASH_TIME)
        while self._samples[0].time < time - MEMORY:
            self._samples.popleft()
        return found or self._fade(self._samples[-1])

    def finish(self) -> Cut | None:
        """The last cut, where the footage ends too soon after it to tell it from a flash; None: there is none."""
        return self._find(np.inf)

    def _fade(self, latest: _Sample) -> Cut | None:
        """The cut at the first of several blank frames, once they have lasted longer than a flash."""
        if not _is_blank(latest.picture):
            self._blank_from = None
            return None
        first = self._blank_from = self._blank_from or latest
        if latest.time - first.time < FLASH_TIME or self._faded == first.index:
            return None
        self._faded = first.index
        return Cut(first.index, is_everywhere=True)

    def _find(self, until: float) -> Cut | None:
        """The next cut among the frames that are not checked yet and not after `until`, seconds."""
        samples = list(self._samples)
        for place, sample in enumerate(samples):
            if sample.time > until:
                break
            if sample.index > self._checked:
                self._checked = sample.index
                cut = _cut_at(samples, place) if place > 0 and _is_sudden(samples, place) else None
                if cut is not None:
                    return cut
        return None


def _is_blank(picture: Picture) -> bool:
    """It is of one colour: black, mostly."""
    import cv2

    _, deviations = cv2.meanStdDev(picture)
    return float(deviations.max()) / 255 < BLANK


def _is_sudden(samples: list[_Sample], place: int) -> bool:
    """The colours change more between this sample and the one before than around them: cheap to tell."""
    around = [sample.difference for sample in samples[max(1, place - 2) : place] + samples[place + 1 : place + 3]]
    return samples[place].difference > SUDDEN * max(around, default=0.0) + SUDDEN_FLOOR


def _cut_at(samples: list[_Sample], place: int) -> Cut | None:
    """The cut at a sample, if around most of the people, by their size, all is changed for good there."""
    before = samples[place - 1]
    is_slow = _elapsed(samples, place) > SLOW_INTERVAL
    least, least_ratio = (LEAST_SLOW_CHANGE, LEAST_SLOW_RATIO) if is_slow else (LEAST_CHANGE, LEAST_CHANGE_RATIO)
    change = _Change(samples, place)
    # From one slow frame to the next but one, people may have moved all over the picture.
    everywhere = _Change(samples, place, motion_frames=1) if is_slow else change
    is_everywhere = everywhere.is_cut((slice(None), slice(None)), LEAST_PICTURE_CHANGE, LEAST_CHANGE_RATIO)
    squares = [(square[2], _rows_and_columns(square, *change.shape)) for square in before.squares]
    visible = [(size, part) for size, part in squares if part is not None]
    if not visible:
        return Cut(samples[place].index, is_everywhere) if is_everywhere else None
    changed = sum(
        size
        for size, part in visible
        if change.is_cut(part, least, least_ratio) or (is_everywhere and change.is_cut(part, LEAST_CHANGE, 1.0))
    )
    is_cut = changed > sum(size for size, _ in visible) / 2
    return Cut(samples[place].index, is_everywhere) if is_cut else None


def _elapsed(samples: list[_Sample], place: int) -> float:
    """Seconds between the sample and the frame before it, or the first of several that repeat one picture."""
    earlier = place - 1
    while earlier > 0 and samples[earlier].difference < REPEATED:
        earlier -= 1
    return samples[place].time - samples[earlier].time


class _Change:
    """Maps of the change of structure at a possible cut."""

    def __init__(self, samples: list[_Sample], place: int, motion_frames: int = 2) -> None:
        """Compare the samples before `place` with those from there on; motion is measured over so many frames."""
        before, first = samples[place - 1], samples[place]
        span = max(MOTION_TIME, motion_frames * _elapsed(samples, place)) + 1e-6
        earlier = next(sample for sample in samples if sample.time >= before.time - span)
        later = [sample for sample in samples[place:] if sample.time <= first.time + span][-1]
        self._jump = structure_change(before.picture, first.picture)
        self._motions = [structure_change(earlier.picture, before.picture)]
        self._motions.append(structure_change(first.picture, later.picture))
        # A flash or a damaged frame, which ends or begins here, looks like a cut, but for the pictures on its far side.
        self._lasting = [
            structure_change(one.picture, first.picture)
            for one in samples[: place - 1]
            if one.time >= before.time - FLASH_TIME - 1e-6
        ]
        self._lasting += [
            structure_change(before.picture, one.picture)
            for one in samples[place + 1 :]
            if one.time <= first.time + FLASH_TIME + 1e-6
        ]
        height, width = self._jump.shape
        self.shape = (height, width)

    def is_cut(self, part: tuple[slice, slice], least: float, least_ratio: float) -> bool:
        """In a part of the picture, rows and columns, more is changed than motion changes, and for good."""
        change = float(self._jump[part].mean())
        motion = MOTION_FLOOR + max(float(one[part].mean()) for one in self._motions)
        lasting = min((float(one[part].mean()) for one in self._lasting), default=change)
        return change >= least and change >= least_ratio * motion and lasting >= LASTING * change


def _rows_and_columns(square: Array, height: int, width: int) -> tuple[slice, slice] | None:
    """The pixels of a person's surroundings; None where next to nothing of them is in the picture."""
    scale = max(height, width)
    x, y, side = square * scale
    ends = np.array([[y, x], [y, x]]) + np.array([[-0.5], [0.5]]) * side * SURROUNDINGS
    (top, left), (bottom, right) = np.clip(np.round(ends), 0, [height, width]).astype(int)
    if min(bottom - top, right - left) < SMALLEST_SIDE:
        return None
    return slice(top, bottom), slice(left, right)


def _mean_difference(first: Picture, second: Picture) -> float:
    """Mean difference of two pictures' colours, 0 to 1, beyond what a shift by a pixel explains."""
    import cv2

    kernel = np.ones((3, 3), np.uint8)
    below = cv2.subtract(cv2.erode(first, kernel), second)  # saturates at 0
    above = cv2.subtract(second, cv2.dilate(first, kernel))
    largest = cv2.reduce(cv2.max(below, above).reshape(-1, 3), 1, cv2.REDUCE_MAX)
    return float(largest.mean()) / 255
