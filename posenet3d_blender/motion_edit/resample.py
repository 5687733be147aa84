"""A motion at another frame rate: rotations along shortest arcs, positions along smooth curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from ..arrays import Array, interpolate_rows
from ..body.kinematics import forward_kinematics
from ..body.model import Body
from ..body.rotations import axis_angle_to_matrix, interpolate_rotations, matrix_to_axis_angle
from ..motion import Motion

_SAME_RATE: Final = 1e-6
"""Relative difference: Blender keeps rates in single precision."""


def scene_start(motions: Sequence[Motion]) -> float:
    """Time of the footage at which scenes of these motions start, seconds."""
    return min(float(motion.time[0]) if motion.scene_start is None else motion.scene_start for motion in motions)


def resample_motions(motions: Sequence[Motion], rate: float, body: Body) -> list[Motion]:
    """Sample all motions of one scene at `rate` frames per second, on one grid from the scene's start.

    Motions that have this rate already are returned as they are.
    """
    if all(abs(motion.frame_rate / rate - 1) < _SAME_RATE for motion in motions):
        return list(motions)
    start = scene_start(motions)
    return [_resample(motion, rate, start, body) for motion in motions]


def _resample(motion: Motion, rate: float, start: float, body: Body) -> Motion:
    """Sample one motion at start + n / rate, from its first to its last frame, half a new frame more at most."""
    first = int(np.ceil((motion.time[0] - start) * rate - 0.5))
    last = max(first, int(np.floor((motion.time[-1] - start) * rate + 0.5)))
    time = start + np.arange(first, last + 1) / rate  # (N,)
    at = np.clip(time, motion.time[0], motion.time[-1])
    rotations = interpolate_rotations(motion.time, axis_angle_to_matrix(motion.poses), at)  # (N, 24, 3, 3)
    trans = interpolate_smoothly(motion.time, motion.trans, at)
    joints, _ = forward_kinematics(rotations, body.rest_joints(motion.betas))

    def turning(pose: Array | None) -> Array | None:
        """(T, 45) axis-angle to (N, 45)."""
        if pose is None:
            return None
        matrices = axis_angle_to_matrix(pose.reshape(len(pose), -1, 3))
        return matrix_to_axis_angle(interpolate_rotations(motion.time, matrices, at)).reshape(len(at), -1)

    def certainty(values: Array | None) -> Array | None:
        return None if values is None else interpolate_rows(at, motion.time, values)

    path = motion.camera_path
    return replace(
        motion,
        poses=matrix_to_axis_angle(rotations),
        trans=trans,
        frame_rate=rate,
        time=time,
        joints=joints + trans[:, None],
        contacts=interpolate_rows(at, motion.time, motion.contacts),
        confidence=interpolate_rows(at, motion.time, motion.confidence),
        limb_confidence=certainty(motion.limb_confidence),
        camera_path=path.at(time) if path else None,
        scene_start=start,
        left_hand_pose=turning(motion.left_hand_pose),
        right_hand_pose=turning(motion.right_hand_pose),
        left_hand_confidence=certainty(motion.left_hand_confidence),
        right_hand_confidence=certainty(motion.right_hand_confidence),
    )


def interpolate_smoothly(time: Array, values: Array, at: Array) -> Array:
    """(N, C) at the times `at` (N,), by a cubic Hermite spline through `values` (T, C) with central differences.

    Args:
        time: (T,) seconds, strictly rising.
        values: (T, C).
        at: (N,) seconds within the range of `time`.
    """
    if len(time) == 1:
        return np.repeat(values, len(at), axis=0)
    slopes = np.gradient(values, time, axis=0, edge_order=2 if len(time) > 2 else 1)
    after = np.clip(np.searchsorted(time, at, side="right"), 1, len(time) - 1)
    length = (time[after] - time[after - 1])[:, None]
    t = (at - time[after - 1])[:, None] / length
    s = 1 - t
    smooth: Array = (
        (1 + 2 * t) * s**2 * values[after - 1]
        + t * s**2 * length * slopes[after - 1]
        + t**2 * (3 - 2 * t) * values[after]
        - t**2 * s * length * slopes[after]
    )
    return smooth
