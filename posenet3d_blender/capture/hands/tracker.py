"""One person's hands from frame to frame, beside the search for the landmarks of the body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import Array
from ...body.fingers import SIDES
from ..detection.blazepose.landmarks import Landmarks
from ..detection.blazepose.regions import Region
from ..keypoints.hand_keypoints import POINT_INDEX, HandKeypoints
from ..keypoints.keypoints import KEYPOINT_INDEX
from ..keypoints.layouts import BLAZEPOSE_33
from ..video.footage import Frame
from .finder import HandFinder, HandLandmarks
from .regions import hand_length, region_by_body

MINIMUM_WRIST: Final = 0.1
"""Confidence of the body's wrist below which no hand is sought."""
MINIMUM_PRESENCE: Final = 0.5
"""Presence below which the next frame starts from the body again."""
LARGEST_DISTANCE: Final = 0.35
"""Distance of a hand's region from the body's, as a part of the larger one's size, from which it has gone astray."""
SAME_PLACE: Final = 0.15
"""Distance between two hands' wrists, as a part of a region's size, below which they may be one hand, found twice."""
PATIENCE: Final = 0.3
"""Seconds without a hand, after which it is sought ..."""
REST: Final = 0.1
"""... only so often, seconds: many clips show their hands too small or too blurred throughout."""

BODY_POINTS: Final = ("wrist", "index", "pinky")
_IN_BLAZEPOSE: Final = [[BLAZEPOSE_33.index(f"{side}_{part}") for part in BODY_POINTS] for side in SIDES]
BODY_KEYPOINTS: Final = [[KEYPOINT_INDEX[f"{side}_{part}"] for part in BODY_POINTS] for side in SIDES]
"""Columns (2, 3) of the body's keypoints from which a hand's region is found."""
_WRIST: Final = POINT_INDEX["wrist"]
_ELBOWS: Final = [KEYPOINT_INDEX[f"{side}_elbow"] for side in SIDES]
KNUCKLES_AHEAD: Final = 0.38
"""Distance from the wrist to the knuckles, as a part of the forearm's length."""


@dataclass
class _Side:
    """The search for one hand."""

    next_region: Region | None = None
    last_seen: float = -np.inf
    """Seconds; of the last frame that showed the hand."""
    last_sought: float = -np.inf


@dataclass
class HandTracker:
    """Finds both hands of a person: by the last frame's points, or else by the body's wrist and knuckles.

    The sides are the body's: the predicted handedness does not count.
    """

    finder: HandFinder
    smallest: float = 0.0
    """Length of a hand, pixels, below which it is not sought."""
    _found: dict[int, list[HandLandmarks | None]] = field(default_factory=dict)
    """Of the left and the right hand, by the frame's index."""
    _sides: tuple[_Side, _Side] = field(default_factory=lambda: (_Side(), _Side()))

    def observe(self, frame: Frame, landmarks: Landmarks) -> None:
        """Look for the hands in a frame in which the body's landmarks are known; frames come in their order."""
        self.find(frame, landmarks.points[_IN_BLAZEPOSE], landmarks.confidence[_IN_BLAZEPOSE][:, 0])

    def find(self, frame: Frame, body_points: Array, wrist_confidence: Array) -> None:
        """Look for the hands in a frame.

        Args:
            frame: in the order of time.
            body_points: (2, 3, 2) wrist, index and little finger's knuckle of each side, pixels.
            wrist_confidence: (2,).
        """
        wrists = body_points[:, 0]
        found = [
            self._find(self._sides[number], frame, points, wrists[1 - number]) if confidence >= MINIMUM_WRIST else None
            for number, (points, confidence) in enumerate(zip(body_points, wrist_confidence, strict=True))
        ]
        for number in _found_twice(found, wrists):
            found[number] = None
        for side, hand in zip(self._sides, found, strict=True):
            is_seen = hand is not None and hand.presence >= MINIMUM_PRESENCE
            side.next_region = hand.next_region if hand is not None and is_seen else None
            side.last_seen = frame.time if is_seen else side.last_seen
        if any(found):
            self._found[frame.index] = found

    def hand_keypoints(self, frames: Sequence[int]) -> HandKeypoints:
        """Everything found in these frames."""
        hands = HandKeypoints.empty(len(frames))
        for row, frame in enumerate(frames):
            for number, hand in enumerate(self._found.get(frame, ())):
                if hand is not None:
                    hands.points[row, number], hands.metric[row, number] = hand.points, hand.metric
                    hands.presence[row, number], hands.handedness[row, number] = hand.presence, hand.handedness
        return hands

    def _find(self, side: _Side, frame: Frame, points: Array, other_wrist: Array) -> HandLandmarks | None:
        waits = frame.time - side.last_seen > PATIENCE and frame.time - side.last_sought < REST
        if waits or hand_length(*points) < self.smallest or not _is_inside(points[0], frame.image):
            return None
        side.last_sought = frame.time
        rough = region_by_body(*points)
        if rough.size < 2:
            return None
        if side.next_region is not None and _agree(side.next_region, rough):
            hand = self.finder.find(frame.image, side.next_region)
            if hand.presence >= MINIMUM_PRESENCE and not _is_nearer(hand, other_wrist, points[0]):
                return hand
        hand = self.finder.find(frame.image, self.finder.refine(frame.image, rough))
        if hand.presence < MINIMUM_PRESENCE and _agree(hand.next_region, rough):
            # The points often lie nearer to the hand than the region does in which they were found.
            hand = max(hand, self.finder.find(frame.image, hand.next_region), key=lambda one: one.presence)
        return None if _is_nearer(hand, other_wrist, points[0]) else hand


