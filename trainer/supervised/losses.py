"""Losses of the supervised recipe: the student's rotations against the truth's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cosine_similarity

from posenet3d_blender.body.skeleton import JOINT_COUNT, JOINT_NAMES, PARENTS
from posenet3d_blender.capture.student.network import StudentOutput

from ..geometry.kinematics import six_d_to_matrix
from .sampler import Windows

# Joints by which motion is judged count most; what no 2D point shows well (the spine, the collars) the least.
_FULL, _LITTLE = 1.3, 0.5
_WEIGHT_OF_JOINT = torch.tensor(
    [_LITTLE if any(part in name for part in ("pelvis", "spine", "collar")) else _FULL for name in JOINT_NAMES]
)


@dataclass(frozen=True)
class SupervisedWeights:
    """Weight of each term. Joint terms are in metres, rotation terms in squared differences of matrix entries."""

    joints: float = 10.0
    """The student's rotations on the true skeleton."""
    person_joints: float = 10.0
    """The student's rotations on the skeleton that it gives the person; size counts."""
    own_joints: float = 2.0
    """The student's rotations on the shipped body in the student's shape, at the truth's size."""
    bones: float = 5.0
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
    own_bones = body_bones(output.betas)
    # The shape is judged as it is: the offsets are what the shape leaves, not what it may leave to them.
    person_bones = own_bones.detach() + output.bone_offsets
    # One camera can't tell size from distance: the student's own body is compared at the truth's size.
    size = truth.bones.norm(dim=-1).sum(-1) / own_bones.norm(dim=-1).sum(-1)
    with torch.no_grad():
        true_joints = _posed_skeletons(truth.rotations, truth.bones[..., None])[..., 0]
    skeletons = torch.stack([truth.bones, person_bones, own_bones * size[:, None, None]], -1)
    joints, person_joints, own_joints = _posed_skeletons(rotations, skeletons).unbind(-1)
    square = (rotations - truth.rotations).square().sum((-1, -2))
    shape = (output.betas - truth.betas).square().mean(-1) * truth.has_betas
    terms = {
        "joints": weights.joints * _joint_error(joints, true_joints),
        "person_joints": weights.person_joints * _joint_error(person_joints, true_joints),
        "own_joints": weights.own_joints * _joint_error(own_joints, true_joints),
        "bones": weights.bones * _distance(person_bones, truth.bones)[:, 1:].mean(),
        "rotations": weights.rotations * square[:, :, 1:].mean(),
        "root": weights.root * square[:, :, 0].mean(),
        "shape": weights.shape * shape.mean(),
        "up": weights.up * (1 - cosine_similarity(output.up, truth.up[:, None], dim=-1)).mean(),
        "contacts": weights.contacts * binary_cross_entropy_with_logits(output.contacts, truth.contacts),
    }
    if joints.shape[1] > 1:
        terms["velocity"] = weights.velocity * _joint_error(joints.diff(dim=1), true_joints.diff(dim=1))
    return terms


def _posed_skeletons(rotations: Tensor, bones: Tensor) -> Tensor:
    """Joints (B, T, 24, 3, K), pelvis at 0, of K skeletons in one pose.

    rotations: (B, T, 24, 3, 3) relative to the parent; bones: (B, 24, 3, K) offset of each joint from its parent at
    rest. As `kinematics.forward_kinematics`, which costs as much for each skeleton as this for all of them.
    """
    turns = rotations.unbind(2)
    rests = bones[:, None].expand(-1, rotations.shape[1], -1, -1, -1).unbind(2)
    world, joints = [turns[0]], [torch.zeros_like(rests[0])]
    for joint in range(1, JOINT_COUNT):
        parent = PARENTS[joint]
        turned = world[parent] @ torch.cat([turns[joint], rests[joint]], -1)
        world.append(turned[..., :3])
        joints.append(joints[parent] + turned[..., 3:])
    return torch.stack(joints, 2)


def _joint_error(found: Tensor, true: Tensor) -> Tensor:
    """Mean distance of joints (B, T, 24, 3), weighted by joint."""
    return (_distance(found, true) * _WEIGHT_OF_JOINT.to(found)).mean()


def _distance(first: Tensor, second: Tensor) -> Tensor:
    """Distance along the last axis, smooth at zero."""
    return ((first - second).square().sum(-1) + 1e-8).sqrt()
