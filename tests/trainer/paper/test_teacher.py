"""The teacher: what it does with exact and with detected points."""

from __future__ import annotations

import torch

from trainer.paper.geometry import View, project_points
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
