"""Feedback on a posed body: no residuals where the pose is right, and the turns that correct one that is not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.keypoints import (
    KEYPOINT_COUNT,
    KEYPOINT_JOINTS,
    keypoint_rest_points,
    keypoints_on_body,
)
from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import SHAPE_COUNT, load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix, matrix_to_six_d
from posenet3d_blender.body.skeleton import JOINT_COUNT, JOINT_INDEX, PARENTS
from posenet3d_blender.capture.student.features import STUDENT_POINT_COUNT, STUDENT_WINDOW, normalise_windows
from posenet3d_blender.capture.student.joint_of_point import JOINT_OF_POINT, NO_JOINT

torch = pytest.importorskip("torch", reason="torch is not installed")
from posenet3d_blender.capture.student.feedback import Feedback, Posed, correcting_turns, place_nearest  # noqa: E402 - needs torch
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


def in_camera(points: Array, confidence: Array) -> tuple[NDArray[np.float32], Array]:
    """Features (1, 32, 82) of points (1, 32, 27, 3), four metres before the camera, and the virtual camera (3, 3)."""
    placed = points + PLACE
    student_input = normalise_windows(placed[..., :2] / placed[..., 2:], np.broadcast_to(confidence, points.shape[:-1]))
    return student_input.features, student_input.view_rotations[0].astype(np.float64)


def seen(rotations: Array) -> tuple[NDArray[np.float32], Array]:
    """The same of the body's keypoints in this pose; neck and head are not given."""
    body, shape = load_body(), np.zeros(SHAPE_COUNT)
    rest_joints = body.rest_joints(shape)
    joints, world = forward_kinematics(rotations, rest_joints)
    keypoints = keypoints_on_body(joints, world, rest_joints, keypoint_rest_points(body, shape))
    neck_and_head = joints[:, :, [JOINT_INDEX["neck"], JOINT_INDEX["head"]]]
    return in_camera(np.concatenate([keypoints, neck_and_head], 2), np.append(np.ones(KEYPOINT_COUNT), [0, 0]))


def posed(rotations: Array, view: Array) -> Posed:
    """The pose as a prediction in the virtual camera's frame."""
    turned = rotations.copy()
    turned[:, :, 0] = view @ turned[:, :, 0]
    six_d = torch.from_numpy(matrix_to_six_d(turned)).float()
    return Posed(six_d, torch.zeros(1, SHAPE_COUNT), torch.zeros(1, JOINT_COUNT, 3))


def residuals_and_turns(feedback: Feedback, features: NDArray[np.float32], first: Posed) -> tuple[Array, Array, Array]:
    """Depth, residuals and correcting turns of a prediction."""
    given = torch.from_numpy(features)
    _, joints, _, points = feedback.predicted_points(first, given[..., 2 * STUDENT_POINT_COUNT : -1, None])
    placed = place_nearest(points, given)
    across = feedback.shown_by @ placed.residuals
    turns = correcting_turns(joints, torch.cat([across, torch.zeros_like(across[..., :1])], -1))
    return placed.depth.numpy(), placed.residuals.numpy(), turns.numpy()


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


def person() -> tuple[Array, Array, Array]:
    """Shape (1, 10), bone offsets (1, 24, 3) and rest joints (24, 3) of somebody whose limbs are not the body's."""
    random = np.random.default_rng(7)
    shape, offsets = random.normal(0, 1, (1, SHAPE_COUNT)), random.normal(0, 0.03, (1, JOINT_COUNT, 3))
    offsets[:, 0] = 0
    rest = load_body().rest_joints(shape[0])
    for joint in range(1, JOINT_COUNT):
        below = [other for other in range(JOINT_COUNT) if joint in ancestors(other)]
        rest[below] += offsets[0, joint]
    return shape, offsets, rest


def ancestors(joint: int) -> list[int]:
    """The joint and all above it but the pelvis."""
    return [joint, *ancestors(PARENTS[joint])] if joint > 0 else []


def test_joints_of_a_person_have_no_residuals_on_that_persons_skeleton(feedback: Feedback) -> None:
    """Motion capture gives joints: they are the predicted skeleton's, not where the detector would put keypoints."""
    rotations, (shape, offsets, rest) = random_pose(6), person()
    joints, _ = forward_kinematics(rotations, rest)
    points = np.zeros((*joints.shape[:2], STUDENT_POINT_COUNT, 3))
    known = [point for point, joint in enumerate(JOINT_OF_POINT) if joint != NO_JOINT]
    points[:, :, known] = joints[:, :, [JOINT_OF_POINT[point] for point in known]]
    features, view = in_camera(points, np.isin(np.arange(STUDENT_POINT_COUNT), known).astype(np.float64))
    first = posed(rotations, view)._replace(
        betas=torch.from_numpy(shape).float(), bone_offsets=torch.from_numpy(offsets).float()
    )
    depth, residuals, _ = residuals_and_turns(feedback, features, first)
    assert np.abs(residuals).max() < 1e-3
    np.testing.assert_allclose(depth, (view @ (rest[0] + PLACE))[2], atol=0.02)


def test_keypoints_follow_the_persons_bones(feedback: Feedback) -> None:
    """Elbows' keypoints ride on the shoulder: with a longer upper arm they are farther out."""
    rotations, (shape, offsets, rest) = random_pose(6), person()
    joints, world = forward_kinematics(rotations, rest)
    body = load_body()
    at_rest = keypoint_rest_points(body, shape[0]) - body.rest_joints(shape[0])[list(KEYPOINT_JOINTS)]
    for keypoint, (joint, carrier) in enumerate(zip(JOINT_OF_POINT, KEYPOINT_JOINTS, strict=False)):
        if joint != NO_JOINT and PARENTS[joint] == carrier:
            at_rest[keypoint] += offsets[0, joint]
    keypoints = keypoints_on_body(joints, world, rest, rest[list(KEYPOINT_JOINTS)] + at_rest)
    points = np.concatenate([keypoints, joints[:, :, :2]], 2)
    features, view = in_camera(points, np.append(np.ones(KEYPOINT_COUNT), [0, 0]))
    first = posed(rotations, view)._replace(
        betas=torch.from_numpy(shape).float(), bone_offsets=torch.from_numpy(offsets).float()
    )
    assert np.abs(residuals_and_turns(feedback, features, first)[1]).max() < 1e-3


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


@pytest.mark.parametrize("lifter_width", [0, 16])
def test_untrained_it_changes_no_pose(lifter_width: int) -> None:
    """An untrained lifter does not either, whose feedback the recipe trains last."""
    torch.manual_seed(0)
    config = StudentConfig(width=16, blocks=1, feedback_width=8, feedback_blocks=1, lifter_width=lifter_width)
    network = StudentNetwork(config).eval()
    features = torch.from_numpy(seen(random_pose(4))[0])
    with torch.no_grad():
        first, corrected = network.with_feedback(features, 0), network(features)
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
