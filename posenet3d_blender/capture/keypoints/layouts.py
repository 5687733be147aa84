"""Layouts of other detectors' points, in the names of our keypoints; None marks a point that is not used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np

from ...arrays import Array
from .keypoints import KEYPOINT_COUNT, KEYPOINT_INDEX, KEYPOINT_NAMES, Keypoints

Pose: TypeAlias = Array
"""(P, 3) x, y and score of one person in one frame, in a detector's own layout; score 0: not visible."""

COCO_17: Final = KEYPOINT_NAMES[:17]
"""https://cocodataset.org/#keypoints-2020"""

BLAZEPOSE_33: Final = (
    "nose",
    None,
    "left_eye",
    None,
    None,
    "right_eye",
    None,
    "left_ear",
    "right_ear",
    None,
    None,
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_pinky",
    "right_pinky",
    "left_index",
    "right_index",
    None,
    None,
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
    "left_heel",
    "right_heel",
    "left_big_toe",
    "right_big_toe",
)
"""https://ai.google.dev/edge/mediapipe/solutions/vision/pose_landmarker; its "foot index" is the big toe."""

BODY_25: Final = (
    "nose",
    None,
    "right_shoulder",
    "right_elbow",
    "right_wrist",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
    None,
    "right_hip",
    "right_knee",
    "right_ankle",
    "left_hip",
    "left_knee",
    "left_ankle",
    "right_eye",
    "left_eye",
    "right_ear",
    "left_ear",
    "left_big_toe",
    None,
    "left_heel",
    "right_big_toe",
    None,
    "right_heel",
)
"""https://github.com/CMU-Perceptual-Computing-Lab/openpose/blob/master/doc/02_output.md"""


def indices(layout: tuple[str | None, ...]) -> tuple[list[int], list[int]]:
    """Columns of `layout` that are used, and the column of KEYPOINT_NAMES that each becomes."""
    used = [index for index, name in enumerate(layout) if name is not None]
    ours = [KEYPOINT_INDEX[name] for name in layout if name is not None]
    return used, ours


@dataclass(frozen=True)
class PointLayout:
    """A detector's layout and units, for turning its poses into keypoints."""

    used: list[int]
    """Columns of the detector's points that are used."""
    ours: list[int]
    """Column of KEYPOINT_NAMES that each of these becomes."""
    unit: Array
    """(2,) pixels across and down."""
    image_size: tuple[int, int]
    """Width and height, pixels."""
    origin: Array = field(default_factory=lambda: np.zeros(2))
    """(2,) where the detector counts from, pixels."""
    full_score: float = 1.0
    """The score of a point that is certain."""

    @staticmethod
    def in_pixels(layout: tuple[str | None, ...], image_size: tuple[int, int]) -> PointLayout:
        """A layout whose coordinates are pixels of pictures of this width and height."""
        return PointLayout(*indices(layout), np.ones(2), image_size)

    def place(self, pose: Pose) -> Array:
        """(25, 3) x and y in pixels and confidence, 0 to 1, of one pose in the order of KEYPOINT_NAMES."""
        placed = np.zeros((KEYPOINT_COUNT, 3))
        placed[self.ours, :2] = pose[self.used, :2] * self.unit + self.origin
        placed[self.ours, 2] = np.clip(pose[self.used, 2] / self.full_score, 0, 1)
        return placed

    def keypoints(self, time: Array, poses: Sequence[Pose | None]) -> Keypoints:
        """One person's 2D joints: their pose at each time (T,), seconds, None where they are not visible."""
        placed = np.zeros((len(poses), KEYPOINT_COUNT, 3))
        for row, pose in enumerate(poses):
            if pose is not None:
                placed[row] = self.place(pose)
        return Keypoints(time, placed[..., :2].copy(), placed[..., 2].copy(), self.image_size)
