"""Layouts of other detectors' points, in the names of our keypoints; None marks a point that is not used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
    """A detector's layout and unit of length, for turning its poses into keypoints."""

    used: list[int]
    """Columns of the detector's points that are used."""
    ours: list[int]
    """Column of KEYPOINT_NAMES that each of these becomes."""
    unit: Array
    """(2,) pixels across and down."""
    image_size: tuple[int, int]
    """Width and height, pixels."""

    @staticmethod
    def in_pixels(layout: tuple[str | None, ...], image_size: tuple[int, int]) -> PointLayout:
        """A layout whose coordinates are pixels of pictures of this width and height."""
        return PointLayout(*indices(layout), np.ones(2), image_size)

    def keypoints(self, time: Array, poses: Sequence[Pose | None]) -> Keypoints:
        """One person's 2D joints: their pose at each time (T,), seconds, None where they are not visible."""
        points = np.zeros((len(poses), KEYPOINT_COUNT, 2))
        confidence = np.zeros((len(poses), KEYPOINT_COUNT))
        for row, pose in enumerate(poses):
            if pose is not None:
                points[row, self.ours] = pose[self.used, :2] * self.unit
                confidence[row, self.ours] = np.clip(pose[self.used, 2], 0, 1)
        return Keypoints(time, points, confidence, self.image_size)
