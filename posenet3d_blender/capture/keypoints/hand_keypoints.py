"""Points of one person's two hands over time.

Points of a hand: the wrist, then four of each finger from the palm outwards, the thumb first (MediaPipe's order).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import Array
from ...body.fingers import TIPS

POINT_NAMES: Final = ("wrist", *(f"{finger}{number}" for finger in TIPS for number in range(1, 5)))
"""Of the fingers' points 1 is the joint next to the wrist (of the thumb the one in the palm) and 4 is the tip."""
POINT_COUNT: Final = len(POINT_NAMES)
POINT_INDEX: Final[dict[str, int]] = {name: index for index, name in enumerate(POINT_NAMES)}


@dataclass(frozen=True)
class HandKeypoints:
    """The hands of one person, one row per frame of their `Keypoints`; the sides are the person's own."""

    points: Array
    """(T, 2, 21, 2) pixels; meaningless where presence is 0."""
    metric: Array
    """(T, 2, 21, 3) metres around the hand's middle, along the axes of a camera that looks straight at the hand: x
    right, y down, z away."""
    presence: Array
    """(T, 2) probability that the points are a hand's, 0 to 1; 0 also where none was sought."""
    handedness: Array
    """(T, 2) probability that the network took the hand for a right one: where it is wrong, its depths are mirrored."""

    @staticmethod
    def empty(count: int) -> HandKeypoints:
        """No hand in any of `count` frames."""
        points, metric = np.zeros((count, 2, POINT_COUNT, 2)), np.zeros((count, 2, POINT_COUNT, 3))
        return HandKeypoints(points, metric, np.zeros((count, 2)), np.tile([0.0, 1.0], (count, 1)))

    @staticmethod
    def joined(parts: Sequence[HandKeypoints]) -> HandKeypoints:
        """Parts that follow one another."""
        points, metric, presence, handedness = (
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("points", "metric", "presence", "handedness")
        )
        return HandKeypoints(points, metric, presence, handedness)

    def select(self, rows: slice | NDArray[np.bool_] | NDArray[np.intp]) -> HandKeypoints:
        """Some of the frames: a slice, a mask (T,) or row numbers."""
        return HandKeypoints(self.points[rows], self.metric[rows], self.presence[rows], self.handedness[rows])

    def exchanged(self, rows: NDArray[np.bool_]) -> HandKeypoints:
        """Left and right exchanged in the frames of a mask (T,)."""
        return HandKeypoints(
            np.where(rows[:, None, None, None], self.points[:, ::-1], self.points),
            np.where(rows[:, None, None, None], self.metric[:, ::-1], self.metric),
            np.where(rows[:, None], self.presence[:, ::-1], self.presence),
            np.where(rows[:, None], self.handedness[:, ::-1], self.handedness),
        )

    def mirrored(self, width: int) -> HandKeypoints:
        """The same hands in the mirrored picture of this width, pixels: what was left is right."""
        everywhere = np.ones(len(self.presence), dtype=bool)
        flipped = replace(
            self,
            points=self.points * (-1.0, 1.0) + (width, 0.0),
            metric=self.metric * (-1.0, 1.0, 1.0),
            handedness=1 - self.handedness,
        )
        return flipped.exchanged(everywhere)
