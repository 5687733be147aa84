"""The teacher's skeletons as clips of the SMPL body, and the windows that both networks are shown of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from posenet3d_blender.body.model import load_body
from posenet3d_blender.body.skeleton import JOINT_INDEX
from posenet3d_blender.capture.student.features import STUDENT_POINT_COUNT, STUDENT_POINT_NAMES, STUDENT_WINDOW
from posenet3d_blender.capture.student.lifter.skeleton import LIFTED_JOINTS, POINT_OF_LIFTED
from posenet3d_blender.capture.student.network import StudentConfig, StudentNetwork
from posenet3d_blender.capture.student.torch_body import forward_kinematics, parent_offsets
from trainer.geometry.rotations import axis_angle_to_matrix
from trainer.paper.geometry import project_points
from trainer.paper.lifted_clips import (
    LiftedClips,
    TeacherWindowSampler,
    end_to_end_windows,
    lifted_clips,
    student_windows,
)
from trainer.paper.stages.end_to_end import EndToEndStage
from trainer.paper.stages.joint_student import JointStudentStage
from trainer.paper.stages.joint_teacher import JointTeacherStage
from trainer.paper.student.distillation_sampler import TeacherMotions
from trainer.paper.student.losses import JointStudentWeights
from trainer.paper.teacher.losses import JointTeacherWeights
from trainer.paper.teacher.network import TeacherConfig, TeacherNetwork
from trainer.training.student_parts import train_all_but_lifter
from trainer.windows.windows import Windows

FRAMES = 240
POINTS = 2 * STUDENT_POINT_COUNT


def true_joints() -> torch.Tensor:
    """(T, 24, 3) joints of the body at rest that squats, turns and swings an arm; Y up, from the pelvis."""
    body, seconds = load_body(), torch.arange(FRAMES) / 30
    angles = torch.zeros(FRAMES, 24, 3)
    flexion = 0.7 - 0.7 * seconds.cos()
    for side in ("left", "right"):
        angles[:, JOINT_INDEX[f"{side}_hip"], 0] = -flexion / 2
        angles[:, JOINT_INDEX[f"{side}_knee"], 0] = flexion
        angles[:, JOINT_INDEX[f"{side}_ankle"], 0] = -flexion / 2
    angles[:, 0, 1] = seconds
    angles[:, JOINT_INDEX["left_shoulder"], 2] = -0.6 + 0.5 * (2 * seconds).sin()
    offsets = torch.from_numpy(parent_offsets(body.joint_template)).float()
    return forward_kinematics(axis_angle_to_matrix(angles), offsets)[0]


@pytest.fixture(scope="module")
def lifted() -> LiftedClips:
    """As a perfect teacher would lift them, 4 m before an upright camera, in two stretches of one sequence."""
    joints = true_joints().numpy()[:, list(LIFTED_JOINTS)] * (1, -1, -1) + (0, 0, 4.0)
    motions = TeacherMotions(
        joints.astype(np.float32),
        np.ones((FRAMES, 2), np.float32),
        np.array([0, 120]),
        np.array([120, FRAMES]),
        np.zeros(2, np.float32),
        ("one_01@0", "one_01@0"),
    )
    return lifted_clips(motions, load_body())


def test_lifted_skeletons_become_clips_in_y_up(lifted: LiftedClips) -> None:
    clips = lifted.clips
    assert clips.offsets.tolist() == [0, 120, FRAMES]
    expected = true_joints().numpy()[:, list(LIFTED_JOINTS)]
    relative = clips.relative_joints[:, list(LIFTED_JOINTS)] + clips.root[:, None] - (0, 0, -4.0)
    np.testing.assert_allclose(relative, expected, atol=1e-4)
    assert (clips.relative_joints[:, JOINT_INDEX["head"], 1] > 0.4).all(), "upright"


def test_rotations_give_the_skeletons_back(lifted: LiftedClips) -> None:
    joints, _ = forward_kinematics(torch.from_numpy(lifted.fitted.rotations), torch.from_numpy(lifted.fitted.bones))
    error = (joints - torch.from_numpy(lifted.clips.relative_joints)).norm(dim=-1)[:, list(LIFTED_JOINTS)]
    assert error.mean() < 0.03
    assert error.max() < 0.12


def shown_error(windows: Windows) -> torch.Tensor:
    """(B, T, 18) distance of the points shown from the exact projections of the windows' joints, normalised.

    The people's distance, which windows do not hold, is searched for.
    """
    joints, _ = forward_kinematics(windows.rotations, windows.bones[:, None])
    size = windows.features[:, 0, -1].exp()
    shown = windows.features[..., :POINTS].unflatten(-1, (STUDENT_POINT_COUNT, 2))[:, :, list(POINT_OF_LIFTED)]
    best = torch.full(shown.shape[:3], torch.inf)
    for distance in torch.linspace(1.0, 12.0, 400):
        unit = 1 / (size * distance)[:, None, None, None]
        points = project_points(unit * joints[:, :, list(LIFTED_JOINTS)], size)
        offset = (shown - points).mean((2,), keepdim=True)
        error = (shown - points - offset).norm(dim=-1)
        better = error.mean((1, 2)) < best.mean((1, 2))
        best[better] = error[better]
    return best


def test_the_teacher_sees_every_joint_exact_or_with_noise(lifted: LiftedClips) -> None:
    batch = TeacherWindowSampler(lifted, seed=0).draw(33)
    assert batch.exact.features.shape == (17, STUDENT_WINDOW, 82)
    assert len(batch.detected.features) == 16
    for windows in (batch.exact, batch.detected):
        confidence = windows.features[..., POINTS:-1][..., list(POINT_OF_LIFTED)]
        assert (confidence > 0).float().mean() > 0.999
    exact, detected = (shown_error(windows).median() for windows in (batch.exact, batch.detected))
    assert exact < 0.02
    assert detected > 2 * exact


def test_the_student_sees_joints_or_the_detectors_keypoints(lifted: LiftedClips) -> None:
    windows = student_windows(lifted)(0).draw(64)
    confidence = windows.features[..., POINTS:-1]
    neck, nose = (confidence[..., STUDENT_POINT_NAMES.index(name)].amax(1) > 0 for name in ("neck", "nose"))
    assert not (neck & nose).any()
    assert 0.2 < neck.float().mean() < 0.7
    assert torch.linalg.det(windows.rotations).sub(1).abs().max() < 1e-3
    assert 0.5 < windows.contacts.mean() < 0.9, (
        "the teacher's contacts, but where somebody is turned over or a foot moves"
    )


def test_the_joint_stages_weigh_their_terms_as_the_recipe_says(lifted: LiftedClips) -> None:
    torch.manual_seed(0)
    body, pairs, windows = load_body(), TeacherWindowSampler(lifted, seed=0).draw(4), student_windows(lifted)(0).draw(4)
    teacher, student = TeacherNetwork(TeacherConfig(width=8)), StudentNetwork(StudentConfig(width=8, blocks=1))

    def terms(of_teacher: JointTeacherWeights, of_student: JointStudentWeights) -> dict[str, Tensor]:
        teacher_stage = JointTeacherStage(teacher, student, body, of_teacher, pairs, {})
        student_stage = JointStudentStage(student, teacher, body, of_student, windows, {})
        return {**teacher_stage(pairs), **student_stage(windows)}

    usual = terms(JointTeacherWeights(), JointStudentWeights())
    doubled = terms(JointTeacherWeights(20.0, 40.0, 2.0), JointStudentWeights(contacts=1.0))
    twice = {"exact", "exact_velocity", "exact_elevation", "detected", "detected_velocity", "detected_elevation"}
    for name, term in usual.items():
        expected = 2 * term if name in {*twice, "contacts"} else term
        torch.testing.assert_close(doubled[name], expected, msg=name)


def test_the_last_stage_has_a_loss_on_every_prediction(lifted: LiftedClips) -> None:
    torch.manual_seed(0)
    config = StudentConfig(width=16, blocks=1, feedback_width=8, feedback_blocks=1, lifter_width=16)
    student, teacher = StudentNetwork(config), TeacherNetwork(TeacherConfig(width=16))
    windows = end_to_end_windows(lifted)(0).draw(8)
    stage = EndToEndStage(student, teacher, load_body(), JointStudentWeights(), windows, {})
    train_all_but_lifter(student)
    terms = stage(windows)
    alone = JointStudentStage(student, teacher, load_body(), JointStudentWeights(), windows, {})(windows)
    assert terms.keys() - alone.keys() == {"pass_0", "pass_1"}
    for name, value in alone.items():
        torch.testing.assert_close(terms[name], value)
    weights = [weight for weight in student.parameters() if weight.requires_grad]
    before = student.pose.weight
    (without,) = torch.autograd.grad(torch.stack(list(alone.values())).sum(), before)
    gradients = torch.autograd.grad(torch.stack(list(terms.values())).sum(), weights)
    assert all(gradient.isfinite().all() for gradient in gradients)
    (with_passes,) = (g for weight, g in zip(weights, gradients, strict=True) if weight is before)
    assert not torch.allclose(with_passes, without), "the first prediction is taught by itself too"


def test_the_same_seed_draws_the_same_windows(lifted: LiftedClips) -> None:
    first, second = (TeacherWindowSampler(lifted, seed=3).draw(8) for _ in range(2))
    torch.testing.assert_close(first.exact.features, second.exact.features)
    torch.testing.assert_close(first.detected.features, second.detected.features)
    assert not torch.allclose(first.exact.features[:4], first.detected.features)
