"""From the camera's frame to Blender's world: gravity, the floor, the frame rate of the motion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array
from ..body.kinematics import forward_kinematics
from ..body.rotations import interpolate_rotations, matrix_to_axis_angle
from ..body.skeleton import JOINT_INDEX
from ..camera import Camera
from ..motion import Motion
from .lifting import LiftedPerson
from .solve.posed_body import PosedBody

_FEET: Final = [[JOINT_INDEX[f"{side}_{part}"] for part in ("ankle", "foot")] for side in ("left", "right")]
_RESTING: Final = 0.5
"""Contact probability from which a foot tells where the floor is."""
_STUDENT_WORTH: Final = 1.0
"""Metres apart that resting feet must be to say as much of gravity as the student, who is right to 2 degrees; feet near
each other are mostly wrong in depth."""


@dataclass(frozen=True)
class World:
    """Where Blender's world lies in the camera frame."""

    world_to_camera: Array
    """(4, 4)"""

    def to_world(self, points: Array) -> Array:
        """Camera frame (..., 3) to world, metres."""
        return (points - self.world_to_camera[:3, 3]) @ self.world_to_camera[:3, :3]


def find_world(state: PosedBody, contacts: Array, up: Array) -> World:
    """Set up the world: Z against gravity, Y the way the camera looks, resting feet at height 0.

    The person's first pelvis position is above the origin.

    contacts: (S, 2) probabilities; up: (3,) the student's word, camera frame.
    """
    resting = contacts > _RESTING
    up = _level(state.joints, resting, up)
    forward = np.array([0.0, 0.0, 1.0])
    forward = forward - (forward @ up) * up
    if np.linalg.norm(forward) < 1e-3:
        # The camera looks straight down: the top of the picture is ahead.
        forward = np.array([0.0, -1.0, 0.0]) - (-up[1]) * up
    forward /= np.linalg.norm(forward)
    axes = np.stack([np.cross(forward, up), forward, up])
    heights = _sole_heights(state, up)
    floor = float(np.median(heights[resting])) if resting.any() else float(np.percentile(heights.min(1), 5))
    first = axes @ state.pelvis[0]
    origin = axes.T @ np.array([first[0], first[1], floor])
    world_to_camera = np.eye(4)
    world_to_camera[:3, :3] = axes.T
    world_to_camera[:3, 3] = origin
    return World(world_to_camera)


def _level(joints: Array, resting: NDArray[np.bool_], up: Array) -> Array:
    """Tilt `up` so that feet rest at one height, as far as they were at different places."""
    spots = np.concatenate([joints[resting[:, side]][:, _FEET[side][1]] for side in (0, 1)])
    if len(spots) < 2:
        return up
    spots = spots - spots.mean(0)
    scatter = spots.T @ spots / len(spots)
    # min over d: (up + d) scatter (up + d) + worth^2 |d|^2
    tilt = -np.linalg.solve(scatter + _STUDENT_WORTH**2 * np.eye(3), scatter @ up)
    levelled: Array = (up + tilt) / np.linalg.norm(up + tilt)
    return levelled


def _sole_heights(state: PosedBody, up: Array) -> Array:
    """(S, 2) height along `up` of each foot's sole, by the foot joint and the body's rest height above its sole."""
    rest = state.rest_joints
    sole = state.body.rest_vertices(state.betas)[:, 1].min()
    clearance = rest[_FEET[0][1], 1] - sole
    return np.stack([state.joints[:, feet[1]] @ up - clearance for feet in _FEET], axis=1)


def to_motion(person: LiftedPerson, world: World, camera: Camera, moments: Array, rate: float) -> Motion:
    """Resample the solved body at those of the moments (N,), seconds, at which the person is there, in the world.

    Rotations follow smooth curves through the samples (cubic, Kang and Park's on SO(3) as scipy has them), so that no
    kink shows where the motion's rate is higher than the solve's.
    """
    from scipy.interpolate import CubicSpline

    state, sampled = person.body, person.sampled.time
    # Half a frame of grace: the first and last sight are frames of the footage, the moments are the motion's.
    there = (moments >= sampled[0] - 0.5 / rate) & (moments <= sampled[-1] + 0.5 / rate)
    if not there.any():
        # A rate of one a second, say, and somebody who came and went between.
        there[np.abs(moments - sampled.mean()).argmin()] = True
    time = moments[there]
    rotations = state.rotations.copy()
    rotations[:, 0] = world.world_to_camera[:3, :3].T @ rotations[:, 0]
    pelvis = world.to_world(state.pelvis)
    at = np.clip(time, sampled[0], sampled[-1])
    rotations = _smooth_rotations(sampled, rotations, at)
    pelvis = CubicSpline(sampled, pelvis)(at)
    rest = state.rest_joints
    joints, _ = forward_kinematics(rotations, rest)
    trans = pelvis - rest[0]

    def resampled(values: Array) -> Array:
        return np.clip(np.stack([np.interp(at, sampled, column) for column in values.T], -1), 0, 1)

    return Motion(
        poses=matrix_to_axis_angle(rotations),
        trans=trans,
        betas=state.betas,
        frame_rate=rate,
        time=time,
        joints=joints + trans[:, None],
        contacts=resampled(person.contacts),
        confidence=resampled(person.certainty[:, None])[:, 0],
        camera=Camera(camera.focal_length, camera.image_size, world.world_to_camera),
    )


def _smooth_rotations(time: Array, rotations: Array, at: Array) -> Array:
    from scipy.spatial.transform import Rotation, RotationSpline

    if len(time) < 3:
        return interpolate_rotations(time, rotations, at)
    smooth = [
        RotationSpline(time, Rotation.from_matrix(joint))(at).as_matrix() for joint in np.moveaxis(rotations, 1, 0)
    ]
    return np.stack(smooth, axis=1)
