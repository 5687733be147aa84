"""What the student of the 2D-only recipe learns by: the teacher's skeletons, its own projections, anatomy."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cosine_similarity

from posenet3d_blender.capture.student.network import StudentOutput

from ...geometry.kinematics import six_d_to_matrix
from ..geometry import project, project_points, root_centred, up_vector
from ..pose_prior import Priors
from ..sequence_sampler import PaperWindows
from ..skeleton import HIPS, LIFTED_JOINTS, bone_lengths
from ..teacher.losses import Lifted, draw_new_views, rotate_to_view
from .joint_limits import limit_violation, rotation_from_rest
from .smpl_skeleton import SmplSkeleton


@dataclass(frozen=True)
class StudentWeights:
    """Weight of each term; lengths in metres on the body, but for the projections."""

    distillation: float = 10.0
    """Distance to the teacher's joints."""
    velocity: float = 20.0
    """Temporal: the same of the change from sample to sample."""
    projection: float = 1.0
    """Distance in the picture to the 2D joints, as in the teacher's cycle."""
    pose_likelihood: float = 0.02
    """Adversarial: the student's own projections to new views must look like real poses."""
    motion_likelihood: float = 0.01
    """Temporal and adversarial."""
    limits: float = 1.0
    rest: float = 0.003
    smooth: float = 0.5
    """Temporal: rotations that no point shows do not jump."""
    shape: float = 0.01
    bones: float = 20.0
    """Squared offsets of the person's bones from the body's, square metres."""
    up: float = 1.0
    contacts: float = 0.1


def student_terms(
    output: StudentOutput,
    skeleton: SmplSkeleton,
    priors: Priors,
    windows: PaperWindows,
    prediction: Lifted,
    real_count: int,
    weights: StudentWeights,
) -> dict[str, Tensor]:
    """Each term, weighted; of single frames those that need no time.

    Args:
        output: the student's, in float32.
        skeleton: the body.
        priors: of real poses.
        windows: what the student saw.
        prediction: the teacher's for `windows.view`.
        real_count: how many windows, from the first, show real poses; the others need not look likely.
        weights: of the terms.
    """
    rotations = six_d_to_matrix(output.rotations)
    joints = skeleton(rotations, output.betas, output.bone_offsets)[:, :, list(LIFTED_JOINTS)]
    own, taught = root_centred(joints), root_centred(prediction.joints)
    # One camera can't tell size from distance: the teacher's skeletons are given the size of the body at rest. Scaling
    # to the student's own would be met by a small student.
    scale = (bone_lengths(taught).mean((1, 2)) / skeleton.mean_bone).detach()[:, None, None, None]
    taught = taught / scale
    placed = prediction.joints[:, :, list(HIPS)].mean(2, keepdim=True) + scale * own
    up = up_vector(prediction.elevation)
    terms = {
        "distillation": weights.distillation * _distance(own, taught),
        "projection": weights.projection
        * (project_points(placed, windows.view.size) - windows.view.points).abs().sum((-1, -2)).mean(),
        "limits": weights.limits * limit_violation(rotations),
        "rest": weights.rest * rotation_from_rest(rotations),
        "shape": weights.shape * output.betas.square().mean(),
        "bones": weights.bones * output.bone_offsets.square().sum((-1, -2)).mean(),
        "up": weights.up * (1 - cosine_similarity(output.up, up[:, None], dim=-1)).mean(),
        # Nobody saw whether feet rest on exchanged legs.
        "contacts": weights.contacts
        * binary_cross_entropy_with_logits(output.contacts[:real_count], windows.contacts[:real_count]),
    }
    if own.shape[1] == 1:
        return terms
    likelihoods = _own_likelihoods(
        placed[:real_count], windows.view.size[:real_count], prediction.elevation[:real_count], priors, weights
    )
    return terms | {
        "velocity": weights.velocity * _distance(own.diff(dim=1), taught.diff(dim=1)),
        "smooth": weights.smooth * rotations.diff(dim=1).square().sum((-1, -2, -3)).mean(),
        **likelihoods,
    }


def _own_likelihoods(
    placed: Tensor, size: Tensor, elevation: Tensor, priors: Priors, weights: StudentWeights
) -> dict[str, Tensor]:
    """How likely the student's joints (B, T, 18, 3), where the teacher sees the person, look from elsewhere."""
    seen = project(rotate_to_view(draw_new_views(elevation), placed), size)
    likelihoods = priors.terms(seen.points, weights.pose_likelihood, weights.motion_likelihood)
    return {f"own_{name}": term for name, term in likelihoods.items()}


def _distance(first: Tensor, second: Tensor) -> Tensor:
    """Mean distance along the last axis, smooth at zero."""
    return ((first - second).square().sum(-1) + 1e-8).sqrt().mean()
