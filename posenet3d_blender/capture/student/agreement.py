"""Agreement of the student's overlapping windows: it tells poses that are known from those that are guessed.

Measured on people upside down, lying and upright (`python -m benchmarks.upside_down`): of arms whose places differ by
less than 3 cm between windows 1 in 50 is wrong by more than 15 cm, of those that differ by more than 8 cm 4 in 10.
"""

from __future__ import annotations

from typing import Final

from ...arrays import Array
from ...body.keypoints import KEYPOINT_NAMES
from ...body.skeleton import JOINT_INDEX

HALF_AGREEMENT: Final = 0.06
"""Metres between the windows' places of a joint at which the joint counts half."""
_NEAREST_JOINTS: Final = {"big_toe": "foot", "heel": "ankle", "index": "hand", "pinky": "hand"}
"""Of keypoints that are no joints of the body; those of the face have the head's."""


def _joint_of(keypoint: str) -> int:
    side, _, part = keypoint.partition("_")
    nearest = f"{side}_{_NEAREST_JOINTS[part]}" if part in _NEAREST_JOINTS else "head"
    return JOINT_INDEX.get(keypoint, JOINT_INDEX[nearest])


_JOINTS: Final = [_joint_of(name) for name in KEYPOINT_NAMES]


def point_agreement(spread: Array) -> Array:
    """(S, 25) from 0 to 1 for each keypoint, by the spread (S, 24) of the student's joints, metres."""
    agreement: Array = 1 / (1 + (spread[:, _JOINTS] / HALF_AGREEMENT) ** 4)
    return agreement
