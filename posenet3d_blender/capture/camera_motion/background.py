"""Points of the background, followed from picture to picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import Array, FloatArray
from ..keypoints.keypoints import Keypoints

COPY_SIZE: Final = 640
"""Longer side of the pictures in which points are followed, pixels."""
MOST_POINTS: Final = 400
FEWEST_POINTS: Final = 12
"""Points below which nothing is said of the camera."""
_QUALITY = 0.004
"""Of the best corner's, at least."""
_BLOCK = 5
"""Pixels of a corner's side."""
LEAST_CORNER: Final = 0.06
"""Part of its structure along one direction that a corner has along the other."""
_SPACING = 9
"""Pixels between two points."""
_WINDOW = (17, 17)
_LEVELS = 4
_ROUND_TRIP = 0.6
"""Pixels by which a point that is followed there and back may miss its place."""
_DRIFT = 3.0
"""Pixels by which a point that was followed from picture to picture may be off where the key picture fits best: where a
hand's jerk blurs the pictures, points slip by one or two."""
_MARGIN = 0.2
"""Around a person's points, as a part of their larger extent, that is not background."""
_KEPT = 0.5
"""Part of a key picture's points below which another one takes its place."""

Grey = NDArray[np.uint8]


@dataclass(frozen=True)
class Matches:
    """Points of a key picture, found again in a later one."""

    key: int
    """Index of the key picture's frame."""
    before: Array
    """(N, 2) pixels from the copy's middle, in the key picture."""
    after: Array
    """(N, 2) the same points in the later picture."""
    lost: float
    """Part of the points, of those that nobody hides, that were in the picture before and are not found again."""


class BackgroundTracker:
    """Follows corners by Lucas and Kanade's optical flow, from a key picture on until too few are left."""

    def __init__(self) -> None:
        """Start before the first picture."""
        self._previous: Grey | None = None
        self._key = -1
        self._key_picture: Grey | None = None
        self._key_points = np.zeros((0, 2))
        self._points = np.zeros((0, 2))
        self._numbers = np.zeros(0, dtype=np.intp)
        self._count = 0
        self._first_count = 0
        self._shift = np.zeros(2)
        """Pixels by which most points moved between the last two pictures."""

    def update(self, index: int, grey: Grey, people: NDArray[np.bool_]) -> Matches | None:
        """Take the next picture.

        Args:
            index: of its frame.
            grey: (h, w).
            people: (h, w) where people are.

        Returns:
            What was found again of the key picture's points; None for the first picture.
        """
        if self._previous is None or self._previous.shape != grey.shape:
            self._start(index, grey, people)
            return None
        lost = self._follow(grey, people)
        self._correct(grey)
        self._previous = grey
        centre = np.array(grey.shape[::-1]) / 2
        return Matches(self._key, self._key_points - centre, self._points - centre, lost)

    def places(self) -> tuple[NDArray[np.intp], Array]:
        """Numbers (N,) of the points in the last picture, by which they are known over several key pictures.

        And their places (N, 2), pixels from the copy's middle.
        """
        centre = np.array((0, 0) if self._previous is None else self._previous.shape[::-1]) / 2
        return self._numbers, self._points - centre

    def needs_key(self) -> bool:
        """True if too few of the key picture's points are left."""
        return len(self._points) < max(FEWEST_POINTS, _KEPT * self._first_count)

    def set_key(self, index: int, grey: Grey, people: NDArray[np.bool_]) -> None:
        """Make this picture, the last that was taken, the key picture; points that are still followed stay."""
        self._start(index, grey, people)

    def keep(self, rows: NDArray[np.bool_]) -> None:
        """Drop points that were found not to belong to the background, mask (N,)."""
        self._key_points, self._points = self._key_points[rows], self._points[rows]
        self._numbers = self._numbers[rows]

    def _start(self, index: int, grey: Grey, people: NDArray[np.bool_]) -> None:
        import cv2

        if self._previous is None or self._previous.shape != grey.shape:
            self._points, self._numbers = np.zeros((0, 2)), np.zeros(0, dtype=np.intp)
        allowed = np.where(people, 0, 255).astype(np.uint8)
        for x, y in self._points:
            cv2.circle(allowed, (round(x), round(y)), _SPACING, (0,), -1)
        wanted = max(1, MOST_POINTS - len(self._points))
        found = cv2.goodFeaturesToTrack(grey, wanted, _QUALITY, _SPACING, mask=allowed, blockSize=_BLOCK)
        new = np.zeros((0, 2)) if found is None else found[:, 0].astype(np.float64)
        new = new[_are_corners(grey, new)]
        self._points = np.concatenate([self._points, new])
        self._numbers = np.append(self._numbers, self._count + np.arange(len(new)))
        self._count += len(new)
        self._key_points = self._points.copy()
        self._first_count = len(self._points)
        self._key, self._key_picture, self._previous = index, grey, grey

    def _follow(self, grey: Grey, people: NDArray[np.bool_]) -> float:
        """Follow the points to the next picture; the part that is lost."""
        if self._previous is None or not len(self._points):
            return 0.0
        before = self._points[:, None].astype(np.float32)
        # A camera that pans goes on to pan.
        after, found = _flow(self._previous, grey, before, before + self._shift)
        back, found_back = _flow(grey, self._previous, after, after - self._shift)
        residual = np.linalg.norm(back - before, axis=-1)[:, 0]
        points = after[:, 0].astype(np.float64)
        height, width = grey.shape
        inside = ((points >= 1) & (points < [width - 1, height - 1])).all(axis=1)
        columns, rows = np.clip(points, 0, [width - 1, height - 1]).astype(int).T
        hidden = people[rows, columns]
        good = found & found_back & (residual < _ROUND_TRIP) & inside & ~hidden
        enough = good.sum() >= FEWEST_POINTS
        self._shift = np.median(points[good] - self._points[good], axis=0) if enough else np.zeros(2)
        self._points, self._key_points, self._numbers = points[good], self._key_points[good], self._numbers[good]
        return float(1 - good.sum() / max(1, (~hidden).sum()))

    def _correct(self, grey: Grey) -> None:
        """Move points to where their surroundings in the key picture fit: small errors of each step don't add up."""
        if self._key_picture is None or not len(self._points):
            return
        fitted, found = _flow(self._key_picture, grey, self._key_points[:, None], self._points[:, None], levels=0)
        near = found & (np.linalg.norm(fitted[:, 0] - self._points, axis=1) < _DRIFT)
        self._points[near] = fitted[near, 0]


