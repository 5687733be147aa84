"""What the solve weighs against each other: each term adds its residuals to the system of equations."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...arrays import Array
from ...body.keypoints import KEYPOINT_JOINTS, KEYPOINT_NAMES
from ...body.rotations import matrix_to_axis_angle
from ...body.skeleton import JOINT_INDEX, JOINT_NAMES
from ..keypoints.sampling import SampledKeypoints
from ..student.predict import StudentPrediction
from .banded import FrameSystem
from .posed_body import PosedBody

SHORTEST_SMOOTHING = 0.01
"""Seconds, under which smoothing no longer shows."""


@dataclass(frozen=True)
class SolveWeights:
    """Expected deviations (one standard deviation) of each term, in metres, radians and seconds."""

    keypoint: float = 0.025
    """Metres, at the person's distance, between a keypoint seen with full confidence and the body's."""
    outlier: float = 0.08
    """Metres from which a keypoint is believed less and less."""
    pose: float = 0.20
    """Radians between a joint's rotation and the student's."""
    pose_of: dict[str, float] = field(
        default_factory=lambda: {"spine": 0.10, "collar": 0.10, "neck": 0.15, "foot": 0.1, "hand": 0.05, "pelvis": 0.15}
    )
    """Where it differs, by a part of the joint's name."""
    turn_acceleration: float = 40.0
    """Radians per second squared."""
    travel_acceleration: tuple[float, float, float] = (6.0, 6.0, 3.0)
    """Metres per second squared, x, y and z of the camera frame."""
    foot_speed: float = 0.10
    """Metres per second of a resting foot."""
    smoothing: float = 0.1
    """Seconds: the accelerations above are those of moves that take this long; shorter ones count as flicker."""
    foot_lock: bool = True
    """Whether resting feet are held."""
    shape: float = 1.9
    """Coefficients from the student's, by each sample's evidence: a detector's faults repeat from frame to frame, so
    that more footage must not mean more trust in what they say of the shape."""


CONTACT_JOINTS = tuple(JOINT_INDEX[f"{side}_{part}"] for side in ("left", "right") for part in ("ankle", "foot"))
_KEYPOINT_DEVIATION = {
    "eye": 1.3,
    "ear": 1.3,
    "nose": 1.3,
    "hip": 1.3,
    "toe": 1.3,
    "heel": 1.3,
    "index": 1.5,
    "pinky": 1.5,
}


def add_keypoints(system: FrameSystem, state: PosedBody, seen: SampledKeypoints, weights: SolveWeights) -> None:
    """Reprojection: the body's keypoints lie on the seen rays. Robust (Geman and McClure's weights)."""
    points = state.points
    depth = np.maximum(points[..., 2:], 0.2)
    scale = np.array([next((v for k, v in _KEYPOINT_DEVIATION.items() if k in name), 1.0) for name in KEYPOINT_NAMES])
    off = (points[..., :2] / depth - seen.rays) * depth
    believed = 1 / (1 + (off**2).sum(-1) / (weights.outlier * scale) ** 2) ** 2
    root_weight = (np.sqrt(believed) * seen.confidence / (weights.keypoint * scale))[..., None]
    jacobian, shape_jacobian = state.point_jacobian(points, KEYPOINT_JOINTS), state.keypoint_shape_jacobian()
    ray = (points[..., :2] / depth)[..., None]

    def projected(by: Array) -> Array:
        through = (by[..., :2, :] - ray * by[..., 2:, :]) * root_weight[..., None]
        return through.reshape(len(points), -1, by.shape[-1])

    system.add([projected(jacobian)], (root_weight * off).reshape(len(points), -1), projected(shape_jacobian))


def add_student(system: FrameSystem, state: PosedBody, prediction: StudentPrediction, weights: SolveWeights) -> None:
    """Joints stay near the student's rotations, the shape near the student's."""
    deviation = np.array(
        [next((v for k, v in weights.pose_of.items() if k in name), weights.pose) for name in JOINT_NAMES]
    )
    off = matrix_to_axis_angle(np.swapaxes(prediction.rotations, -1, -2) @ state.rotations).reshape(
        len(state.pelvis), -1
    )
    weight = np.concatenate([np.zeros(3), np.repeat(1 / deviation**2, 3)])
    residual = np.concatenate([np.zeros((len(off), 3)), off], axis=1)
    system.add_diagonal(weight, residual)
    shape_weight = system.frames / weights.shape**2
    system.corner += shape_weight * np.eye(system.shared)
    system.shared_gradient += shape_weight * (state.betas - prediction.betas)


def add_smoothness(system: FrameSystem, state: PosedBody, step_seconds: float, weights: SolveWeights) -> None:
    """Nothing accelerates without cause. Robust, so that a real jerk costs little more than a small one."""
    turns = matrix_to_axis_angle(np.swapaxes(state.rotations[:-1], -1, -2) @ state.rotations[1:]).reshape(
        len(state.pelvis) - 1, -1
    )
    acceleration = np.concatenate([np.diff(state.pelvis, 2, axis=0), np.diff(turns, axis=0)], axis=1)
    turn = np.full(turns.shape[1], weights.turn_acceleration)
    # The same move in half the time has four times the acceleration.
    tempo = (SolveWeights.smoothing / max(weights.smoothing, SHORTEST_SMOOTHING)) ** 2
    deviation = np.concatenate([weights.travel_acceleration, turn]) * tempo * step_seconds**2
    believed = 1 / (1 + (acceleration / (4 * deviation)) ** 2)
    system.add_second_differences(believed / deviation**2, acceleration)


def add_contacts(
    system: FrameSystem, state: PosedBody, contacts: Array, step_seconds: float, weights: SolveWeights
) -> None:
    """Feet that rest (probabilities (S, 2)) stay where they are."""
    feet = list(CONTACT_JOINTS)
    points = state.joints[:, feet]
    resting = np.repeat(contacts[:-1] * contacts[1:], 2, axis=1)
    root_weight = (resting / (weights.foot_speed * step_seconds))[..., None]
    jacobian = state.point_jacobian(points, CONTACT_JOINTS)
    move = points[1:] - points[:-1]

    def weighed(by: Array) -> Array:
        return (root_weight[..., None] * by).reshape(len(move), -1, by.shape[-1])

    system.add([weighed(-jacobian[:-1]), weighed(jacobian[1:])], (root_weight * move).reshape(len(move), -1))