def _agree(region: Region, rough: Region) -> bool:
    """A tracked region is where the body's hand is."""
    distance = float(np.hypot(region.x - rough.x, region.y - rough.y))
    return distance <= LARGEST_DISTANCE * max(region.size, rough.size)


def _is_nearer(hand: HandLandmarks, other_wrist: Array, own_wrist: Array) -> bool:
    """The hand found is the other one, by the body's wrists, as far as these tell."""
    wrist = hand.points[_WRIST]
    own, other = np.hypot(*(wrist - own_wrist)), np.hypot(*(wrist - other_wrist))
    return bool(own > 2 * other and own > SAME_PLACE * hand.next_region.size)


def _found_twice(found: Sequence[HandLandmarks | None], wrists: Array) -> list[int]:
    """The side that has the other one's hand, where both have the same points; none where they differ."""
    left, right = found
    if left is None or right is None:
        return []
    distance = np.linalg.norm(left.points - right.points, axis=1).mean()
    if distance > SAME_PLACE * max(left.next_region.size, right.next_region.size):
        return []
    off = [np.hypot(*(hand.points[_WRIST] - wrist)) for hand, wrist in zip((left, right), wrists, strict=True)]
    return [int(off[1] > off[0])]


def _is_inside(point: Array, image: NDArray[np.uint8]) -> bool:
    height, width = image.shape[:2]
    return bool(0 <= point[0] < width and 0 <= point[1] < height)


def body_points(points: Array, confidence: Array) -> tuple[Array, Array]:
    """The body's points at both hands, and the wrists' confidence, as `HandTracker.find` takes them.

    Detectors without knuckles give none: these then lie on the forearm's line.

    Args:
        points: (25, 2) the body's keypoints, pixels.
        confidence: (25,)
    """
    at_hands = points[BODY_KEYPOINTS]  # (2, 3, 2)
    ahead = at_hands[:, 0] + KNUCKLES_AHEAD * (at_hands[:, 0] - points[_ELBOWS])
    lacks_knuckles = (confidence[BODY_KEYPOINTS][:, 1:] <= 0).any(axis=1)
    at_hands[lacks_knuckles, 1:] = ahead[lacks_knuckles, None]
    return at_hands, confidence[BODY_KEYPOINTS][:, 0]


def median_length(points: Array, confidence: Array) -> float:
    """Pixels of a stretched hand over a clip: the median of the larger side; 0 where no wrist is visible.

    Args:
        points: (T, 25, 2) of the body.
        confidence: (T, 25).
    """
    seen = confidence[:, BODY_KEYPOINTS].min(axis=2) >= MINIMUM_WRIST  # (T, 2)
    lengths = hand_length(*np.moveaxis(points[:, BODY_KEYPOINTS], 2, 0))  # (T, 2)
    of_sides = [float(np.median(lengths[seen[:, side], side])) for side in range(2) if seen[:, side].any()]
    return max(of_sides, default=0.0)
