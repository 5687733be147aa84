"""The second feedback follows its lifter: with true depths it brings a wrong pose and wrong bones to the truth."""

from __future__ import annotations

import numpy as np
import pytest

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import SHAPE_COUNT, load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix, matrix_to_six_d
from posenet3d_blender.body.skeleton import JOINT_COUNT, JOINT_INDEX, PARENTS
from posenet3d_blender.capture.student.features import STUDENT_POINT_COUNT, STUDENT_WINDOW, normalise_windows
from posenet3d_blender.capture.student.joint_of_point import JOINT_OF_POINT, NO_JOINT

torch = pytest.importorskip("torch", reason="torch is not installed")
from torch import Tensor  # noqa: E402 - needs torch

from posenet3d_blender.capture.student.feedback import Feedback, Posed, place_nearest  # noqa: E402 - needs torch
from posenet3d_blender.capture.student.lifter.network import LIFTER_DILATIONS, LIFTER_KERNEL, Lifter  # noqa: E402
from posenet3d_blender.capture.student.lifter.residuals import observed_points  # noqa: E402 - needs torch
from posenet3d_blender.capture.student.lifter.skeleton import (  # noqa: E402 - needs torch
    LIFTED_JOINTS,
    POINT_OF_LIFTED,
)
from posenet3d_blender.capture.student.torch_body import forward_kinematics as torch_kinematics  # noqa: E402
from posenet3d_blender.capture.student.torch_body import select_joints, six_d_to_matrix  # noqa: E402 - needs torch

DISTANCE = 4.0
"""Metres from the camera to the pelvis."""
KNOWN = [point for point, joint in enumerate(JOINT_OF_POINT) if joint != NO_JOINT]


class TrueDepths(Lifter):
    """A lifter that knows the true depths."""

    def __init__(self) -> None:
        super().__init__(8, LIFTER_KERNEL, LIFTER_DILATIONS)
        self.known = torch.zeros(0)

    def depths(self, features: Tensor) -> Tensor:
        depths: Tensor = self.known - self.known.mean((1, 2), keepdim=True)
        return depths


class Scene:
    """A person in a random pose, their joints seen exactly, and a wrong prediction of them."""

    def __init__(self, seed: int, error: float = 0.12, forearms: float = 1.0) -> None:
        random = np.random.default_rng(seed)
        body = load_body()
        bones = np.array([body.joint_template[j] - body.joint_template[max(PARENTS[j], 0)] for j in range(JOINT_COUNT)])
        bones[[JOINT_INDEX["left_wrist"], JOINT_INDEX["right_wrist"]]] *= forearms
        turns = random.normal(0, 0.3, (1, 1, JOINT_COUNT, 3)).repeat(STUDENT_WINDOW, 1)
        rotations = axis_angle_to_matrix(turns)
        rotations[:, :, 0] = np.diag([1.0, -1.0, -1.0]) @ rotations[:, :, 0]
        self.joints = self._posed(rotations, bones)  # (1, 32, 24, 3)
        points = np.zeros((1, STUDENT_WINDOW, STUDENT_POINT_COUNT, 3))
        points[:, :, KNOWN] = self.joints[:, :, [JOINT_OF_POINT[point] for point in KNOWN]]
        points[..., 2] += DISTANCE
        given = np.isin(np.arange(STUDENT_POINT_COUNT), KNOWN).astype(float)
        seen = normalise_windows(points[..., :2] / points[..., 2:], np.broadcast_to(given, points.shape[:-1]))
        self.features = torch.from_numpy(seen.features)
        view = seen.view_rotations[0].astype(np.float64)
        self.joints, self.place = self.joints @ view.T, view @ [0, 0, DISTANCE]
        off = axis_angle_to_matrix(random.normal(0, error, (1, 1, JOINT_COUNT, 3)).repeat(STUDENT_WINDOW, 1))
        rotations[:, :, 0] = view @ rotations[:, :, 0]
        six_d = torch.from_numpy(matrix_to_six_d(rotations @ off)).float()
        self.first = Posed(six_d, torch.zeros(1, SHAPE_COUNT), torch.zeros(1, JOINT_COUNT, 3))

    @staticmethod
    def _posed(rotations: Array, bones: Array) -> Array:
        rest = np.zeros((JOINT_COUNT, 3))
        for joint in range(1, JOINT_COUNT):
            rest[joint] = rest[PARENTS[joint]] + bones[joint]
        joints, _ = forward_kinematics(rotations, rest)
        return joints

    def error(self, feedback: Feedback, prediction: Posed) -> float:
        """Mean distance of joints, metres, from the middle of all."""
        bones = feedback.points.body_bones(prediction.betas) + prediction.bone_offsets
        joints, _ = torch_kinematics(six_d_to_matrix(prediction.rotations), bones[:, None])
        apart = joints.detach().numpy() - self.joints
        return float(np.linalg.norm(apart - apart.mean(2, keepdims=True), axis=-1).mean())


