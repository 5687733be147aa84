"""The search for hands in a shot: beside the landmark pass, or of people whose 2D joints are known already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

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
        return HandKeypoints.joined([tracker.hand_keypoints(frames) for frames, tracker in in_order])


def find_hands(
    footage: Footage, people: Sequence[Keypoints], finder: HandFinder, smallest: float, progress: Progress
) -> list[Keypoints]:
    """The same people with their hands, in one pass over the footage.

    Args:
        footage: the video.
        people: each with the footage's frames in a range of its own.
        finder: the hand networks.
        smallest: as of `HandTracker`.
        progress: told of the stage "hands".
    """
    # A pass of its own, as bodies from a cache or a file need none: the frames are decoded once more. It keeps no
    # copies for the camera's motion, which then reads the few frames that it needs itself.
    trackers = [HandTracker(finder, smallest) for _ in people]
    starts = [int(np.searchsorted(footage.time, one.time[0] - 1e-6)) for one in people]
    frames = slice(min(starts), max(start + len(one.time) for start, one in zip(starts, people, strict=True)))
    last_time = -np.inf
    for frame in read_frames(footage, frames):
        progress("hands", (frame.index + 1 - frames.start) / (frames.stop - frames.start))
        if frame.time - last_time < LEAST_INTERVAL:
            continue
        last_time = frame.time
        for start, one, tracker in zip(starts, people, trackers, strict=True):
            row = frame.index - start
            if 0 <= row < len(one.time):
                tracker.find(frame, *body_points(one.points[row], one.confidence[row]))
    return [
        replace(one, hands=tracker.hand_keypoints(slice(start, start + len(one.time))))
        for start, one, tracker in zip(starts, people, trackers, strict=True)
    ]
