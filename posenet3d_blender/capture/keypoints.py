"""2D joints of one person over time: what detection gives and the student takes.

Image frame: pixels of the upright picture, x right, y down. A picture's left means nothing here:
`left_` is the person's left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..body.skeleton import mirrored_name

KEYPOINT_NAMES: Final[tuple[str, ...]] = (
    # COCO's 17, in COCO's order
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
    # feet and knuckles: they tell front from back and turn feet and hands
    "left_big_toe",
    "right_big_toe",
    "left_heel",
    "right_heel",
    "left_index",
    "right_index",
    "left_pinky",
    "right_pinky",
)

KEYPOINT_COUNT: Final = len(KEYPOINT_NAMES)
KEYPOINT_INDEX: Final[dict[str, int]] = {name: index for index, name in enumerate(KEYPOINT_NAMES)}
MIRRORED_KEYPOINTS: Final[tuple[int, ...]] = tuple(KEYPOINT_INDEX[mirrored_name(name)] for name in KEYPOINT_NAMES)


@dataclass(frozen=True)
class Keypoints:
    """One person's 2D joints, one row per decoded frame of the chosen range (also where the person is not seen)."""

    time: NDArray[np.float64]
    """(T,) seconds since the video's first frame, strictly rising, not necessarily even."""
    points: NDArray[np.float64]
    """(T, 25, 2) pixels, in the order of KEYPOINT_NAMES; finite everywhere, meaningless where confidence is 0."""
    confidence: NDArray[np.float64]
    """(T, 25) from 0 (not seen) to 1."""
    image_size: tuple[int, int]
    """Width and height of the upright picture, pixels."""
