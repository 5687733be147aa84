"""Agreement of the student's overlapping windows: it tells poses that are known from those that are guessed.

Measured on people upside down, lying and upright (`python -m benchmarks.upside_down`): of arms whose places differ by
less than 3 cm between windows 1 in 50 is wrong by more than 15 cm, of those that differ by more than 8 cm 4 in 10.
"""

from __future__ import annotations

from typing import Final

from ...arrays import Array
from ...body.keypoints import KEYPOINT_NAMES
from ...body.skeleton import JOINT_INDEX
from .joint_of_point import JOINT_OF_POINT, NO_JOINT

HALF_AGREEMENT: Final = 0.06
"""Metres between the windows' places of a joint at which the joint counts half."""


def _nearest_joint(keypoint: str, joint: int) -> int:
    """The keypoint's own joint; of those without one the heels have the ankle's, those of the face the head's."""
    return joint if joint != NO_JOINT else JOINT_INDEX.get(keypoint.replace("heel", "ankle"), JOINT_INDEX["head"])


# Neck and head, which are no keypoints, come last.
_JOINTS: Final = [_nearest_joint(name, joint) for name, joint in zip(KEYPOINT_NAMES, JOINT_OF_POINT, strict=False)]


def point_agreement(spread: Array) -> Array:
    """(S, 25) from 0 to 1 for each keypoint, by the spread (S, 24) of the student's joints, metres."""
    agreement: Array = 1 / (1 + (spread[:, _JOINTS] / HALF_AGREEMENT) ** 4)
    return agreement
