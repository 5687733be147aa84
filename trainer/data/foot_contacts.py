"""Foot contacts from the motion of clips."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.body.skeleton import JOINT_INDEX

from .clips import Clips

_FEET = [[JOINT_INDEX["left_ankle"], JOINT_INDEX["left_foot"]], [JOINT_INDEX["right_ankle"], JOINT_INDEX["right_foot"]]]


def contacts_from_clips(clips: Clips, speed_limit: float = 0.25, height_limit: float = 0.06) -> NDArray[np.float32]:
    """(N, 2) 1 where the left or right foot is in contact: slow (m/s) and near (m) its lowest height in the clip."""
    feet = clips.relative_joints[:, _FEET] + clips.root[:, None, None]
    contacts = np.zeros((len(feet), 2), np.float32)
    for start, end in clips.ranges():
        track = feet[start:end]
        speed = np.linalg.norm(np.gradient(track, axis=0), axis=-1).min(-1) * clips.frame_rate
        floor = np.percentile(track[..., 1], 3, axis=0)
        near = (track[..., 1] - floor < height_limit).any(-1)
        contacts[start:end] = (speed < speed_limit) & near
    return contacts
