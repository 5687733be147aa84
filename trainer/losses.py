"""Losses of the supervised recipe: the student's rotations against the truth's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cosine_similarity

from posenet3d_blender.capture.student_network import StudentOutput

from .data.sampler import Windows
from .kinematics import forward_kinematics, six_d_to_matrix


@dataclass(frozen=True)
class SupervisedWeights:
    """Weight of each term. Joint terms are in metres, rotation terms in squared differences of matrix entries."""

    joints: float = 10.0
    own_joints: float = 5.0
    velocity: float = 20.0
    rotations: float = 0.3
    root: float = 1.0
    shape: float = 0.05
    up: float = 1.0
    contacts: float = 0.1


def supervised_losses(
    output: StudentOutput, truth: Windows, body_bones: Callable[[Tensor], Tensor], weights: SupervisedWeights
) -> dict[str, Tensor]:
    """Each term, weighted; their sum is the loss.

    output: the student's, in float32; body_bones: rest bones (B, 24, 3) for shape coefficients (B, 10).
    """
    rotations = six_d_to_matrix(output.rotations)
    with torch.no_grad():
        true_joints, _ = forward_kinematics(truth.rotations, truth.bones[:, None])
    joints, _ = forward_kinematics(rotations, truth.bones[:, None])
    own_bones = body_bones(output.betas)
    own_joints, _ = forward_kinematics(rotations, own_bones[:, None])
    # One camera can't tell size from distance: the student's own body is compared at the truth's size.
    size = truth.bones.norm(dim=-1).sum(-1) / own_bones.norm(dim=-1).sum(-1)
    own_joints = own_joints * size[:, None, None, None]
    square = (rotations - truth.rotations).square().sum((-1, -2))
    shape = (output.betas - truth.betas).square().mean(-1) * truth.has_betas
    return {
        "joints": weights.joints * _distance(joints, true_joints).mean(),
        "own_joints": weights.own_joints * _distance(own_joints, true_joints).mean(),
        "velocity": weights.velocity * _distance(joints.diff(dim=1), true_joints.diff(dim=1)).mean(),
        "rotations": weights.rotations * square[:, :, 1:].mean(),
        "root": weights.root * square[:, :, 0].mean(),
        "shape": weights.shape * shape.mean(),
        "up": weights.up * (1 - cosine_similarity(output.up, truth.up[:, None], dim=-1)).mean(),
        "contacts": weights.contacts * binary_cross_entropy_with_logits(output.contacts, truth.contacts),
    }


def _distance(first: Tensor, second: Tensor) -> Tensor:
    """Distance along the last axis, smooth at zero."""
    return ((first - second).square().sum(-1) + 1e-8).sqrt()
