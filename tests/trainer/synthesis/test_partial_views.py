"""Windows in which a part of the body is out of sight, and the target for what is never seen."""

from __future__ import annotations

import torch

from posenet3d_blender.body.skeleton import JOINT_COUNT, JOINT_INDEX
from trainer.synthesis.partial_views import ARM_POINTS, HIDDEN_PARTS, LEG_POINTS, PartialViews, hide_parts
from trainer.windows.unseen_limbs import relax_unseen_limbs

POINTS = 27


def windows(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(count, 8, POINTS, 2, generator=generator), torch.ones(count, 8, POINTS)


def test_whole_limbs_go_missing() -> None:
    rays, confidence = windows(300)
    ranges = PartialViews(limbs=1.0, edge=0.0, stretch=0.0, guessed=0.0)
    hide_parts(rays, confidence, ranges, torch.Generator().manual_seed(2))
    missing = {tuple(torch.nonzero(window[0] == 0).flatten().tolist()) for window in confidence}
    assert missing == {tuple(sorted(part)) for part in HIDDEN_PARTS}
    assert (confidence == confidence[:, :1]).all(), "for the whole window"


def test_an_edge_cuts_everything_beyond_it() -> None:
    rays, confidence = windows(200)
    ranges = PartialViews(limbs=0.0, edge=1.0, stretch=0.0, guessed=0.0)
    hide_parts(rays, confidence, ranges, torch.Generator().manual_seed(2))
    lower = 0
    for ray, sure in zip(rays, confidence, strict=True):
        seen, hidden = ray[sure > 0], ray[sure == 0]
        assert len(seen) > 0.3 * len(ray) * POINTS
        lower += bool(seen[:, 1].max() < hidden[:, 1].min())
    assert lower > 90, "mostly the lower edge"


def test_guessed_points_are_unsure() -> None:
    rays, confidence = windows(100)
    before = rays.clone()
    ranges = PartialViews(limbs=1.0, edge=0.0, stretch=0.0, guessed=1.0)
    hide_parts(rays, confidence, ranges, torch.Generator().manual_seed(2))
    changed = (rays != before).any(-1)
    assert changed.any(-1).any(-1).all()
    assert (confidence[changed] <= 0.3).all()
    assert (confidence[~changed] == 1).all()


def test_points_that_are_not_given_are_not_guessed() -> None:
    rays, confidence = windows(200)
    confidence[:, :, -2:] = 0.0
    hide_parts(rays, confidence, PartialViews(limbs=0.5, edge=0.5, guessed=1.0), torch.Generator().manual_seed(2))
    assert (confidence[:, :, -2:] == 0).all()


def test_shares_are_kept() -> None:
    rays, confidence = windows(2000)
    hide_parts(rays, confidence, PartialViews(limbs=0.2, edge=0.1), torch.Generator().manual_seed(3))
    touched = float((confidence < 1).any(-1).any(-1).float().mean())
    assert 0.2 < touched < 0.32


def test_unseen_legs_stand_and_unseen_arms_hang() -> None:
    pelvis = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(4)))[0]
    up = torch.tensor([[0.0, -1.0, 0.0]])
    # Leans by 30 degrees, in a camera frame whose y points down.
    lean = torch.tensor(0.5)
    pelvis = torch.tensor([[-1.0, 0, 0], [0, -lean.cos(), lean.sin()], [0, lean.sin(), lean.cos()]])
    assert torch.linalg.det(pelvis) > 0
    rotations = torch.eye(3).repeat(2, 8, JOINT_COUNT, 1, 1)
    rotations[:, :, 0] = pelvis
    rotations[:, :, JOINT_INDEX["left_hip"]] = torch.diag(torch.tensor([1.0, -1, -1]))
    before = rotations.clone()
    confidence = torch.ones(2, 8, POINTS)
    confidence[0][:, LEG_POINTS["left"]] = 0
    confidence[0][:, ARM_POINTS["right"]] = 0
    relax_unseen_limbs(rotations, confidence, up.repeat(2, 1))
    assert (rotations[1] == before[1]).all(), "what is seen stays"
    thigh = (rotations[0, :, 0] @ rotations[0, :, JOINT_INDEX["left_hip"]])[..., 1]
    torch.testing.assert_close(thigh, up.expand(8, 3), atol=1e-5, rtol=0)
    arm = rotations[0, 0, JOINT_INDEX["right_shoulder"]] @ torch.tensor([-1.0, 0, 0])
    assert arm[1] < -0.9
    assert (rotations[0, :, JOINT_INDEX["right_hip"]] == before[0, :, JOINT_INDEX["right_hip"]]).all()
