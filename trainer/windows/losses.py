"""Losses of windows with ground truth: the student's rotations against the true ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cosine_similarity

from posenet3d_blender.body.skeleton import JOINT_NAMES, values_by_name
from posenet3d_blender.capture.student.network import StudentOutput
from posenet3d_blender.capture.student.torch_body import forward_kinematics, six_d_to_matrix

from ..config_checks import require_not_negative
from ..geometry.distances import smooth_distances
from .windows import Windows

_WEIGHT_OF_JOINT: Final = torch.tensor(
    values_by_name(JOINT_NAMES, {"pelvis": 0.5, "spine": 0.5, "collar": 0.5}, 1.3), dtype=torch.float32
)
"""Joints that no 2D point shows well count less."""


@dataclass(frozen=True)
class SupervisedWeights:
    """Weight of each term. Joint terms are in metres, rotation terms in squared differences of matrix entries."""

    joints: float = 10.0
    """The student's rotations on the true skeleton."""
    person_joints: float = 10.0
    """The student's rotations on the skeleton it predicts for the person; size counts."""
    own_joints: float = 2.0
    """The student's rotations on the shipped body in the predicted shape, at the true size."""
    bones: float = 5.0
    velocity: float = 20.0
    rotations: float = 0.3
    root: float = 1.0
    shape: float = 0.05
    up: float = 1.0
    contacts: float = 0.1

    def __post_init__(self) -> None:
        require_not_negative(self)


def supervised_losses(
    output: StudentOutput, truth: Windows, body_bones: Callable[[Tensor], Tensor], weights: SupervisedWeights
) -> dict[str, Tensor]:
    """Weighted loss terms; their sum is the loss.

    Args:
        output: the student's, in float32.
        truth: the windows' ground truth.
        body_bones: rest bones (B, 24, 3) for shape coefficients (B, 10).
        weights: of the terms.
    """
    rotations = six_d_to_matrix(output.rotations)  # (B, T, 24, 3, 3)
    own_bones = body_bones(output.betas)  # (B, 24, 3)
    # Offsets correct the shape, but the shape does not rely on them.
    person_bones = own_bones.detach() + output.bone_offsets
    # One camera does not show size: the student's own body is compared at the true size.
    size = truth.bones.norm(dim=-1).sum(-1) / own_bones.norm(dim=-1).sum(-1)
    with torch.no_grad():
        true_joints, _ = forward_kinematics(truth.rotations, truth.bones[:, None])
    skeletons = torch.stack([truth.bones, person_bones, own_bones * size[:, None, None]], 1)  # (B, 3, 24, 3)
    # World rotations are the same for all of them, and are computed once.
    posed, _ = forward_kinematics(rotations[:, :, None], skeletons[:, None])  # (B, T, 3, 24, 3)
    joints, person_joints, own_joints = posed.unbind(2)  # (B, T, 24, 3) each
    square = (rotations - truth.rotations).square().sum((-1, -2))  # (B, T, 24)
    shape = (output.betas - truth.betas).square().mean(-1) * truth.has_betas
    terms = {
        "joints": weights.joints * _joint_error(joints, true_joints),
        "person_joints": weights.person_joints * _joint_error(person_joints, true_joints),
        "own_joints": weights.own_joints * _joint_error(own_joints, true_joints),
        "bones": weights.bones * smooth_distances(person_bones, truth.bones)[:, 1:].mean(),
        "rotations": weights.rotations * square[:, :, 1:].mean(),
        "root": weights.root * square[:, :, 0].mean(),
        "shape": weights.shape * shape.mean(),
        "up": weights.up * (1 - cosine_similarity(output.up, truth.up[:, None], dim=-1)).mean(),
        "contacts": weights.contacts * binary_cross_entropy_with_logits(output.contacts, truth.contacts),
    }
    if joints.shape[1] > 1:
        terms["velocity"] = weights.velocity * _joint_error(joints.diff(dim=1), true_joints.diff(dim=1))
    return terms


def _joint_error(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean distance of joints (B, T, 24, 3), weighted by joint."""
    return (smooth_distances(prediction, target) * _WEIGHT_OF_JOINT.to(prediction)).mean()
