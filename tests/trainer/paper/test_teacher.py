"""The teacher: what it does with exact and with detected points."""

from __future__ import annotations

import torch

from trainer.paper.geometry import View, project_points
from trainer.paper.skeleton import MIRRORED_LIFTED
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


def test_confidence_is_an_input_that_exact_points_do_not_need() -> None:
    generator = torch.Generator().manual_seed(0)
    teacher = TeacherNetwork(TeacherConfig(width=16, see_confidence=True))
    assert teacher.doubt is not None
    points, size = torch.randn(2, 8, 18, 2, generator=generator), torch.full((2,), 0.2)
    confidence = torch.rand(2, 8, 18, generator=generator)
    exact, doubtful = View(points, size), View(points, size, confidence)
    assert torch.equal(lift(teacher, doubtful).joints, lift(teacher, exact).joints), "untrained it sees none"
    torch.nn.init.normal_(teacher.doubt.weight, generator=generator)
    assert torch.equal(lift(teacher, View(points, size, torch.ones(2, 8, 18))).joints, lift(teacher, exact).joints)
    assert (lift(teacher, doubtful).joints - lift(teacher, exact).joints).abs().mean() > 0.01
    sides = View(points, size, confidence.round())
    swapped = View(points, size, confidence.round()[:, :, list(MIRRORED_LIFTED)])
    flip = torch.tensor([-1.0, 1.0])
    of_swapped = View(points[:, :, list(MIRRORED_LIFTED)] * flip, size, swapped.confidence)
    expected = lift(teacher, of_swapped).joints[:, :, list(MIRRORED_LIFTED)] * torch.tensor([-1.0, 1.0, 1.0])
    torch.testing.assert_close(lift_mirrored(teacher, sides).joints, expected)
