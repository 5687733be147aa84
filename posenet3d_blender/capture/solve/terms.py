"""Terms of the solver's cost: each adds its residuals to the system of equations."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...arrays import Array
from ...body.keypoints import KEYPOINT_JOINTS, KEYPOINT_NAMES
from ...body.rotations import matrix_to_axis_angle
from ...body.shape import height_directions, standing_height
from ...body.skeleton import JOINT_NAMES, values_by_name
from ...least_squares.banded import FrameSystem
from ..keypoints.sampling import SampledKeypoints
from ..student.predict import StudentPrediction
from .posed_body import PosedBody

HEIGHT_DEVIATION = 0.002
"""Metres between the body's standing height and the given one, applied as the shape's."""
SHORTEST_SMOOTHING = 0.01
"""Seconds; shorter smoothing has no visible effect."""


@dataclass(frozen=True)
class SolveWeights:
    """Expected deviations (one standard deviation) of each term, in metres, radians and seconds."""

    keypoint: float = 0.04
    """Metres, at the person's distance, between a keypoint of confidence 1 and the body's."""
    outlier: float = 0.08
    """Metres from which a keypoint counts less and less."""
    pose: float = 0.10
    """Radians between a joint's rotation and the student's."""
    pose_of: dict[str, float] = field(
        default_factory=lambda: {
            "spine": 0.05,
            "collar": 0.05,
            "neck": 0.075,
            "foot": 0.05,
            "hand": 0.025,
            "pelvis": 0.075,
        }
    )
    """The same for some joints, by a part of their names."""
    turn_acceleration: float = 60.0
    """Radians per second squared."""
    turn_jerk: float = 600.0
    """Radians per second cubed, but for legs, which landing and pushing off jerk. People move with the least jerk
    (Flash and Hogan 1985)."""
    trunk: float = 0.5
    """Share of both for pelvis, spine, neck and head, which turn more slowly than limbs."""
    travel_acceleration: tuple[float, float, float] = (6.0, 6.0, 3.0)
    """Metres per second squared, x, y and z of the camera frame."""
    foot_speed: float = 0.05
    """Metres per second of a resting sole."""
    floor: float = 0.01
    """Metres between a resting sole and the floor."""
    below_floor: float = 0.03
    """Metres of any other sole below the floor."""
    hidden_foot: float = 0.03
    """Metres between the lower sole and the floor while no foot is in view: people stand, walk and sit above it."""
    floor_tilt: float = 0.035
    """Radians between the floor's normal and the student's gravity, applied once for each sample, as the shape's."""
    floor_height: float = 1.0
    """Metres between the floor and where it was under the placed body, applied as the tilt's."""
    smoothing: float = 0.1
    """Seconds: the accelerations above are those of motion on this time scale; faster motion counts as noise."""
    foot_lock: bool = True
    """Hold resting feet in place."""
    height: float | None = None
    """Metres: the standing height of the body; None: unknown."""
    shape: float = 1.9
    """Coefficients from the student's, applied once for each sample: a detector's errors repeat from frame to frame,
    so that longer footage must not pull the shape farther from the student's."""


# The face's five points err together, by a mask, by hair or by the face's own build: each counts as a fifth of a point.
_KEYPOINT_DEVIATION = {
    "eye": 2.9,
    "ear": 2.9,
    "nose": 2.9,
    "hip": 1.3,
    "toe": 1.3,
    "heel": 1.3,
    "index": 1.5,
    "pinky": 1.5,
}

_TRUNK = ("pelvis", "spine", "neck", "head")
_LEG = ("hip", "knee", "ankle", "foot")


def tempo(smoothing: float) -> float:
    """Speed of the motion that this smoothing, seconds, keeps, against what the default keeps."""
    return SolveWeights.smoothing / max(smoothing, SHORTEST_SMOOTHING)


