"""Windows that are turned over: how many, and how."""

from __future__ import annotations

import torch

from posenet3d_blender.body.skeleton import JOINT_COUNT, JOINT_INDEX
from trainer.windows.tumbling import Tumbles, tumble


def upright(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.eye(3).repeat(count, 32, JOINT_COUNT, 1, 1), torch.zeros(count, 32, 3)


def test_shares_of_lying_and_upside_down_people() -> None:
    rotations, root = upright(2000)
    turned = tumble(rotations, root, Tumbles(lying=0.1, upside_down=0.1, turning=0.0), torch.Generator().manual_seed(1))
    height = rotations[:, 16, 0, 1, 1]
    assert 0.16 < float(turned.float().mean()) < 0.24
    assert (height[~turned] == 1).all()
    assert 0.08 < float((height < -0.3).float().mean()) < 0.12
    assert (height[turned] < 0.6).all()
    identity = rotations[:, :, 0] @ rotations[:, :, 0].mT
    torch.testing.assert_close(identity, torch.eye(3).expand_as(identity), atol=1e-5, rtol=0)


def test_handstands_stretch_the_arms_past_the_head() -> None:
    rotations, root = upright(200)
    ranges = Tumbles(lying=0.0, upside_down=1.0, handstand=1.0)
    tumble(rotations, root, ranges, torch.Generator().manual_seed(1))
    for side, sign in (("left", 1.0), ("right", -1.0)):
        arm = rotations[:, 0, JOINT_INDEX[f"{side}_collar"]] @ rotations[:, 0, JOINT_INDEX[f"{side}_shoulder"]]
        along = (arm @ torch.tensor([sign, 0, 0]))[:, 1]
        assert float(along.median()) > 0.9
