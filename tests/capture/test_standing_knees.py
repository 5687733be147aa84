"""Knees of people who stand still are straightened, all others are left alone."""

from __future__ import annotations

import numpy as np
import pytest

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import Body, load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix, matrix_to_axis_angle
from posenet3d_blender.body.skeleton import JOINT_INDEX
from posenet3d_blender.capture.keypoints.keypoints import KEYPOINT_INDEX
from posenet3d_blender.capture.keypoints.sampling import SampledKeypoints, sample_keypoints
from posenet3d_blender.capture.solve.solver import solve
from posenet3d_blender.capture.solve.standing_knees import straighten_standing_knees
from posenet3d_blender.capture.student.predict import StudentPrediction

from .synthetic_person import FOCAL_LENGTH, standing_person

UP = np.array([0.0, -1.0, 0.0])
TIME = np.arange(60) / 30
RESTING = np.ones((60, 2))
KNEES = [JOINT_INDEX["left_knee"], JOINT_INDEX["right_knee"]]
STANDING = np.full(60, 16.0)
SQUATTING = np.concatenate([np.full(30, 16.0), np.linspace(16, 100, 30)])


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body()


def bent(degrees: Array) -> Array:
    """(S, 24, 3, 3) rotations of somebody who faces the camera with knees bent by (S,) degrees over the feet."""
    axis_angle = np.zeros((len(degrees), 24, 3))
    for side in ("left", "right"):
        for part, share in (("hip", -0.5), ("knee", 1.0), ("ankle", -0.5)):
            axis_angle[:, JOINT_INDEX[f"{side}_{part}"], 0] = share * np.radians(degrees)
    rotations = axis_angle_to_matrix(axis_angle)
    rotations[:, 0] = axis_angle_to_matrix(np.array([np.pi, 0, 0]))
    return rotations


def flexion(rotations: Array) -> Array:
    """(S, 2) degrees."""
    degrees: Array = np.degrees(matrix_to_axis_angle(rotations[:, KNEES])[..., 0])
    return degrees


@pytest.fixture
def sampled(body: Body) -> SampledKeypoints:
    person = standing_person(body, TIME, np.array([[0.0, 0.0, 4.0]]))
    return sample_keypoints(person.keypoints, 30.0, FOCAL_LENGTH)


def straightened(body: Body, sampled: SampledKeypoints, rotations: Array, rests: Array = RESTING) -> Array:
    return straighten_standing_knees(rotations, body.rest_joints(np.zeros(10)), sampled, rests, UP)


def test_who_stands_still_is_captured_with_straight_knees(body: Body, sampled: SampledKeypoints) -> None:
    """The student sees 16 degrees in knees that are straight: from the front the picture hardly contradicts it."""
    prediction = StudentPrediction(bent(STANDING), np.zeros(10), UP, np.ones((60, 2)))
    assert flexion(solve(body, sampled, prediction).body.rotations).max() < 7


def test_what_is_bent_for_standing_is_less_bent_before_a_squat_and_not_in_it(
    body: Body, sampled: SampledKeypoints
) -> None:
    rotations = bent(SQUATTING)
    found = flexion(straightened(body, sampled, rotations))
    assert np.allclose(found[:25], 5, atol=0.5)
    assert np.allclose(found[-5:], flexion(rotations)[-5:])
    assert (np.diff(found, axis=0) > -0.01).all(), "deeper stays deeper"


def test_feet_and_pelvis_keep_their_directions(body: Body, sampled: SampledKeypoints) -> None:
    rotations, rest_joints = bent(SQUATTING), body.rest_joints(np.zeros(10))
    before, after = (
        forward_kinematics(pose, rest_joints)[1] for pose in (rotations, straightened(body, sampled, rotations))
    )
    for name in ("pelvis", "left_foot", "right_foot"):
        np.testing.assert_allclose(after[:, JOINT_INDEX[name]], before[:, JOINT_INDEX[name]], atol=1e-9)


def test_who_crouches_moves_or_is_cut_off_stays_as_the_student_says(body: Body, sampled: SampledKeypoints) -> None:
    crouching, standing = bent(np.full(60, 35.0)), bent(STANDING)
    assert straightened(body, sampled, crouching) is crouching
    bouncing = bent(14 + 10 * np.sin(2 * np.pi * 2 * TIME))
    assert straightened(body, sampled, bouncing) is bouncing
    assert straightened(body, sampled, standing, np.zeros((60, 2))) is standing, "no foot rests"
    lying = standing.copy()
    lying[:, 0] = axis_angle_to_matrix(np.array([0.5 * np.pi, 0, 0])) @ lying[:, 0]
    assert straightened(body, sampled, lying) is lying
    sampled.confidence[:, KEYPOINT_INDEX["left_ankle"]] = 0
    assert straightened(body, sampled, standing) is standing, "out of view"
