"""Augmented skeletons."""

from __future__ import annotations

import pytest
import torch

from posenet3d_blender.capture.student.features import STUDENT_WINDOW
from posenet3d_blender.capture.student.lifter.skeleton import (
    BONES,
    HIPS,
    LIFTED_COUNT,
    LIFTED_NAMES,
    SIDE_COUNT,
    bone_lengths,
)
from trainer.geometry.rotations import axis_angle_to_matrix
from trainer.paper.skeleton_augmentation import augment_skeletons, trunk_rotation


@pytest.fixture
def joints() -> torch.Tensor:
    """(40, 32, 18, 3) random symmetric-free bodies, each moving and turning."""
    generator = torch.Generator().manual_seed(3)
    still = torch.randn(40, 1, LIFTED_COUNT, 3, generator=generator)
    return still + 0.1 * torch.randn(40, STUDENT_WINDOW, LIFTED_COUNT, 3, generator=generator)


def test_bones_change_by_the_same_factor_all_the_time_and_on_both_sides(joints: torch.Tensor) -> None:
    torch.manual_seed(0)
    ratio = bone_lengths(augment_skeletons(joints)) / bone_lengths(joints)
    within = [i for i, pair in enumerate(BONES) if all(LIFTED_NAMES[j].split("_")[-1] in _LIMB_PARTS for j in pair)]
    assert (ratio[:, :, within].std(1) < 1e-4).all(), "bones keep their length over a window"
    left = [index for index in within if index < SIDE_COUNT]
    torch.testing.assert_close(
        ratio[:, :, left], ratio[:, :, [index + SIDE_COUNT for index in left]], atol=1e-4, rtol=0
    )
    assert 0.03 < ratio[:, 0, within].log().std() < 0.15


_LIMB_PARTS = ("knee", "ankle", "foot", "elbow", "wrist", "hand")


def test_the_path_of_the_hips_is_kept_and_some_limbs_are_exchanged(joints: torch.Tensor) -> None:
    torch.manual_seed(0)
    mixed = augment_skeletons(joints)
    middles = [track[:, :, list(HIPS)].mean(2) for track in (mixed, joints)]
    torch.testing.assert_close(middles[0], middles[1], atol=0.2, rtol=0)
    knee, ankle = LIFTED_NAMES.index("left_knee"), LIFTED_NAMES.index("left_ankle")
    directions = [torch.nn.functional.normalize(t[:, :, ankle] - t[:, :, knee], dim=-1) for t in (mixed, joints)]
    changed = ((directions[0] - directions[1]).norm(dim=-1) > 1e-3).any(1)
    assert 0.15 < changed.float().mean() < 0.6


def test_augmentation_commutes_with_rotation(joints: torch.Tensor) -> None:
    rotation = axis_angle_to_matrix(torch.tensor([0.3, 1.0, -0.5]))
    torch.manual_seed(0)
    expected = augment_skeletons(joints) @ rotation.T
    torch.manual_seed(0)
    torch.testing.assert_close(augment_skeletons(joints @ rotation.T), expected, atol=1e-4, rtol=1e-4)
    frame = trunk_rotation(joints, HIPS)
    torch.testing.assert_close(torch.linalg.det(frame), torch.ones(frame.shape[:2]), atol=1e-4, rtol=0)
