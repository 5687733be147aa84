"""The search for hands in a shot: beside the landmark pass, or of people whose 2D joints are known already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from ...arrays import Array
from ...progress import Progress
from ..detection.landmark_pass import Observe
from ..keypoints.hand_keypoints import HandKeypoints
from ..keypoints.keypoints import Keypoints
from ..video.footage import Footage, read_frames
from .finder import HandFinder
from .tracker import HandTracker, body_points

LEAST_INTERVAL: Final = 0.9 / 30
"""Seconds between the frames that are searched, at least: no more than 30 a second count."""


@dataclass
class HandSearch:
    """One person's hands in a shot; `observe_stretch` is an `Observer` of the landmark pass."""

    finder: HandFinder
    smallest: float
    """As of `HandTracker`."""
    _trackers: list[tuple[slice, HandTracker]] = field(default_factory=list)
    """With the frames whose hands count."""

    def observe_stretch(self, frames: slice) -> Observe:
        """A listener for the stretch of these frames; in any thread."""
        tracker = HandTracker(self.finder, self.smallest)
        self._trackers.append((frames, tracker))
        return tracker.observe

    def hand_keypoints(self) -> HandKeypoints:
        """Everything found in the shot, when it has been searched."""
        in_order = sorted(self._trackers, key=lambda one: one[0].start)
        return HandKeypoints.joined(
            [tracker.hand_keypoints(range(frames.start, frames.stop)) for frames, tracker in in_order]
        )


def find_hands(
    footage: Footage, people: Sequence[Keypoints], finder: HandFinder, smallest: float, progress: Progress
) -> list[Keypoints]:
    """The same people with their hands, in one pass over the footage.

    Args:
        footage: the video.
        people: with a row for each frame, or, from a file, for some of the frames.
        finder: the hand networks.
        smallest: as of `HandTracker`.
        progress: told of the stage "hands".
    """
    # A pass of its own, as bodies from a cache or a file need none: the frames are decoded once more. It keeps no
    # copies for the camera's motion, which then reads the few frames that it needs itself.
    trackers = [HandTracker(finder, smallest) for _ in people]
    frames_of = [_nearest_frames(footage.time, one.time) for one in people]
    rows_of = [dict(zip(frames, range(len(frames)), strict=True)) for frames in frames_of]
    frames = slice(min(map(min, frames_of)), max(map(max, frames_of)) + 1)
    last_time = -np.inf
    for frame in read_frames(footage, frames):
        progress("hands", (frame.index + 1 - frames.start) / (frames.stop - frames.start))
        if frame.time - last_time < LEAST_INTERVAL:
            continue
        last_time = frame.time
        for rows, one, tracker in zip(rows_of, people, trackers, strict=True):
            row = rows.get(frame.index)
            if row is not None:
                tracker.find(frame, *body_points(one.points[row], one.confidence[row]))
    return [
        replace(one, hands=tracker.hand_keypoints(frames))
        for frames, one, tracker in zip(frames_of, people, trackers, strict=True)
    ]


def _nearest_frames(frame_time: Array, time: Array) -> list[int]:
    """The frame that is nearest to each time (T,), of frames at `frame_time` (N,), seconds."""
    frames: list[int] = np.searchsorted((frame_time[1:] + frame_time[:-1]) / 2, time).tolist()
    return frames
