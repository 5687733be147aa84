"""Skeletons as the student sees them: the detector's keypoints on them, and noise."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from posenet3d_blender.body.keypoints import KEYPOINT_COUNT, KEYPOINT_NAMES, keypoint_rest_points, keypoints_on_body
from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import load_body
from posenet3d_blender.body.skeleton import JOINT_INDEX
from posenet3d_blender.capture.student.features import STUDENT_POINT_NAMES, STUDENT_WINDOW
from posenet3d_blender.capture.student.lifter.skeleton import LIFTED_JOINTS, POINT_OF_LIFTED
from trainer.geometry.rotations import axis_angle_to_matrix
from trainer.paper.geometry import project_points
from trainer.paper.student.body_points import LiftedKeypoints, random_turns
from trainer.paper.student.observation import Observer
from trainer.synthesis.detector_noise import load_detector_noise

COUNT = 24
_BENDS = {
    "pelvis": (0.2, 1.5, 0.2),
    "left_shoulder": (0.2, 0.3, 0.8),
    "right_shoulder": (0.2, 0.3, 0.8),
    "left_hip": (0.6, 0.1, 0.1),
    "right_hip": (0.6, 0.1, 0.1),
}
_FLEXED = {"left_elbow": (1, -1.0), "right_elbow": (1, 1.0), "left_knee": (0, 1.0), "right_knee": (0, 1.0)}
_TO_CAMERA = torch.diag(torch.tensor([1.0, -1.0, -1.0]))


def poses() -> torch.Tensor:
    """(24, 24, 3, 3) rotations of people with bent limbs; trunk and head are straight."""
    generator = torch.Generator().manual_seed(1)
    angles = torch.zeros(COUNT, 24, 3)
    for name, deviation in _BENDS.items():
        angles[:, JOINT_INDEX[name]] = torch.randn(COUNT, 3, generator=generator) * torch.tensor(deviation)
    for name, (axis, sign) in _FLEXED.items():
        angles[:, JOINT_INDEX[name], axis] = sign * (0.3 + 1.5 * torch.rand(COUNT, generator=generator))
    return axis_angle_to_matrix(angles)


def people() -> tuple[torch.Tensor, torch.Tensor]:
    """Lifted joints (24, 32, 18, 3) and keypoints (24, 32, 25, 3) of people 4 m before the camera, standing still."""
    body, rotations = load_body(), poses().double().numpy()
    rest = body.rest_joints(np.zeros(10))
    joints, world = forward_kinematics(rotations, rest)
    keypoints = keypoints_on_body(joints, world, rest, keypoint_rest_points(body, np.zeros(10)))
    placed = [torch.from_numpy(points).float() @ _TO_CAMERA for points in (joints[:, list(LIFTED_JOINTS)], keypoints)]
    lifted, points = ((one + torch.tensor([0, 0, 4.0]))[:, None].repeat(1, STUDENT_WINDOW, 1, 1) for one in placed)
    return lifted, points


def shown_points(features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Points (B, T, 27, 2) and confidence (B, T, 27) of features (B, T, 82)."""
    return features[..., :54].unflatten(-1, (27, 2)), features[..., 54:81]


def test_keypoints_follow_from_the_lifted_joints() -> None:
    lifted, expected = people()
    error = (LiftedKeypoints(load_body())(lifted) - expected).norm(dim=-1)[:, 0]  # (24, 25)
    by_name = dict(zip(KEYPOINT_NAMES, error.mean(0).tolist(), strict=True))
    assert max(by_name.values()) < 0.025, by_name
    assert max(by_name[name] for name in ("left_heel", "right_big_toe", "left_knee", "nose", "right_ear")) < 0.01


def test_random_turns_move_faces_and_hands_alone() -> None:
    lifted, _ = people()
    turns = random_turns(COUNT, STUDENT_WINDOW, torch.Generator().manual_seed(0))
    place = LiftedKeypoints(load_body())
    moved = (place(lifted, turns) - place(lifted)).norm(dim=-1)
    still = [
        index for index, name in enumerate(KEYPOINT_NAMES) if name.split("_")[-1] in ("hip", "toe", "heel", "knee")
    ]
    assert moved[:, :, still].max() < 1e-5
    assert 0.02 < moved[:, :, KEYPOINT_NAMES.index("nose")].median() < 0.2
    assert 0.005 < moved[:, :, KEYPOINT_NAMES.index("left_index")].median() < 0.05


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_student_sees_keypoints_or_joints(share: float) -> None:
    lifted, _ = people()
    seen = Observer(load_body(), load_detector_noise(), share).observe(lifted, torch.Generator().manual_seed(0))
    assert (seen.of_keypoints == share).all()
    points, confidence = shown_points(seen.features)
    given = {name for name, one in zip(STUDENT_POINT_NAMES, confidence.amax((0, 1)).tolist(), strict=True) if one > 0}
    if share:
        assert given == set(STUDENT_POINT_NAMES) - {"neck", "head"}
    else:
        assert given == {STUDENT_POINT_NAMES[point] for point in POINT_OF_LIFTED} | {"left_pinky", "right_pinky"}
    assert points[confidence == 0].abs().max() == 0
    torch.testing.assert_close(project_points(seen.joints, seen.view.size), seen.view.points, atol=1e-4, rtol=1e-4)
    if share:
        expected = project_points(seen.keypoints, seen.view.size)
        error = (points[:, :, :KEYPOINT_COUNT] - expected).norm(dim=-1)[confidence[:, :, :KEYPOINT_COUNT] > 0]
        assert 0.005 < error.median() < 0.08, "a detector's error is some centimetres"
