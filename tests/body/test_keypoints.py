"""The keypoints on the body: in the right places, on any SMPL-format mesh, and moving with their joints."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from posenet3d_blender.body.keypoints import KEYPOINT_INDEX, MIRRORED_KEYPOINTS, keypoint_rest_points, keypoints_on_body
from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import Body, load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body()


def test_keypoints_lie_where_their_names_say(body: Body) -> None:
    points = dict(zip(KEYPOINT_INDEX, keypoint_rest_points(body, np.zeros(10)), strict=True))
    assert points["nose"][2] > points["left_eye"][2] > points["left_ear"][2]
    assert points["left_eye"][1] > points["nose"][1]
    assert points["left_heel"][2] < points["left_ankle"][2] < points["left_big_toe"][2]
    assert points["left_index"][2] > points["left_pinky"][2]
    assert points["left_heel"][1] < points["left_ankle"][1]
    for name, point in points.items():
        assert (point[0] > 0) == name.startswith("left_") or name == "nose"


def test_both_sides_mirror_each_other(body: Body) -> None:
    points = keypoint_rest_points(body, np.zeros(10))
    mirrored = points[list(MIRRORED_KEYPOINTS)] * (-1, 1, 1)
    np.testing.assert_allclose(points, mirrored, atol=0.012)  # the mesh itself is not quite even


def test_keypoints_ride_on_their_joints(body: Body) -> None:
    betas = np.random.default_rng(0).normal(0, 1, (5, 10))
    rest_joints, rest_points = body.rest_joints(betas), keypoint_rest_points(body, betas)
    rotations = np.broadcast_to(np.eye(3), (5, 24, 3, 3)).copy()
    at_rest = keypoints_on_body(*forward_kinematics(rotations, rest_joints), rest_joints, rest_points)
    np.testing.assert_allclose(at_rest, rest_points, atol=1e-12)
    rotations[:, 20] = axis_angle_to_matrix(np.array([1.0, 0.0, 0.0]))
    turned = keypoints_on_body(*forward_kinematics(rotations, rest_joints), rest_joints, rest_points)
    moved = np.linalg.norm(turned - at_rest, axis=-1).max(axis=0) > 1e-6
    assert {name for name, index in KEYPOINT_INDEX.items() if moved[index]} <= {
        "left_index",
        "left_pinky",
        "left_wrist",
    }
    assert moved[KEYPOINT_INDEX["left_index"]]


def test_keypoints_are_found_on_another_topology(body: Body) -> None:
    """The same surface with its vertices in another order and a third of them gone."""
    keep = np.random.default_rng(0).permutation(len(body.template))[: 2 * len(body.template) // 3]
    other = dataclasses.replace(
        body,
        template=body.template[keep],
        shape_directions=body.shape_directions[keep],
        skin_weights=body.skin_weights[keep],
        joint_regressor=body.joint_regressor[:, keep],
    )
    spots = [KEYPOINT_INDEX[name] for name in ("nose", "left_ear", "right_ear", "left_heel", "right_big_toe")]
    difference = keypoint_rest_points(other, np.zeros(10)) - keypoint_rest_points(body, np.zeros(10))
    assert np.linalg.norm(difference[spots], axis=-1).max() < 0.02
