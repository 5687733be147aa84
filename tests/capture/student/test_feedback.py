"""Feedback on a posed body: no residuals where the pose is right, and the turns that correct one that is not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.keypoints import keypoint_rest_points, keypoints_on_body
from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import SHAPE_COUNT, load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix, matrix_to_six_d
from posenet3d_blender.body.skeleton import JOINT_COUNT, JOINT_INDEX
from posenet3d_blender.capture.student.features import STUDENT_POINT_COUNT, STUDENT_WINDOW, normalise_windows

torch = pytest.importorskip("torch", reason="torch is not installed")
from posenet3d_blender.capture.student.feedback import Feedback, Posed  # noqa: E402 - needs torch
from posenet3d_blender.capture.student.network import StudentConfig, StudentNetwork  # noqa: E402 - needs torch
from posenet3d_blender.capture.student.torch_body import BodyBones, six_d_to_matrix  # noqa: E402 - needs torch
from posenet3d_blender.capture.student.torch_body import forward_kinematics as torch_kinematics  # noqa: E402

UPRIGHT = np.diag([1.0, -1.0, -1.0])
"""From the body's frame (Y up, towards the viewer) to the camera's (y down, z forward)."""
PLACE = np.array([0.3, 0.5, 4.0])
"""Metres from the camera to the body's origin."""
ELBOW = JOINT_INDEX["left_elbow"]


def random_pose(seed: int) -> Array:
    """Rotations (1, 32, 24, 3, 3) that change over the window, in the camera's frame."""
    random = np.random.default_rng(seed)
    turns = random.normal(0, 0.3, (1, 1, JOINT_COUNT, 3)) + random.normal(0, 0.1, (1, STUDENT_WINDOW, JOINT_COUNT, 3))
    rotations = axis_angle_to_matrix(turns)
    rotations[:, :, 0] = UPRIGHT @ rotations[:, :, 0]
    return rotations


def seen(rotations: Array) -> tuple[NDArray[np.float32], Array]:
    """Features (1, 32, 82) of the body in this pose, four metres before the camera, and its virtual camera (3, 3)."""
    body, shape = load_body(), np.zeros(SHAPE_COUNT)
    rest_joints = body.rest_joints(shape)
    joints, world = forward_kinematics(rotations, rest_joints)
    keypoints = keypoints_on_body(joints, world, rest_joints, keypoint_rest_points(body, shape))
    neck_and_head = joints[:, :, [JOINT_INDEX["neck"], JOINT_INDEX["head"]]]
    points = np.concatenate([keypoints, neck_and_head], 2) + PLACE
    student_input = normalise_windows(points[..., :2] / points[..., 2:], np.ones(points.shape[:-1]))
    return student_input.features, student_input.view_rotations[0].astype(np.float64)


def posed(rotations: Array, view: Array) -> Posed:
    """The pose as a prediction in the virtual camera's frame."""
    turned = rotations.copy()
    turned[:, :, 0] = view @ turned[:, :, 0]
    six_d = torch.from_numpy(matrix_to_six_d(turned)).float()
    return Posed(six_d, torch.zeros(1, SHAPE_COUNT), torch.zeros(1, JOINT_COUNT, 3))


def residuals_and_turns(feedback: Feedback, features: NDArray[np.float32], first: Posed) -> tuple[Array, Array, Array]:
    """Depth, residuals and correcting turns of a prediction."""
    rotations = six_d_to_matrix(first.rotations)
    joints, world = torch_kinematics(rotations, feedback.body_bones(first.betas)[:, None])
    depth, residuals = feedback._residuals(joints, world, torch.from_numpy(features))
    return depth.numpy(), residuals.numpy(), feedback._correcting_turns(joints, residuals).numpy()


@pytest.fixture(scope="module")
def feedback() -> Feedback:
    return Feedback(student_width=16, width=8, blocks=1, expansion=2, window=STUDENT_WINDOW)


def test_a_right_pose_has_no_residuals(feedback: Feedback) -> None:
    rotations = random_pose(0)
    features, view = seen(rotations)
    depth, residuals, turns = residuals_and_turns(feedback, features, posed(rotations, view))
    assert np.abs(residuals).max() < 1e-3
    assert np.abs(turns).max() < 0.01
    place = view @ (load_body().joint_template[0] + PLACE)
    np.testing.assert_allclose(depth, place[2], atol=0.01)


def test_the_correcting_turn_is_the_arms_own(feedback: Feedback) -> None:
    """An arm that is turned by 0.1 radians about the camera's axis: its forearm is to be turned back."""
    rotations = random_pose(1)
    features, view = seen(rotations)
    first = posed(rotations, view)
    right = six_d_to_matrix(first.rotations).numpy().astype(np.float64)
    _, world = forward_kinematics(right, load_body().joint_template)
    turn = axis_angle_to_matrix(np.array([0, 0, 0.1]))
    wrong = right.copy()
    wrong[:, :, ELBOW] = np.swapaxes(world[:, :, ELBOW - 2], -1, -2) @ turn @ world[:, :, ELBOW]
    off = first._replace(rotations=torch.from_numpy(matrix_to_six_d(wrong)).float())
    _, residuals, turns = residuals_and_turns(feedback, features, off)
    # Samples in which the forearm points at the camera say little.
    assert np.median(turns[0, :, JOINT_INDEX["left_wrist"], 2]) == pytest.approx(-0.1, abs=0.015)
    others = [joint for joint in range(JOINT_COUNT) if "left" not in list(JOINT_INDEX)[joint]]
    assert np.abs(turns[0, :, others]).max() < 0.03
    assert np.abs(residuals).max() > 0.01


def test_missing_points_are_no_residuals(feedback: Feedback) -> None:
    features, view = seen(random_pose(2))
    features[..., :10] = 4.0
    features[..., 2 * STUDENT_POINT_COUNT : 2 * STUDENT_POINT_COUNT + 5] = 0.0
    _, residuals, _ = residuals_and_turns(feedback, features, posed(random_pose(3), view))
    assert not residuals[:, :, :5].any()
    assert np.abs(residuals[:, :, 5:]).max() > 0.01


def test_untrained_it_changes_no_pose() -> None:
    torch.manual_seed(0)
    network = StudentNetwork(StudentConfig(width=16, blocks=1, feedback_width=8, feedback_blocks=1)).eval()
    features = torch.from_numpy(seen(random_pose(4))[0])
    with torch.no_grad():
        first, corrected = network.without_feedback(features), network(features)
    torch.testing.assert_close(
        six_d_to_matrix(corrected.rotations), six_d_to_matrix(first.rotations), atol=1e-5, rtol=0
    )
    for name in ("betas", "up", "contacts", "bone_offsets"):
        assert torch.equal(getattr(corrected, name), getattr(first, name)), name


def test_kinematics_are_the_bodys() -> None:
    rotations, rest_joints = random_pose(5), load_body().joint_template
    expected, expected_world = forward_kinematics(rotations, rest_joints)
    bones = BodyBones(load_body())(torch.zeros(1, SHAPE_COUNT))
    joints, world = torch_kinematics(torch.from_numpy(rotations).float(), bones[:, None])
    np.testing.assert_allclose(joints.numpy(), expected - expected[:, :, :1], atol=1e-5)
    np.testing.assert_allclose(world.numpy(), expected_world, atol=1e-5)
