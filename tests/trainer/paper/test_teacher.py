"""The teacher: what it does with exact and with detected points."""

from __future__ import annotations

import numpy as np
import torch

from posenet3d_blender.body.model import load_body
from posenet3d_blender.capture.student.lifter.skeleton import LIFTED_JOINTS, POINT_OF_LIFTED
from trainer.paper.geometry import View, project_points
from trainer.paper.teacher.inference import Teacher
from trainer.paper.teacher.network import TeacherConfig, TeacherNetwork, lift, lift_mirrored


def test_only_detected_points_are_corrected() -> None:
    generator = torch.Generator().manual_seed(0)
    teacher = TeacherNetwork(TeacherConfig(width=16, correct_points=True))
    assert teacher.correction is not None
    torch.nn.init.normal_(teacher.correction.bias, std=0.1, generator=generator)
    view = View(torch.randn(2, 8, 18, 2, generator=generator), torch.full((2,), 0.2))
    exact, detected = (project_points(lift(teacher, view, is_exact).joints, view.size) for is_exact in (True, False))
    torch.testing.assert_close(exact, view.points, atol=1e-4, rtol=1e-4)
    assert (detected - view.points).abs().mean() > 0.05
    mirrored = lift_mirrored(teacher, view, is_exact=True)
    torch.testing.assert_close(project_points(mirrored.joints, view.size), view.points, atol=1e-4, rtol=1e-4)
    assert (mirrored.joints - lift(teacher, view, is_exact=True).joints).abs().mean() > 1e-3, "a second opinion"


def test_points_of_full_confidence_are_exact() -> None:
    """They stay where they are, others are corrected."""
    standing = load_body().joint_template[list(LIFTED_JOINTS)] * (1, -1, -1) + (0, 0, 4)
    rays, confidence = np.zeros((40, 27, 2)), np.zeros((40, 27))
    rays[:, list(POINT_OF_LIFTED)] = standing[:, :2] / standing[:, 2:]
    generator = torch.Generator().manual_seed(0)
    network = TeacherNetwork(TeacherConfig(width=16, correct_points=True))
    assert network.correction is not None
    torch.nn.init.normal_(network.correction.bias, std=0.1, generator=generator)
    errors = []
    for certain in (1.0, 0.99):
        confidence[:, list(POINT_OF_LIFTED)] = certain
        clip = Teacher(network, load_body()).lift_clip(rays, confidence)
        joints = clip.poses + clip.roots[:, None]
        errors.append(np.abs(joints[..., :2] / joints[..., 2:] - rays[:, list(POINT_OF_LIFTED)]).mean())
    exact, detected = errors
    assert exact < 0.002
    assert detected > 5 * exact
