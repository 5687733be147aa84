"""Residuals in 3D: where a lifter, which sees nothing but 2D points, puts a prediction's joints.

The student's errors are mostly in depth, which the residuals of its reprojection do not show. The lifter was trained
for depth alone, and errs elsewhere.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

from ....body.model import load_body
from ..features import LARGEST_POINT
from ..torch_body import cross, select_joints
from .network import Lifter, unproject
from .skeleton import (
    BONE_OF_JOINT,
    LIFTED_JOINTS,
    POINT_OF_LIFTED,
    SIDE_COUNT,
    bone_lengths,
    pelvis_share,
    smpl_from_lifted,
)

NEAREST: Final = 0.3
"""Metres from the camera to the nearest point."""
LARGEST_RESIDUAL: Final = 0.5
"""Metres; larger ones are faults of the detector."""
_SHORTEST_BONE: Final = 0.02
"""Metres."""
_LARGEST_STRETCH: Final = 0.5


class Placed(NamedTuple):
    """A prediction placed before the virtual camera, where its points come nearest to their rays."""

    depth: Tensor
    """(B, T, 1, 1) metres from the camera to the pelvis."""
    place: Tensor
    """(B, T, 1, 2) metres from the camera's axis to the pelvis."""
    residuals: Tensor
    """(B, T, 27, 2) metres across the view from the predicted points to the rays; 0 for points that are not given."""


class LiftedTurn(NamedTuple):
    """Turn and residuals that lead from a prediction's joints to the lifted ones, virtual camera's frame."""

    turn: Tensor
    """(B, T, 1, 3) radians, of the whole body."""
    residuals: Tensor
    """(B, T, 24, 3) metres that remain after it."""
    stretch: Tensor
    """(B, 24) by how much each joint's bone is longer in the lifted window, as a share of its predicted length."""


class LiftedResiduals(nn.Module):
    """Residuals of a prediction's joints against those that the lifter finds."""

    to_joints: Tensor
    """(24, 18) weights of the lifted joints in each SMPL joint."""

    def __init__(self, lifter: Lifter) -> None:
        """Measure the shipped body.

        Args:
            lifter: the lifter.
        """
        super().__init__()
        self.lifter = lifter
        to_joints = torch.from_numpy(smpl_from_lifted(pelvis_share(load_body())))
        self.register_buffer("to_joints", to_joints.half().float(), persistent=False)

    def forward(self, joints: Tensor, placed: Placed, log_size: Tensor) -> LiftedTurn:
        """Compare a prediction with what the lifter finds.

        Args:
            joints: (B, T, 24, 3) of the predicted skeleton.
            placed: the prediction before the camera.
            log_size: (B, T, 1) log of the windows' angular size.
        """
        predicted = select_joints(joints, LIFTED_JOINTS, -2)  # (B, T, 18, 3)
        size = log_size[..., None].exp()  # (B, T, 1, 1)
        points = observed_points(predicted, placed) / size
        # What is lifted is where the prediction is led to: training does not move it.
        points = points.clamp(-LARGEST_POINT, LARGEST_POINT).detach()
        depth = self.lifter.depths(self.lifter.features(points, log_size))  # (B, T, 18)
        lifted = unproject(points, size, depth)
        unit = _mean_bone(predicted) / _mean_bone(lifted).clamp(min=1e-3)  # (B, 1, 1, 1) metres
        from_middle = _from_middle(predicted)
        residuals = (_from_middle(unit * lifted) - from_middle).clamp(-LARGEST_RESIDUAL, LARGEST_RESIDUAL)
        turn = _common_turn(from_middle, residuals)  # (B, T, 1, 3)
        stretch = _bones_of_joints(unit * lifted) / _bones_of_joints(predicted).clamp(min=_SHORTEST_BONE)  # (B, 24)
        return LiftedTurn(
            turn,
            self.to_joints @ (residuals - cross(turn, from_middle)),
            (stretch - 1).clamp(-_LARGEST_STRETCH, _LARGEST_STRETCH),
        )


def observed_points(predicted: Tensor, placed: Placed) -> Tensor:
    """Rays (B, T, 18, 2) of the lifted joints: the predicted ones, moved as their points' residuals ask.

    A detector's keypoint lies beside its joint, as on the predicted body; a joint that is not seen is as predicted.
    """
    across = predicted[..., :2] + placed.place + select_joints(placed.residuals, POINT_OF_LIFTED, -2)
    return across / (predicted[..., 2:] + placed.depth).clamp(min=NEAREST)


def _mean_bone(joints: Tensor) -> Tensor:
    """(B, 1, 1, 1) mean length of the bones of joints (B, T, 18, 3) over the window."""
    return bone_lengths(joints).mean((1, 2))[:, None, None, None]


def _bones_of_joints(joints: Tensor) -> Tensor:
    """(B, 24) mean length, of both sides together, of the bone that measures each SMPL joint's bone."""
    lengths = bone_lengths(joints).mean(1)  # (B, BONES)
    sides = (lengths[:, :SIDE_COUNT] + lengths[:, SIDE_COUNT : 2 * SIDE_COUNT]) / 2
    return select_joints(torch.cat([sides, lengths[:, 2 * SIDE_COUNT :]], -1), BONE_OF_JOINT, -1)


def _from_middle(joints: Tensor) -> Tensor:
    return joints - joints.mean(-2, keepdim=True)


def _common_turn(joints: Tensor, residuals: Tensor) -> Tensor:
    """The small turn (..., 1, 3) that moves joints (..., J, 3) nearest to where their residuals lead.

    By least squares: sum(|p|^2 I - p p^T) turn = sum(p x r), solved by the adjugate.
    """
    square = (joints * joints).sum((-1, -2))[..., None, None]  # (..., 1, 1)
    inertia = (square + 1e-3) * torch.eye(3).to(joints) - joints.transpose(-1, -2) @ joints  # (..., 3, 3)
    wanted = cross(joints, residuals).sum(-2)[..., None]  # (..., 3, 1)
    first, second, third = inertia.unbind(-2)
    adjugate = torch.stack([cross(second, third), cross(third, first), cross(first, second)], -1)
    determinant = (first * cross(second, third)).sum(-1)[..., None, None]
    return ((adjugate @ wanted) / determinant).transpose(-1, -2)
