"""Body and joint limits of the 2D-only student."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from posenet3d_blender.body.keypoints import keypoint_rest_points, keypoints_on_body
from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import Body, load_body
from posenet3d_blender.body.skeleton import JOINT_INDEX, PARENTS
from posenet3d_blender.capture.student.lifter.skeleton import LIFTED_JOINTS
from posenet3d_blender.capture.student.network import StudentOutput
from posenet3d_blender.capture.student.torch_body import matrix_to_six_d
from trainer.geometry.rotations import axis_angle_to_matrix
from trainer.paper.geometry import Lifted, project
from trainer.paper.pose_prior import PriorConfig, Priors
from trainer.paper.student.body_points import KEYPOINT_ANCHORS
from trainer.paper.student.joint_limits import limit_violation, rotation_from_rest
from trainer.paper.student.losses import StudentWeights, student_terms
from trainer.paper.student.smpl_skeleton import SmplSkeleton
from trainer.paper.windows import DistillationWindows


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body()


def posed(**degrees: tuple[float, float, float]) -> torch.Tensor:
    """(1, 1, 24, 3, 3) the rest pose but for the joints named, as axis-angle in degrees."""
    axis_angle = torch.zeros(1, 1, 24, 3)
    for name, angles in degrees.items():
        axis_angle[0, 0, JOINT_INDEX[name]] = torch.deg2rad(torch.tensor(angles))
    return axis_angle_to_matrix(axis_angle)


def test_the_skeleton_agrees_with_the_add_ons_kinematics(body: Body) -> None:
    generator = torch.Generator().manual_seed(0)
    rotations = axis_angle_to_matrix(torch.randn(2, 5, 24, 3, generator=generator))
    betas = torch.randn(2, 10, generator=generator)
    joints, keypoints = SmplSkeleton(body)(rotations, betas, torch.zeros(2, 24, 3))
    for window in range(2):
        rest = body.rest_joints(betas[window].double().numpy())
        expected, world = forward_kinematics(rotations[window].double().numpy(), rest)
        np.testing.assert_allclose((joints - joints[:, :, :1])[window].numpy(), expected - expected[:, :1], atol=1e-5)
        mean = torch.zeros(10).numpy()
        of_mean, _ = forward_kinematics(rotations[window].double().numpy(), body.rest_joints(mean))
        on_body = keypoints_on_body(of_mean, world, body.rest_joints(mean), keypoint_rest_points(body, mean))
        moved = (keypoints[window] - joints[window, :, KEYPOINT_ANCHORS]).numpy()
        np.testing.assert_allclose(moved, on_body - of_mean[:, KEYPOINT_ANCHORS], atol=1e-5)


def test_a_bone_offset_moves_the_joint_and_all_below(body: Body) -> None:
    skeleton, offsets = SmplSkeleton(body), torch.zeros(1, 24, 3)
    offsets[0, JOINT_INDEX["left_elbow"], 0] = 0.1
    still = posed()
    moved = (
        skeleton(still, torch.zeros(1, 10), offsets)[0] - skeleton(still, torch.zeros(1, 10), torch.zeros(1, 24, 3))[0]
    )
    changed = {name for name, index in JOINT_INDEX.items() if moved[0, 0, index].abs().max() > 1e-6}
    assert changed == {"left_elbow", "left_wrist", "left_hand"}
    torch.testing.assert_close(moved[0, 0, JOINT_INDEX["left_hand"]], torch.tensor([0.1, 0.0, 0.0]))


def test_natural_poses_keep_the_limits() -> None:
    natural = posed(
        left_knee=(90, 0, 0), right_knee=(130, 0, 0), left_elbow=(0, -100, 0), right_elbow=(0, 100, 0),
        left_hip=(-90, 0, 20), left_shoulder=(0, 0, -70), neck=(20, 20, 0),
    )  # fmt: skip
    assert float(limit_violation(natural)) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("joint", "degrees"),
    [
        ("left_knee", (-40, 0, 0)),
        ("right_knee", (30, 50, 0)),
        ("left_elbow", (0, 60, 0)),
        ("right_elbow", (0, -60, 0)),
        ("head", (80, 0, 0)),
        ("spine2", (0, 60, 0)),
    ],
)
def test_joints_bent_the_wrong_way_or_too_far_cost(joint: str, degrees: tuple[float, float, float]) -> None:
    assert float(limit_violation(posed(**{joint: degrees}))) > 0.01


def test_rotations_from_rest_cost_in_any_heading() -> None:
    assert float(rotation_from_rest(posed(pelvis=(0, 120, 0)))) == pytest.approx(0, abs=1e-5)
    bent = float(rotation_from_rest(posed(left_knee=(90, 0, 0))))
    assert bent == pytest.approx(2 - 2 * math.cos(math.pi / 2), abs=1e-5)


def test_a_small_student_is_not_rewarded_and_the_face_turns_the_head(body: Body) -> None:
    """A correct pose costs more when the body has another size than at rest, whatever the teacher's unit."""
    skeleton = SmplSkeleton(body)
    pose = skeleton(posed().expand(2, 32, 24, 3, 3), torch.zeros(2, 10), torch.zeros(2, 24, 3))
    joints = pose[0][:, :, LIFTED_JOINTS]
    middle = joints.mean((1, 2), keepdim=True)
    lifted = Lifted(0.3 * (joints - middle), torch.zeros(2))
    size = torch.full((2,), 0.2)
    view = project(lifted.joints, size)
    features, contacts = torch.zeros(2, 32, 82), torch.zeros(2, 32, 2)
    bones = skeleton.rest_joints(torch.zeros(1, 10), torch.zeros(1, 24, 3))
    bones = bones - torch.where(torch.arange(24)[:, None] > 0, bones[:, list(PARENTS)], bones)

    def terms(shrunk: float, nod: float = 0.0) -> dict[str, torch.Tensor]:
        output = StudentOutput(
            rotations=matrix_to_six_d(posed(head=(nod, 0, 0))).expand(2, 32, 24, 6),
            betas=torch.zeros(2, 10),
            up=torch.tensor([0.0, -1.0, 0.0]).expand(2, 32, 3),
            contacts=torch.zeros(2, 32, 2),
            bone_offsets=(-shrunk * bones).expand(2, 24, 3),
        )
        of_keypoints = torch.tensor([1.0, 0.0])
        keypoints = 0.3 * (pose[1] - middle)
        up = torch.tensor([0.0, -1.0, 0.0]).expand(2, 3)
        batch = DistillationWindows(features, view, lifted, up, 2, contacts, keypoints, of_keypoints)
        return student_terms(output, skeleton, Priors(PriorConfig(8, 8, 2, 8)), batch, StudentWeights())

    still, small, smaller = (float(terms(shrunk)["distillation"]) for shrunk in (0.0, 0.2, 0.6))
    assert still == pytest.approx(0, abs=0.01)
    assert still < small < smaller
    assert float(terms(0.0)["keypoints"]) == pytest.approx(0, abs=0.01)
    nodding = terms(0.0, nod=30.0)
    assert float(nodding["distillation"]) == pytest.approx(0, abs=0.01), "joints do not show a nod"
    assert float(nodding["keypoints"]) > 0.03, "the face does"
