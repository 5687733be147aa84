"""The SMPL-24 skeleton: names, order and parents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from ..arrays import Array

JOINT_NAMES: Final[tuple[str, ...]] = (
    "pelvis",
    "left_hip",
    "right_hip",
    "spine1",
    "left_knee",
    "right_knee",
    "spine2",
    "left_ankle",
    "right_ankle",
    "spine3",
    "left_foot",
    "right_foot",
    "neck",
    "left_collar",
    "right_collar",
    "head",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hand",
    "right_hand",
)

PARENTS: Final[tuple[int, ...]] = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21)

JOINT_COUNT: Final = len(JOINT_NAMES)

JOINT_INDEX: Final[dict[str, int]] = {name: index for index, name in enumerate(JOINT_NAMES)}


def mirrored_name(name: str) -> str:
    """The name of the same part on the other side of the body; names without a side stay."""
    if name.startswith("left_"):
        return "right_" + name.removeprefix("left_")
    if name.startswith("right_"):
        return "left_" + name.removeprefix("right_")
    return name


MIRRORED_JOINTS: Final[tuple[int, ...]] = tuple(JOINT_INDEX[mirrored_name(name)] for name in JOINT_NAMES)


def values_by_name(names: Sequence[str], values: Mapping[str, float], default: float) -> Array:
    """(N,) for each name the value of the first key that is a part of it, or else the default."""
    return np.array([next((value for part, value in values.items() if part in name), default) for name in names])


def ancestors(joint: int) -> tuple[int, ...]:
    """`joint` and all joints above it, nearest first."""
    chain = []
    while joint >= 0:
        chain.append(joint)
        joint = PARENTS[joint]
    return tuple(chain)
