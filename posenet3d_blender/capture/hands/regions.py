"""The turned squares around a hand that the hand networks look at; fingers point up in them."""

from __future__ import annotations

from typing import Final

import numpy as np

from ...arrays import Array
from ..detection.blazepose.regions import Region
from ..keypoints.hand_keypoints import POINT_INDEX

BODY_MARGIN: Final = 2.7
"""Side of the square by the body's points, as a part of twice the distance from the wrist to the middle knuckle."""
POINTS_MARGIN: Final = 2.0
"""Side of the square by the hand's own points, as a part of their extent without the fingers' ends."""
AHEAD: Final = 0.1
"""Part of the side by which the square's centre lies ahead of the points', towards the fingers' ends."""
HAND_LENGTH: Final = 2.0
"""Length of a stretched hand, of the distance from the wrist to the middle knuckle; about, of adults."""

_INNER: Final = [
    POINT_INDEX[name]
    for name in (
        "wrist",
        "thumb1",
        "thumb2",
        "thumb3",
        *(f"{finger}{number}" for finger in ("index", "middle", "ring", "pinky") for number in (1, 2)),
    )
]
"""Points that move little when the hand opens and closes."""


def region_by_body(wrist: Array, index: Array, pinky: Array) -> Region:
    """The square by the body's landmarks: wrist, knuckles of the index and of the little finger, each (2,) pixels."""
    knuckle = (2 * index + pinky) / 3
    distance = float(np.hypot(*(knuckle - wrist)))
    rotation = _rotation(knuckle - wrist)
    return _shifted(Region(float(knuckle[0]), float(knuckle[1]), 2 * BODY_MARGIN * distance, rotation))


def region_of_recrop(centre: Array, rim: Array) -> Region:
    """The square that the recrop network draws: its centre and a point of its lower edge, each (2,) pixels."""
    offset = rim - centre
    size = 2 * float(np.hypot(*offset))
    return Region(float(centre[0]), float(centre[1]), size, _rotation(-offset))


def region_of_points(points: Array) -> Region:
    """The square around a hand's points (21, 2), pixels, for the next frame."""
    wrist = points[POINT_INDEX["wrist"]]
    index, middle, ring = (points[POINT_INDEX[f"{finger}1"]] for finger in ("index", "middle", "ring"))
    rotation = _rotation((index + 2 * middle + ring) / 4 - wrist)
    cosine, sine = np.cos(rotation), np.sin(rotation)
    across, down = np.array([cosine, sine]), np.array([-sine, cosine])
    inner = points[_INNER]
    low = np.array([(inner @ across).min(), (inner @ down).min()])
    high = np.array([(inner @ across).max(), (inner @ down).max()])
    middle_across, middle_down = (low + high) / 2
    centre = middle_across * across + middle_down * down
    return _shifted(Region(float(centre[0]), float(centre[1]), POINTS_MARGIN * float((high - low).max()), rotation))


def hand_length(wrist: Array, index: Array, pinky: Array) -> Array:
    """(...,) pixels of a stretched hand by the body's landmarks (..., 2), as far as it is not seen end on."""
    length: Array = HAND_LENGTH * np.linalg.norm((2 * index + pinky) / 3 - wrist, axis=-1)
    return length


def _rotation(upwards: Array) -> float:
    """Radians, clockwise, by which the picture's direction `upwards` (2,) is turned from straight up."""
    return float(np.arctan2(upwards[0], -upwards[1]))


def _shifted(region: Region) -> Region:
    """The region moved ahead, towards the fingers' ends."""
    ahead = AHEAD * region.size
    return Region(
        region.x + ahead * float(np.sin(region.rotation)),
        region.y - ahead * float(np.cos(region.rotation)),
        region.size,
        region.rotation,
    )
