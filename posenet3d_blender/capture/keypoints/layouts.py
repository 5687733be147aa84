"""How other detectors order their 2D joints, in our names; None marks a point that we have no use for."""

from __future__ import annotations

from typing import Final

from .keypoints import KEYPOINT_INDEX, KEYPOINT_NAMES

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
    """Which entries of `layout` we use, and where each stands in KEYPOINT_NAMES."""
    used = [index for index, name in enumerate(layout) if name is not None]
    ours = [KEYPOINT_INDEX[name] for name in layout if name is not None]
    return used, ours
