"""Losses of the 2D-only recipe's student: distillation, its own projections, anatomy."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cosine_similarity

from posenet3d_blender.capture.student.lifter.skeleton import HIPS, LIFTED_JOINTS, bone_lengths
from posenet3d_blender.capture.student.network import StudentOutput
from posenet3d_blender.capture.student.torch_body import six_d_to_matrix

from ...config_checks import require_not_negative
from ...geometry.distances import smooth_distances
from ...windows.losses import SupervisedWeights
from ..geometry import View, draw_new_views, project, project_points, root_centred, rotate_to_view
from ..pose_prior import Priors
from ..windows import DistillationWindows
from .joint_limits import limit_violation, rotation_from_rest
from .smpl_skeleton import SmplSkeleton


@dataclass(frozen=True)
class StudentWeights:
    """Weight of each term before the joint stages; lengths in metres on the body, except for the projections."""

    distillation: float = 10.0
    """Distance to the teacher's joints."""
    keypoints: float = 5.0
    """Distance to the detector's keypoints, in the windows that show them: they turn head, hands and feet."""
    velocity: float = 20.0
    """Temporal: distance between the changes from sample to sample."""
    projection: float = 1.0
    """L1 distance in the image to the 2D joints, as in the teacher's cycle."""
    pose_likelihood: float = 0.02
    """Adversarial: the student's projections to new views must look like real poses."""
    motion_likelihood: float = 0.01
    """Temporal and adversarial."""
    limits: float = 1.0
    rest: float = 0.003
    smooth: float = 0.5
    """Temporal: change of rotations from sample to sample."""
    shape: float = 0.01
    bones: float = 20.0
    """Squared offsets of the person's bones from the body's, square metres."""
    up: float = 1.0
    contacts: float = 1.0

    def __post_init__(self) -> None:
        require_not_negative(self)


@dataclass(frozen=True)
class JointStudentWeights(SupervisedWeights):
    """Weight of each term of the stages `joint_student`, `lifted_feedback` and `end_to_end`."""

    contacts: float = 0.5
    """More than in `supervised`: contacts were learnt from feet in the image before."""


def student_terms(
    output: StudentOutput,
    skeleton: SmplSkeleton,
    priors: Priors,
    batch: DistillationWindows,
    weights: StudentWeights,
) -> dict[str, Tensor]:
    """Weighted loss terms; of single frames those that need no time.

    Augmented windows are exempt from the terms of likelihood and contacts.

    Args:
        output: the student's for the batch's features, in float32.
        skeleton: the body.
        priors: of real poses.
        batch: windows with the teacher's skeletons.
        weights: of the terms.
    """
    lifted, real = batch.skeletons, batch.real_count
    rotations = six_d_to_matrix(output.rotations)  # (B, T, 24, 3, 3)
    smpl_joints, keypoints = skeleton(rotations, output.betas, output.bone_offsets)
    joints = smpl_joints[:, :, list(LIFTED_JOINTS)]  # (B, T, 18, 3)
    own, target = root_centred(joints), root_centred(lifted.joints)
    # One camera does not show size: the teacher's skeletons are scaled to the body at rest. Scaling to the student's
    # own size would reward a small student.
    scale = (bone_lengths(target).mean((1, 2)) / skeleton.mean_bone)[:, None, None, None]
    target = target / scale
    placed = _root(lifted.joints) + scale * own
    terms = {
        "distillation": weights.distillation * smooth_distances(own, target).mean(),
        "keypoints": weights.keypoints * _keypoint_distance(keypoints - _root(joints), batch, scale),
        "projection": weights.projection * _projection_distance(placed, batch.view),
        "limits": weights.limits * limit_violation(rotations),
        "rest": weights.rest * rotation_from_rest(rotations),
        "shape": weights.shape * output.betas.square().mean(),
        "bones": weights.bones * output.bone_offsets.square().sum((-1, -2)).mean(),
        "up": weights.up * (1 - cosine_similarity(output.up, batch.up[:, None], dim=-1)).mean(),
        # Contacts of augmented legs are unknown.
        "contacts": weights.contacts * binary_cross_entropy_with_logits(output.contacts[:real], batch.contacts[:real]),
    }
    if own.shape[1] == 1:
        return terms
    likelihoods = _own_likelihoods(placed[:real], batch.view.size[:real], lifted.elevation[:real], priors, weights)
    return terms | {
        "velocity": weights.velocity * smooth_distances(own.diff(dim=1), target.diff(dim=1)).mean(),
        "smooth": weights.smooth * rotations.diff(dim=1).square().sum((-1, -2, -3)).mean(),
        **likelihoods,
    }


def _projection_distance(joints: Tensor, view: View) -> Tensor:
    """Mean L1 distance, summed over the joints, of projected joints (B, T, 18, 3) to the view's points."""
    return (project_points(joints, view.size) - view.points).abs().sum((-1, -2)).mean()


def _own_likelihoods(
    placed: Tensor, size: Tensor, elevation: Tensor, priors: Priors, weights: StudentWeights
) -> dict[str, Tensor]:
    """Likelihood terms of the student's joints (B, T, 18, 3), placed as the teacher's, in new views."""
    new_projection = project(rotate_to_view(draw_new_views(elevation), placed), size)
    likelihoods = priors.terms(new_projection.points, weights.pose_likelihood, weights.motion_likelihood)
    return {f"own_{name}": term for name, term in likelihoods.items()}


def _keypoint_distance(own: Tensor, batch: DistillationWindows, scale: Tensor) -> Tensor:
    """Mean distance of keypoints (B, T, 25, 3) from the middle of the hips to the batch's, where it shows them."""
    target = (batch.keypoints - _root(batch.skeletons.joints)) / scale
    distances = smooth_distances(own, target)  # (B, T, 25)
    return _weighted_mean(distances, batch.of_keypoints[:, None, None].expand_as(distances))


def _root(joints: Tensor) -> Tensor:
    """(B, T, 1, 3) the middle of the hips of joints (B, T, 18, 3)."""
    return joints[:, :, list(HIPS)].mean(2, keepdim=True)


def _weighted_mean(values: Tensor, weights: Tensor) -> Tensor:
    return (weights * values).sum() / weights.sum().clamp(min=1e-6)
