"""Correspondence of the student's points and SMPL joints: points that can be derived from motion capture's joints."""

from __future__ import annotations

from typing import Final

from ...body.skeleton import JOINT_INDEX
from .features import STUDENT_POINT_NAMES

NO_JOINT: Final = -1
_JOINT_NAMES: Final = {"big_toe": "foot", "index": "hand", "pinky": "hand"}
"""Parts of the points' names, and of the joint used for them."""


def _joint_of(point: str) -> int:
    for part, joint in _JOINT_NAMES.items():
        point = point.replace(part, joint)
    return JOINT_INDEX.get(point, NO_JOINT)


JOINT_OF_POINT: Final = tuple(_joint_of(name) for name in STUDENT_POINT_NAMES)
"""For each of the student's 27 points the index of its SMPL joint, or NO_JOINT."""