def _are_corners(grey: Grey, points: Array) -> NDArray[np.bool_]:
    """(N,) whether points (N, 2) have structure in both directions: on edges they slide."""
    import cv2

    if not len(points):
        return np.zeros(0, dtype=bool)
    strengths = cv2.cornerEigenValsAndVecs(grey, _BLOCK, 3)[..., :2]  # (h, w, 2)
    columns, rows = points.astype(int).T
    of_points = np.sort(strengths[rows, columns], axis=1)  # (N, 2)
    return np.asarray(of_points[:, 0] > LEAST_CORNER * of_points[:, 1])


def _flow(
    first: Grey, second: Grey, points: FloatArray, guess: FloatArray, levels: int = _LEVELS
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Places (N, 1, 2) in the second picture of points (N, 1, 2) in the first, and which were found (N,).

    Args:
        first: (h, w).
        second: (h, w).
        points: pixels.
        guess: (N, 1, 2) where they may be in the second picture.
        levels: of smaller copies; 0: the places are near the guess.
    """
    import cv2

    places, found, _ = cv2.calcOpticalFlowPyrLK(
        first,
        second,
        points.astype(np.float32),
        guess.astype(np.float32),
        winSize=_WINDOW,
        maxLevel=levels,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    return np.asarray(places, dtype=np.float32), np.asarray(found[:, 0] > 0)


def people_mask(people: Sequence[Keypoints], time: float, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """(h, w) where people are at a time in seconds: boxes around their points, with a margin."""
    mask = np.zeros(shape, dtype=bool)
    for person in people:
        row = int(np.abs(person.time - time).argmin())
        seen = person.confidence[row] > 0
        if not seen.any():
            continue
        points = person.points[row, seen] * (max(shape) / max(person.image_size))
        low, high = points.min(axis=0), points.max(axis=0)
        margin = _MARGIN * float((high - low).max())
        left, top = np.clip(low - margin, 0, shape[::-1]).astype(int)
        right, bottom = np.clip(high + margin, 0, shape[::-1]).astype(int)
        mask[top : bottom + 1, left : right + 1] = True
    return mask