def add_keypoints(system: FrameSystem, state: PosedBody, sampled: SampledKeypoints, weights: SolveWeights) -> None:
    """Reprojection: the body's keypoints lie on the detected rays. Robust, with Geman and McClure's weights."""
    points = sampled.in_camera(state.points)  # (S, 25, 3)
    depth = np.maximum(points[..., 2:], 0.2)  # (S, 25, 1)
    scale = values_by_name(KEYPOINT_NAMES, _KEYPOINT_DEVIATION, 1.0)  # (25,)
    error = (points[..., :2] / depth - sampled.rays) * depth  # (S, 25, 2) metres
    robust_weight = 1 / (1 + (error**2).sum(-1) / (weights.outlier * scale) ** 2) ** 2  # (S, 25)
    root_weight = (np.sqrt(robust_weight) * sampled.confidence / (weights.keypoint * scale))[..., None]  # (S, 25, 1)
    jacobian = state.point_jacobian(state.points, KEYPOINT_JOINTS)  # (S, 25, 3, 75)
    shape_jacobian = state.keypoint_shape_jacobian()  # (S, 25, 3, 10)
    ray = (points[..., :2] / depth)[..., None]  # (S, 25, 2, 1)

    def project(derivative: Array) -> Array:
        """(S, 25, 3, N) metres of the points to (S, 50, N) of the weighted errors."""
        if sampled.views is not None:
            derivative = sampled.views[:, None, :3, :3] @ derivative
        weighted: Array = (derivative[..., :2, :] - ray * derivative[..., 2:, :]) * root_weight[..., None]
        return weighted.reshape(len(points), -1, derivative.shape[-1])

    system.add([project(jacobian)], (root_weight * error).reshape(len(points), -1), project(shape_jacobian))


def add_student(system: FrameSystem, state: PosedBody, prediction: StudentPrediction, weights: SolveWeights) -> None:
    """Joints stay near the student's rotations, the shape near the student's."""
    deviation = values_by_name(JOINT_NAMES, weights.pose_of, weights.pose)  # (24,)
    error = matrix_to_axis_angle(np.swapaxes(prediction.rotations, -1, -2) @ state.rotations)  # (S, 24, 3)
    error = error.reshape(len(state.pelvis), -1)  # (S, 72)
    weight = np.concatenate([np.zeros(3), np.repeat(1 / deviation**2, 3)])  # (75,)
    residual = np.concatenate([np.zeros((len(error), 3)), error], axis=1)  # (S, 75)
    system.add_diagonal(weight, residual)
    shape_weight = system.frames / weights.shape**2
    shape = slice(0, len(state.betas))
    system.corner[shape, shape] += shape_weight * np.eye(len(state.betas))
    system.shared_gradient[shape] += shape_weight * (state.betas - prediction.betas)
    if weights.height is not None:
        change = height_directions(state.body)[1]
        off = standing_height(state.betas, state.body) - weights.height
        height_weight = system.frames / HEIGHT_DEVIATION**2
        system.corner[shape, shape] += height_weight * np.outer(change, change)
        system.shared_gradient[shape] += height_weight * off * change


def add_smoothness(system: FrameSystem, state: PosedBody, step_seconds: float, weights: SolveWeights) -> None:
    """Accelerations and their changes are small."""
    turns = matrix_to_axis_angle(np.swapaxes(state.rotations[:-1], -1, -2) @ state.rotations[1:])  # (S - 1, 24, 3)
    turns = turns.reshape(len(state.pelvis) - 1, -1)  # (S - 1, 72)
    acceleration = np.concatenate([np.diff(state.pelvis, 2, axis=0), np.diff(turns, axis=0)], axis=1)  # (S - 2, 75)
    slower = values_by_name(JOINT_NAMES, dict.fromkeys(_TRUNK, weights.trunk), 1.0)  # (24,)
    not_held = values_by_name(JOINT_NAMES, dict.fromkeys(_LEG, np.inf), 1.0)  # (24,)
    turn_acceleration = np.repeat(weights.turn_acceleration * slower, 3)  # (72,)
    turn_jerk = np.repeat(weights.turn_jerk * slower * not_held, 3)  # (72,)
    # The same motion in half the time has four times the acceleration and eight times the jerk.
    moment = tempo(weights.smoothing) * step_seconds
    usual = np.concatenate([weights.travel_acceleration, turn_acceleration]) * moment**2  # (75,)
    system.add_small_differences(2, acceleration, usual, outlying=4.0)
    # What is fast is jerky too: beyond the usual jerk more costs next to nothing.
    usual = np.concatenate([np.full(3, np.inf), turn_jerk]) * moment**3  # (75,)
    system.add_small_differences(3, np.diff(acceleration, axis=0), usual, outlying=1.0)
