"""Legs that are out of view for long: they stand upright under the hips, rather than in the pose that is guessed."""

from __future__ import annotations

from typing import Final

import numpy as np

from ...arrays import Array
from ...body.fingers import SIDES
from ...body.rotations import turned_part_way
from ...body.skeleton import JOINT_INDEX
from ..keypoints.keypoints import KEYPOINT_INDEX
from ..keypoints.sampling import SampledKeypoints, seconds_to_nearest

LEAST_SEEN: Final = 0.2
"""Confidence of a leg's surest point below the hip from which the leg is in view."""
SURE_FOR: Final = 0.6
"""Seconds over which that confidence is the median."""
HOLD: Final = 0.5
"""Seconds for which the student's guess is kept after the last, and before the next sight of a leg, ..."""
EASE: Final = 0.5
"""... and over which the legs come to stand."""
WALKING: Final = 0.4
"""Metres per second of the hips over a second from which somebody walks, and keeps the guessed steps."""
UPRIGHT: Final = 0.5
"""Cosine between the hips and upright below which somebody does not stand."""
_LEG_POINTS: Final = [
    KEYPOINT_INDEX[f"{side}_{part}"] for side in SIDES for part in ("knee", "ankle", "heel", "big_toe")
]


def stand_hidden_legs(rotations: Array, pelvis: Array, sampled: SampledKeypoints, up: Array) -> Array:
    """(S, 24, 3, 3) rotations in which hidden legs stand.

    Args:
        rotations: (S, 24, 3, 3) the student's, relative to the parent, the pelvis's in the frame of the solve.
        pelvis: (S, 3) metres, placed by the student's pose.
        sampled: the 2D joints.
        up: (3,) unit vector against gravity.
    """
    share = _standing_share(rotations[:, 0], pelvis, sampled, up)  # (S,)
    if not share.any():
        return rotations
    stood = rotations.copy()
    standing = _standing_hips(rotations[:, 0], up)  # (S, 3, 3)
    for side in SIDES:
        goals = {"hip": np.swapaxes(rotations[:, 0], -1, -2) @ standing}
        goals |= dict.fromkeys(("knee", "ankle", "foot"), np.tile(np.eye(3), (len(share), 1, 1)))
        for part, goal in goals.items():
            joint = JOINT_INDEX[f"{side}_{part}"]
            stood[:, joint] = turned_part_way(rotations[:, joint], goal, share)
    return stood


def _standing_share(pelvis_rotations: Array, pelvis: Array, sampled: SampledKeypoints, up: Array) -> Array:
    """(S,) from 0, the student's pose, to 1, standing."""
    from scipy.ndimage import median_filter

    time = sampled.time
    surest = sampled.confidence[:, _LEG_POINTS].max(axis=1)  # (S,)
    # A detector that sees no legs believes for a moment, now and then, that it does.
    seen = median_filter(surest, max(1, round(SURE_FOR / _step(time))), mode="nearest") >= LEAST_SEEN
    share = np.clip((seconds_to_nearest(time, seen) - HOLD) / EASE, 0, 1)
    walks = np.clip(_speed(time, pelvis, up) / WALKING - 1, 0, 1)
    upright = np.clip((pelvis_rotations[:, :, 1] @ up - UPRIGHT) / (1 - UPRIGHT), 0, 1)
    standing: Array = share * (1 - walks) * np.minimum(2 * upright, 1)
    return standing


def _step(time: Array) -> float:
    """Seconds between samples."""
    return float(time[1] - time[0]) if len(time) > 1 else 1.0


def _speed(time: Array, pelvis: Array, up: Array) -> Array:
    """(S,) metres per second over the ground, over a second, or the whole of a shorter clip."""
    level = pelvis - (pelvis @ up)[:, None] * up
    before, after = np.clip(time - 0.5, time[0], None), np.clip(time + 0.5, None, time[-1])
    ends = [np.stack([np.interp(at, time, axis) for axis in level.T], axis=-1) for at in (before, after)]
    speed: Array = np.linalg.norm(ends[1] - ends[0], axis=-1) / np.maximum(after - before, 1e-6)
    return speed


def _standing_hips(pelvis_rotations: Array, up: Array) -> Array:
    """(S, 3, 3) upright hips that face where the given ones (S, 3, 3) do: X left, Y up, Z to the front."""
    left = pelvis_rotations[:, :, 0] - (pelvis_rotations[:, :, 0] @ up)[:, None] * up
    left = left / np.maximum(np.linalg.norm(left, axis=-1, keepdims=True), 1e-9)
    return np.stack([left, np.broadcast_to(up, left.shape), np.cross(left, up)], axis=-1)
