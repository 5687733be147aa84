"""From the camera's frame to Blender's world: gravity, the floor, the frame rate of the motion."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..arrays import Array, blocks
from ..body.kinematics import forward_kinematics
from ..body.rotations import axis_angle_to_matrix, interpolate_rotations, matrix_to_axis_angle
from ..body.skeleton import JOINT_COUNT
from ..camera import Camera, CameraPath
from ..motion import Motion
from .lifting import LiftedPerson
from .solve.floor import Floor


@dataclass(frozen=True)
class World:
    """Blender's world, placed in the camera frame."""

    world_to_camera: Array
    """(4, 4)"""

    def to_world(self, points: Array) -> Array:
        """Camera frame (..., 3) to world, metres."""
        in_world: Array = (points - self.world_to_camera[:3, 3]) @ self.world_to_camera[:3, :3]
        return in_world


def find_world(floor: Floor, pelvis: Array) -> World:
    """Set up the world: Z against gravity, Y the way the camera looks, the floor at height 0.

    The person's first pelvis position is above the origin.

    Args:
        floor: camera frame.
        pelvis: (S, 3) the pelvis's positions, camera frame.
    """
    up = floor.up
    forward = np.array([0.0, 0.0, 1.0])
    forward = forward - (forward @ up) * up
    if np.linalg.norm(forward) < 1e-3:
        # The camera looks straight down: the top of the picture is ahead.
        forward = np.array([0.0, -1.0, 0.0]) - (-up[1]) * up
    forward /= np.linalg.norm(forward)
    axes = np.stack([np.cross(forward, up), forward, up])
    first = axes @ pelvis[0]
    world_to_camera = np.eye(4)
    world_to_camera[:3, :3] = axes.T
    world_to_camera[:3, 3] = axes.T @ np.array([first[0], first[1], floor.height])
    return World(world_to_camera)


def to_motion(person: LiftedPerson, world: World, camera: Camera | CameraPath, times: Array, rate: float) -> Motion:
    """Resample the solved body in the world, at those of `times` (N,), seconds, at which the person is in view.

    Rotations follow cubic splines through the samples (on SO(3), Kang and Park), so that no kink shows where the
    motion's rate is higher than the solver's.
    """
    state, sample_time = person.body, person.sampled.time
    # Half a frame of tolerance: the person's first and last frame are the footage's, the times are the motion's.
    in_view = (times >= sample_time[0] - 0.5 / rate) & (times <= sample_time[-1] + 0.5 / rate)
    if not in_view.any():
        # At a rate of one per second, say, a person may come and go between two times.
        in_view[np.abs(times - sample_time.mean()).argmin()] = True
    time = times[in_view]  # (T,)
    pelvis = world.to_world(state.pelvis)  # (S, 3)
    at = np.clip(time, sample_time[0], sample_time[-1])
    # A joint at a time, and joints' places block by block: an hour's rotations need 370 MB.
    poses = np.empty((len(at), JOINT_COUNT, 3))
    for joint in range(JOINT_COUNT):
        rotations = state.rotations[:, joint]  # (S, 3, 3)
        if joint == 0:
            rotations = world.world_to_camera[:3, :3].T @ rotations
        poses[:, joint] = matrix_to_axis_angle(_interpolate_smoothly(sample_time, rotations, at))
    pelvis = _interpolate_numbers(sample_time, pelvis, at)  # (T, 3)
    rest = state.rest_joints
    trans = pelvis - rest[0]
    joints = np.empty((len(at), JOINT_COUNT, 3))
    for some in blocks(len(at)):
        joints[some] = forward_kinematics(axis_angle_to_matrix(poses[some]), rest)[0] + trans[some, None]

    def resample(values: Array) -> Array:
        """(S, N) probabilities to (T, N)."""
        return np.clip(np.stack([np.interp(at, sample_time, column) for column in values.T], -1), 0, 1)

    path: CameraPath | None = None
    if isinstance(camera, CameraPath):
        path = camera.seen_from(world.world_to_camera).at(time)
        first = path.camera(0)
    else:
        first = Camera(camera.focal_length, camera.image_size, world.world_to_camera)
    motion = Motion(
        poses=poses,
        trans=trans,
        betas=state.betas,
        frame_rate=rate,
        time=time,
        joints=joints,
        contacts=resample(person.contacts),
        confidence=resample(person.confidence[:, None])[:, 0],
        limb_confidence=resample(person.limb_confidence),
        camera=first,
        camera_path=path,
        gender=state.body.gender,
    )
    if person.hands is None:
        return motion
    fingers = _interpolate_numbers(sample_time, person.hands.poses, at)
    return _with_fingers(motion, fingers, resample(person.hands.confidence))


def _interpolate_numbers(time: Array, values: Array, at: Array) -> Array:
    """Values (S, ...) of `time` (S,) at the times `at` (T,), by splines: one at a time, as all take much memory."""
    from scipy.interpolate import CubicSpline

    columns = values.reshape(len(time), -1).T
    splined: Array = np.stack([CubicSpline(time, column)(at) for column in columns], axis=-1)
    return splined.reshape(len(at), *values.shape[1:])


def _with_fingers(motion: Motion, poses: Array, confidence: Array) -> Motion:
    """The motion with the poses (T, 2, 45) and the confidence (T, 2) of its left and right hand."""
    return replace(
        motion,
        left_hand_pose=poses[:, 0],
        right_hand_pose=poses[:, 1],
        left_hand_confidence=confidence[:, 0],
        right_hand_confidence=confidence[:, 1],
    )


def _interpolate_smoothly(time: Array, rotations: Array, at: Array) -> Array:
    """Rotations (S, 3, 3) of `time` (S,) at the times `at` (T,), by splines; of two samples by slerp."""
    from scipy.spatial.transform import Rotation, RotationSpline

    if len(time) < 3:
        return interpolate_rotations(time, rotations, at)
    interpolated: Array = RotationSpline(time, Rotation.from_matrix(rotations))(at).as_matrix()
    return interpolated
