"""A synthetic person in front of a camera, with exact truth, for tests of sampling, student and solver."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.keypoints import body_keypoints
from posenet3d_blender.body.model import Body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.body.skeleton import JOINT_INDEX
from posenet3d_blender.capture.keypoints.keypoints import Keypoints
from posenet3d_blender.capture.solve.posed_body import PosedBody

FOCAL_LENGTH = 1000.0
IMAGE_SIZE = (720, 1280)


@dataclass(frozen=True)
class SyntheticPerson:
    truth: PosedBody
    keypoints: Keypoints


def swaying_person(body: Body, time: Array) -> SyntheticPerson:
    """Someone who faces the camera 4 m away, bends the knees, swings the arms and drifts sideways."""
    axis_angle = np.zeros((len(time), 24, 3))
    axis_angle[:, 0] = (np.pi - 0.1, 0, 0)
    swing = np.sin(2 * np.pi * 0.7 * time)
    for side, sign in (("left", 1), ("right", -1)):
        bend = 0.5 + 0.3 * swing
        axis_angle[:, JOINT_INDEX[f"{side}_hip"], 0] = -bend
        axis_angle[:, JOINT_INDEX[f"{side}_knee"], 0] = 2 * bend
        axis_angle[:, JOINT_INDEX[f"{side}_ankle"], 0] = -bend
        axis_angle[:, JOINT_INDEX[f"{side}_shoulder"], 2] = -sign * (0.9 + 0.3 * swing)
        axis_angle[:, JOINT_INDEX[f"{side}_elbow"], 1] = -sign * 0.6
    pelvis = np.stack([0.2 * np.sin(time), 0.1 - 0.1 * swing, 4 + 0 * time], -1)
    betas = np.zeros(10)
    betas[1] = 0.5
    truth = PosedBody(body, body_keypoints(body), axis_angle_to_matrix(axis_angle), pelvis, betas)
    points = truth.points[..., :2] / truth.points[..., 2:] * FOCAL_LENGTH + np.array(IMAGE_SIZE) / 2
    return SyntheticPerson(truth, Keypoints(time, points, np.full(points.shape[:2], 0.95), IMAGE_SIZE))


def punching_person(body: Body, time: Array, punch: Array) -> SyntheticPerson:
    """Someone who faces the camera 4 m away, arms hanging; `punch` (T,), 0 to 1, raises the left one past the level."""
    axis_angle = np.zeros((len(time), 24, 3))
    axis_angle[:, 0] = (np.pi, 0, 0)
    axis_angle[:, JOINT_INDEX["left_shoulder"], 2] = -1.1 + 1.5 * punch
    axis_angle[:, JOINT_INDEX["right_shoulder"], 2] = 1.1
    pelvis = np.tile([0.0, 0.0, 4.0], (len(time), 1))
    truth = PosedBody(body, body_keypoints(body), axis_angle_to_matrix(axis_angle), pelvis, np.zeros(10))
    points = truth.points[..., :2] / truth.points[..., 2:] * FOCAL_LENGTH + np.array(IMAGE_SIZE) / 2
    return SyntheticPerson(truth, Keypoints(time, points, np.full(points.shape[:2], 0.95), IMAGE_SIZE))


def on_level_feet(person: SyntheticPerson) -> SyntheticPerson:
    """The same motion, raised and lowered so that the ankles stay level."""
    ankles = person.truth.joints[:, [JOINT_INDEX["left_ankle"], JOINT_INDEX["right_ankle"]], 1].mean(1)  # (T,)
    truth = person.truth
    truth = replace(truth, pelvis=truth.pelvis - np.outer(ankles - ankles.mean(), [0.0, 1.0, 0.0]))
    points = truth.points[..., :2] / truth.points[..., 2:] * FOCAL_LENGTH + np.array(IMAGE_SIZE) / 2
    return SyntheticPerson(truth, replace(person.keypoints, points=points))


def standing_person(
    body: Body, time: Array, places: Array, raised_right_foot: float = 0.0, azimuth: float = 0.0
) -> SyntheticPerson:
    """Someone who stands still at each of `places` (N, 3) of the pelvis in turn, metres.

    They face the camera, or are turned to their left by `azimuth`, radians.

    The right thigh and shin may be bent so that the sole is raised by about `raised_right_foot`, metres.
    """
    axis_angle = np.zeros((len(time), 24, 3))
    thigh = body.joint_template[JOINT_INDEX["right_hip"], 1] - body.joint_template[JOINT_INDEX["right_knee"], 1]
    bend = np.arccos(1 - raised_right_foot / thigh)
    axis_angle[:, JOINT_INDEX["right_hip"], 0] = -bend
    axis_angle[:, JOINT_INDEX["right_knee"], 0] = bend
    for side, sign in (("left", 1), ("right", -1)):
        axis_angle[:, JOINT_INDEX[f"{side}_shoulder"], 2] = -sign * 1.2
    pelvis = np.repeat(places, -(-len(time) // len(places)), axis=0)[: len(time)]
    rotations = axis_angle_to_matrix(axis_angle)
    rotations[:, 0] = axis_angle_to_matrix(np.array([np.pi, 0, 0])) @ axis_angle_to_matrix(np.array([0, azimuth, 0]))
    truth = PosedBody(body, body_keypoints(body), rotations, pelvis, np.zeros(10))
    points = truth.points[..., :2] / truth.points[..., 2:] * FOCAL_LENGTH + np.array(IMAGE_SIZE) / 2
    return SyntheticPerson(truth, Keypoints(time, points, np.full(points.shape[:2], 0.95), IMAGE_SIZE))
