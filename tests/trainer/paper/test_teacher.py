"""The teacher: what it does with exact and with detected points."""

from __future__ import annotations

import torch

from trainer.geometry.kinematics import axis_angle_to_matrix
from trainer.paper.geometry import View, project_points
from trainer.paper.skeleton import MIRRORED_LIFTED
from trainer.paper.stages.denoising import exact_points
from trainer.paper.teacher.network import TeacherConfig, TeacherNetwork, denoised, lift, lift_mirrored
from trainer.paper.windows import SequenceWindows


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


def test_only_detected_points_are_denoised_and_by_their_confidence() -> None:
    generator = torch.Generator().manual_seed(0)
    teacher = TeacherNetwork(TeacherConfig(width=16, denoiser_width=8))
    assert teacher.denoiser is not None
    points, size = torch.randn(2, 8, 18, 2, generator=generator), torch.full((2,), 0.2)
    confidence = torch.rand(2, 8, 18, generator=generator)
    sure, doubtful = View(points, size, torch.ones(2, 8, 18)), View(points, size, confidence)
    assert torch.equal(denoised(teacher.denoiser, doubtful).points, points), "untrained it moves nothing"
    torch.nn.init.normal_(teacher.denoiser.shift.weight, std=0.1, generator=generator)
    assert torch.equal(lift(teacher, sure).joints, lift(teacher, View(points, size)).joints)
    assert (lift(teacher, doubtful).joints - lift(teacher, sure).joints).abs().mean() > 0.01
    exact = project_points(lift(teacher, doubtful, is_exact=True).joints, size)
    torch.testing.assert_close(exact, points, atol=1e-4, rtol=1e-4)
    # The mirrored windows' confidence is mirrored, too.
    flip, swapped = torch.tensor([-1.0, 1.0, 1.0]), list(MIRRORED_LIFTED)
    of_mirrored = lift(teacher, View(points[:, :, swapped] * flip[:2], size, confidence[:, :, swapped]))
    torch.testing.assert_close(lift_mirrored(teacher, doubtful).joints, of_mirrored.joints[:, :, swapped] * flip)


def test_exact_points_are_found_in_the_detected_windows_camera() -> None:
    """The noise turns the virtual camera and changes its size."""
    generator = torch.Generator().manual_seed(1)
    points = 0.5 * torch.randn(2, 8, 18, 2, generator=generator)
    turn = axis_angle_to_matrix(torch.tensor([[0.02, -0.01, 0.0], [0.0, 0.03, 0.01]]))
    view, detected = View(points, torch.full((2,), 0.2)), View(points, torch.full((2,), 0.25))
    found = exact_points(SequenceWindows(view, detected, turn))
    ray = turn[1] @ torch.tensor([0.2 * points[1, 3, 5, 0], 0.2 * points[1, 3, 5, 1], 1.0])
    torch.testing.assert_close(found[1, 3, 5], ray[:2] / ray[2] / 0.25)