def feedback_with_true_depths(scene: Scene) -> Feedback:
    """Untrained feedback that follows a lifter of this scene's depths fully."""
    lifter = TrueDepths()
    feedback = Feedback(16, 8, 1, 2, STUDENT_WINDOW, lifter).eval()
    feedback.follow_lifter()
    depth = torch.from_numpy(scene.joints[..., 2]).float()[:, :, list(LIFTED_JOINTS)]
    lifter.known = depth / (DISTANCE * scene.features[:, :, -1:].exp())
    with torch.no_grad():
        feedback.turns.weight.mul_(2)
        assert feedback.bone_trust is not None
        feedback.bone_trust.bias.mul_(2)
    return feedback


def corrected(feedback: Feedback, scene: Scene) -> Posed:
    with torch.no_grad():
        result: Posed = feedback(torch.zeros(1, STUDENT_WINDOW, 16), scene.features, scene.first)
    return result


@pytest.mark.parametrize("seed", range(3))
def test_a_wrong_pose_is_turned_to_the_lifted_one(seed: int) -> None:
    scene = Scene(seed)
    feedback = feedback_with_true_depths(scene)
    before, after = scene.error(feedback, scene.first), scene.error(feedback, corrected(feedback, scene))
    assert before > 0.03
    assert after < 0.35 * before


def test_a_right_pose_stays() -> None:
    scene = Scene(3, error=0.0)
    feedback = feedback_with_true_depths(scene)
    assert scene.error(feedback, corrected(feedback, scene)) < 0.004


def test_bones_get_the_lifted_lengths() -> None:
    """Somebody's forearms are longer by a fifth; the prediction has the body's."""
    scene = Scene(4, error=0.0, forearms=1.2)
    feedback = feedback_with_true_depths(scene)
    offsets = corrected(feedback, scene).bone_offsets[0]
    bones = feedback.points.body_bones(torch.zeros(1, SHAPE_COUNT))[0]
    length = (bones + offsets).norm(dim=-1) / bones.norm(dim=-1).clamp(min=1e-3)
    wrists = [JOINT_INDEX["left_wrist"], JOINT_INDEX["right_wrist"]]
    others = [JOINT_INDEX[f"left_{joint}"] for joint in ("knee", "ankle", "elbow")]
    # All lengths are relative to their mean: one camera does not show size.
    ratio = length[wrists].mean() / length[others].mean()
    assert float(ratio) == pytest.approx(1.2, abs=0.03)


def test_the_lifter_sees_joints_on_their_rays_and_hidden_ones_as_predicted() -> None:
    scene = Scene(5)
    hidden = list(LIFTED_JOINTS).index(JOINT_INDEX["left_wrist"])
    point = POINT_OF_LIFTED[hidden]
    scene.features[..., 2 * point : 2 * point + 2] = 0.0
    scene.features[..., 2 * STUDENT_POINT_COUNT + point] = 0.0
    feedback = feedback_with_true_depths(scene)
    confidence = scene.features[..., 2 * STUDENT_POINT_COUNT : -1, None]
    _, joints, _, points = feedback.predicted_points(scene.first, confidence)
    placed = place_nearest(points, scene.features)
    predicted = select_joints(joints, LIFTED_JOINTS, -2)
    rays = observed_points(predicted, placed).numpy()
    true = scene.joints[:, :, list(LIFTED_JOINTS)] + scene.place
    apart = np.abs(rays - true[..., :2] / true[..., 2:]).max((0, 1, 3))
    assert np.delete(apart, hidden).max() < 1e-3
    at = predicted + torch.cat([placed.place, placed.depth], -1)
    np.testing.assert_allclose(rays[:, :, hidden], (at[..., :2] / at[..., 2:])[:, :, hidden].numpy(), atol=1e-4)
