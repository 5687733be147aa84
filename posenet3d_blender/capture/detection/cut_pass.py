"""Shots of footage whose people are known already: its pictures are read for the cuts alone."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from ...progress import Progress, silent
from ..keypoints.keypoints import Keypoints
from ..keypoints.presence import LONGEST_ABSENCE
from ..video.cuts import COPY_SIZE, CutDetector
from ..video.footage import Footage, read_frames

REGION_MARGIN: Final = 1.25
"""Side of a person's region over the longer side of the box around their points."""


def find_shots(
    footage: Footage, frames: slice, people: Sequence[Keypoints], progress: Progress = silent
) -> list[slice]:
    """Split frames of the footage at its cuts, and at pauses of the recording longer than LONGEST_ABSENCE.

    Args:
        footage: the video.
        frames: from `Footage.frames_between`.
        people: everyone's 2D joints, in at least some of these frames.
        progress: told of the stage "cuts".
    """
    detector, limits = CutDetector(), [frames.start]
    last_time = float(footage.time[frames.start])
    for frame in read_frames(footage, frames):
        squares = [square for one in people if (square := _square(one, frame.time)) is not None]
        cut = detector.update(frame.index, frame.time, frame.small_copy(COPY_SIZE), squares)
        if frame.time - last_time > LONGEST_ABSENCE:
            limits.append(frame.index)
        elif cut is not None and cut.frame > limits[-1] and (cut.is_everywhere or squares):
            limits.append(cut.frame)
        last_time = frame.time
        progress("cuts", (frame.index - frames.start + 1) / (frames.stop - frames.start))
    cut = detector.finish()
    if cut is not None and cut.frame > limits[-1]:
        limits.append(cut.frame)
    return [slice(*ends) for ends in pairwise([*limits, frames.stop])]


def _square(keypoints: Keypoints, time: float) -> tuple[float, float, float] | None:
    """Centre and side of a person's region at `time`, seconds, in parts of the longer side; None: not visible."""
    if not len(keypoints.time):
        return None
    row = min(int(np.searchsorted(keypoints.time, time - 1e-6)), len(keypoints.time) - 1)
    points = keypoints.points[row, keypoints.confidence[row] > 0] / max(keypoints.image_size)
    if len(points) < 2:
        return None
    low, high = points.min(axis=0), points.max(axis=0)
    x, y = (low + high) / 2
    return float(x), float(y), REGION_MARGIN * float((high - low).max())
