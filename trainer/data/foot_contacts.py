"""Foot contacts from the motion of clips."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.arrays import AnyArray
from posenet3d_blender.body.skeleton import JOINT_INDEX

from .clips import Clips

FOOT_JOINTS: Final = [
    [JOINT_INDEX["left_ankle"], JOINT_INDEX["left_foot"]],
    [JOINT_INDEX["right_ankle"], JOINT_INDEX["right_foot"]],
]
"""Ankle and ball of the left and of the right foot."""
_LOWEST_PERCENT: Final = 3
"""Percentile of a joint's heights that counts as its lowest one."""


def contacts_from_clips(clips: Clips, speed_limit: float = 0.25, height_limit: float = 0.06) -> NDArray[np.float32]:
    """(N, 2) 1 where the left or right foot is in contact, see `contacts_of_feet`."""
    feet = clips.relative_joints[:, FOOT_JOINTS] + clips.root[:, None, None]
    contacts = np.zeros((len(feet), 2), np.float32)
    for start, end in clips.ranges():
        contacts[start:end] = contacts_of_feet(feet[start:end], clips.frame_rate, speed_limit, height_limit)
    return contacts


def contacts_of_feet(feet: AnyArray, frame_rate: float, speed_limit: float, height_limit: float) -> NDArray[np.bool_]:
    """(T, 2) where a foot's ankle or its ball is slow and near its lowest height in the clip.

    Args:
        feet: (T, 2, 2, 3) ankle and ball of the left and the right foot, Y up, metres.
        frame_rate: samples a second.
        speed_limit: metres a second.
        height_limit: metres above the lowest height.
    """
    speed = np.linalg.norm(np.gradient(feet, axis=0), axis=-1).min(-1) * frame_rate
    lowest = np.percentile(feet[..., 1], _LOWEST_PERCENT, axis=0)
    near = (feet[..., 1] - lowest < height_limit).any(-1)
    contacts: NDArray[np.bool_] = (speed < speed_limit) & near
    return contacts
