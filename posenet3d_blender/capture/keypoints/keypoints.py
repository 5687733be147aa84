"""2D joints of one person over time: what detection gives and the student takes.

Image frame: pixels of the upright picture, x right, y down. A picture's left means nothing here:
`left_` is the person's left.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import Array
from ...body.keypoints import KEYPOINT_COUNT, KEYPOINT_INDEX, KEYPOINT_NAMES, MIRRORED_KEYPOINTS
from .hand_keypoints import HandKeypoints

__all__ = ["KEYPOINT_COUNT", "KEYPOINT_INDEX", "KEYPOINT_NAMES", "MIRRORED_KEYPOINTS", "Keypoints"]

TIME_TOLERANCE: Final = 1e-6
"""Seconds by which equal times may differ after rounding."""


@dataclass(frozen=True)
class Keypoints:
    """One person's 2D joints, one row per decoded frame of the chosen range (also where the person is not visible)."""

    time: Array
    """(T,) seconds since the video's first frame, strictly rising, not necessarily even."""
    points: Array
    """(T, 25, 2) pixels, in the order of KEYPOINT_NAMES; finite everywhere, meaningless where confidence is 0."""
    confidence: Array
    """(T, 25) from 0 (not visible) to 1."""
    image_size: tuple[int, int]
    """Width and height of the upright picture, pixels."""
    hands: HandKeypoints | None = None
    """None: they were not sought."""

    def select(self, rows: slice | NDArray[np.bool_] | NDArray[np.intp]) -> Keypoints:
        """Some of the frames: a slice, a mask (T,) or row numbers."""
        hands = self.hands and self.hands.select(rows)
        return replace(
            self, time=self.time[rows], points=self.points[rows], confidence=self.confidence[rows], hands=hands
        )

    def between(self, first: float, last: float) -> Keypoints:
        """The frames whose time lies in [first, last], seconds."""
        return self.select((self.time >= first - TIME_TOLERANCE) & (self.time <= last + TIME_TOLERANCE))

    def mirrored(self) -> Keypoints:
        """The same person in the mirrored picture: what was named left is right."""
        order = list(MIRRORED_KEYPOINTS)
        points = self.points[:, order] * (-1.0, 1.0) + (self.image_size[0], 0.0)
        hands = self.hands and self.hands.mirrored(self.image_size[0])
        return replace(self, points=points, confidence=self.confidence[:, order], hands=hands)
