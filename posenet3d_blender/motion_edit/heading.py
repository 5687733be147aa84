"""The direction that a person faces on the ground, and motions turned so that they start to the front.

World frame: Z up, -Y front. A heading is an angle about Z, radians: 0 faces -Y, a quarter turn faces +X.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from ..arrays import Array
from ..body.model import Body
from ..body.rotations import axis_angle_to_matrix, matrix_to_axis_angle
from ..motion import Motion

_SHORTEST: Final = 0.3
"""Of the body's front on the ground, from 0 to 2; a body that lies on its back or front has no heading."""


def headings(pelvis: Array) -> Array:
    """(T,) without jumps of a full turn, of the pelvis's rotations from the body's frame to the world (T, 3, 3).

    Where the body has none, lying, it is interpolated.
    """
    front, left = pelvis[:, :2, 2], pelvis[:, :2, 0]
    # The front by itself, and the one at right angles to the hips, which bowing does not shorten.
    forward = front + np.stack([left[:, 1], -left[:, 0]], axis=-1)
    is_clear = np.linalg.norm(forward, axis=-1) > _SHORTEST
    if not is_clear.any():
        return np.zeros(len(pelvis))
    samples = np.flatnonzero(is_clear)
    angles = np.unwrap(np.arctan2(forward[samples, 0], -forward[samples, 1]))
    return np.interp(np.arange(len(pelvis)), samples, angles)


def about_z(angles: Array) -> Array:
    """(..., 3, 3) rotations about Z by `angles` (...,), radians."""
    zeros = np.zeros_like(angles)
    return axis_angle_to_matrix(np.stack([zeros, zeros, angles], axis=-1))


def face_forward(motions: Sequence[Motion], body: Body) -> list[Motion]:
    """Turn all motions of a scene about its origin so that the first person starts facing -Y; the camera turns along.

    So everyone and the footage behind them stay as they are to each other.
    """
    first = motions[0]
    turn = about_z(-headings(axis_angle_to_matrix(first.poses[:, 0])[:1])[0])
    return [_turned(motion, turn, body) for motion in motions]


def _turned(motion: Motion, turn: Array, body: Body) -> Motion:
    poses = motion.poses.copy()
    poses[:, 0] = matrix_to_axis_angle(turn @ axis_angle_to_matrix(poses[:, 0]))
    rest_pelvis = body.rest_joints(motion.betas)[0]
    camera, path = motion.camera, motion.camera_path
    back = np.eye(4)
    back[:3, :3] = turn.T
    if camera:
        camera = replace(camera, world_to_camera=camera.world_to_camera @ back)
    return replace(
        motion,
        poses=poses,
        trans=(motion.trans + rest_pelvis) @ turn.T - rest_pelvis,
        joints=motion.joints @ turn.T,
        camera=camera,
        camera_path=path.seen_from(back) if path else None,
    )
