"""Bones of constant length: a lifted clip is moved, mostly in depth, until it shows one person's skeleton throughout.

The teacher lifts windows, and a bone that points at the camera comes out shorter or longer than one seen from the side.
A person's bones do not change, so each has its median length over the clip, the same left and right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from posenet3d_blender.arrays import Array, blocks
from posenet3d_blender.capture.student.lifter.skeleton import BONES, LIFTED_COUNT, SIDE_COUNT

_BONE_DEVIATION: Final = 0.01
"""Standard deviation, metres, of a bone's length from its constant one."""
_ITERATIONS: Final = 3
_SMOOTHING: Final = 2.0
"""Samples, standard deviation: a bone across the view hardly tells depth, and frames solved alone shake."""
_BLOCK: Final = 256
"""Frames that are solved at once; each takes 30 kB."""
_STARTS, _ENDS = (list(joints) for joints in zip(*BONES, strict=True))


@dataclass(frozen=True)
class LiftedAccuracy:
    """Standard deviations, metres, of lifted joints."""

    depth: float
    """Along the viewing ray."""
    image: float
    """Across it."""


EXACT: Final = LiftedAccuracy(depth=0.1, image=0.003)
"""Of exact points, whose rays are true."""
CAUTIOUS: Final = LiftedAccuracy(depth=0.03, image=0.003)
"""Of exact points, for a student's first stages: a teacher with little training gives bones such different lengths
that larger moves twist legs, though joints come nearer to the truth, and a student of such skeletons shakes."""
DETECTED: Final = LiftedAccuracy(depth=0.03, image=0.03)
"""Of detected points. Their depths are no better, but constant bones must not move them to make up for their rays."""


def hold_bones(joints: Array, accuracy: LiftedAccuracy) -> Array:
    """Give a clip's bones constant lengths, by least squares.

    Args:
        joints: (T, 18, 3) lifted joints, metres, camera frame.
        accuracy: how far joints may be moved; EXACT, CAUTIOUS or DETECTED.

    Returns:
        (T, 18, 3) the joints, moved as little as possible. Frames are solved alone, then the moves are smoothed.
    """
    lengths = _constant_lengths(joints)
    moves = np.empty_like(joints)
    for block in blocks(len(joints), _BLOCK):
        moves[block] = _hold(joints[block], lengths, accuracy) - joints[block]
    held: Array = joints + gaussian_filter1d(moves, _SMOOTHING, axis=0, mode="nearest")
    return held


def _constant_lengths(joints: Array) -> Array:
    """(BONES,) median length of each bone, of both sides together."""
    lengths: Array = np.median(np.linalg.norm(joints[:, _STARTS] - joints[:, _ENDS], axis=-1), axis=0)
    sides = lengths[: 2 * SIDE_COUNT].reshape(2, SIDE_COUNT)
    sides[:] = sides.mean(0)
    return lengths


def _hold(lifted: Array, lengths: Array, accuracy: LiftedAccuracy) -> Array:
    """Gauss-Newton on frames (B, 18, 3): squared errors of bones, and of joints along and across their rays."""
    count, size = len(lifted), 3 * LIFTED_COUNT
    rays = lifted / np.linalg.norm(lifted, axis=-1, keepdims=True)
    along = rays[..., :, None] * rays[..., None, :]  # (B, 18, 3, 3)
    trust = np.eye(3) / accuracy.image**2 + along * (1 / accuracy.depth**2 - 1 / accuracy.image**2)
    joints, bones = lifted.copy(), np.arange(len(BONES))
    for _ in range(_ITERATIONS):
        difference = joints[:, _STARTS] - joints[:, _ENDS]  # (B, BONES, 3)
        length = np.maximum(np.linalg.norm(difference, axis=-1), 1e-6)  # (B, BONES)
        slope = np.zeros((count, len(BONES), LIFTED_COUNT, 3))
        slope[:, bones, _STARTS] = difference / length[..., None]
        slope[:, bones, _ENDS] = -slope[:, bones, _STARTS]
        slope = slope.reshape(count, len(BONES), size)
        hessian = slope.swapaxes(1, 2) @ slope / _BONE_DEVIATION**2  # (B, 54, 54)
        gradient = (slope * (length - lengths)[..., None]).sum(1) / _BONE_DEVIATION**2  # (B, 54)
        gradient += (trust @ (joints - lifted)[..., None]).reshape(count, size)
        # A view of the blocks of each joint with itself: (18, B, 3, 3).
        each = np.arange(LIFTED_COUNT)
        hessian.reshape(count, LIFTED_COUNT, 3, LIFTED_COUNT, 3)[:, each, :, each] += trust.swapaxes(0, 1)
        joints -= np.linalg.solve(hessian, gradient[..., None]).reshape(joints.shape)
    return joints
