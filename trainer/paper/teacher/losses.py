"""Losses of the teacher: likelihood of its skeletons in new views, cycle consistency, rigid bones.

After ElePose (Wandt et al., CVPR 2022) for single frames; windows add bones of constant length, and motion that looks
likely in new views, too (the temporal discriminator of Chen et al., CVPR 2019, as a flow).
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from posenet3d_blender.capture.student.lifter.skeleton import SIDE_COUNT, bone_lengths

from ...config_checks import require_not_negative
from ...training.precision import mixed_precision
from ..geometry import (
    Lifted,
    View,
    draw_new_views,
    project,
    project_points,
    root_centred,
    rotate_to_view,
    torso_centred,
)
from ..pose_prior import Priors
from ..skeleton_augmentation import augment_skeletons
from ..windows import SequenceWindows
from .network import TeacherNetwork, lift


@dataclass(frozen=True)
class TeacherWeights:
    """Weight of each term before the joint stages; lengths in the unit of the normalised points, about half a metre."""

    pose_likelihood: float = 0.3
    """Adversarial: poses in a new view must look like real ones."""
    motion_likelihood: float = 0.3
    """Temporal and adversarial: poses with their motion, both rotated to the new view."""
    cycle_2d: float = 1.0
    """Self-consistency: 2D error after lifting, augmenting, rotating, projecting, lifting again and rotating back."""
    cycle_3d: float = 1.0
    """Self-consistency of the rotated skeleton and the one lifted from its projection."""
    cycle_elevation: float = 1.0
    """Self-consistency of the new camera's elevation."""
    deformation: float = 0.1
    """Self-consistency of the differences between samples."""
    denoising: float = 3.0
    """Distance of the skeleton lifted from detected points to the one lifted from exact ones."""
    symmetry: float = 10.0
    """Equal lengths of left and right bones."""
    template: float = 1.0
    """Bone ratios of the body model."""
    constancy: float = 10.0
    """Temporal: constant bone lengths over a window."""

    def __post_init__(self) -> None:
        require_not_negative(self)


@dataclass(frozen=True)
class JointTeacherWeights:
    """Weight of each term of the joint stage; lengths in metres."""

    joints: float = 10.0
    velocity: float = 20.0
    """Temporal: distance between the changes from sample to sample."""
    elevation: float = 1.0

    def __post_init__(self) -> None:
        require_not_negative(self)


def run_network(teacher: TeacherNetwork, view: View, mixed: bool, is_exact: bool = True) -> Lifted:
    """Lift windows with the teacher; mixed: run the network in bfloat16."""
    with mixed_precision(view.points.device, mixed):
        return lift(teacher, view, is_exact)


def teacher_terms(
    teacher: TeacherNetwork,
    priors: Priors,
    windows: SequenceWindows,
    ratios: Tensor,
    weights: TeacherWeights,
    mixed: bool,
) -> dict[str, Tensor]:
    """Weighted loss terms.

    Args:
        teacher: the network.
        priors: of real poses and motions.
        windows: of 2D points.
        ratios: (BONES,) of the body model, see `template_ratios`.
        weights: of the terms.
        mixed: run the network in bfloat16.
    """
    # Exact points stay as they are: free to move them, the teacher would lift one likely pose whatever it sees.
    view = windows.view
    prediction = run_network(teacher, view, mixed)  # (B, T, 18, 3)
    new_views = draw_new_views(prediction.elevation)
    new_projection = project(rotate_to_view(new_views, prediction.joints), view.size)  # (B, T, 18, 2)
    augmented = augment_skeletons(prediction.joints)  # (B, T, 18, 3) as all below
    rotated = rotate_to_view(new_views, augmented)
    second_view = project(rotated, view.size)
    second = run_network(teacher, second_view, mixed)
    # From the second view's unit of length to the first's.
    unit = (second_view.size / view.size)[:, None, None, None]
    second_joints = torso_centred(second.joints * unit)
    rotated_back = second_joints @ new_views.rotation[:, None]
    terms = {
        **priors.terms(new_projection.points, weights.pose_likelihood, weights.motion_likelihood),
        "cycle_2d": weights.cycle_2d * _cycle_distance(rotated_back, augmented, view.size),
        "cycle_3d": weights.cycle_3d * (root_centred(second_joints) - root_centred(rotated)).norm(dim=-1).mean(),
        "cycle_elevation": weights.cycle_elevation * (second.elevation - new_views.elevation).square().mean(),
        "deformation": weights.deformation * _deformation(root_centred(augmented), root_centred(rotated_back)),
        **_bone_terms(prediction.joints, ratios, weights),
    }
    if weights.denoising:
        detected = run_network(teacher, windows.detected, mixed, is_exact=False)
        terms["denoising"] = weights.denoising * _denoising_distance(detected.joints, prediction.joints, windows)
    return terms


def _denoising_distance(detected: Tensor, exact: Tensor, windows: SequenceWindows) -> Tensor:
    """Mean distance of skeletons (B, T, 18, 3), each in its own view's frame; only the detected one is taught."""
    unit = (windows.view.size / windows.detected.size)[:, None, None, None]
    target = unit * root_centred(exact.detach()) @ windows.turn.transpose(1, 2)[:, None]
    distance: Tensor = (root_centred(detected) - target).norm(dim=-1).mean()
    return distance


def _cycle_distance(cycled: Tensor, joints: Tensor, size: Tensor) -> Tensor:
    """Mean L1 distance, summed over the joints, of the projections of joints (B, T, 18, 3) before and after a cycle."""
    cycled_points, points = project_points(cycled, size), project_points(torso_centred(joints), size)
    return (torso_centred(cycled_points) - torso_centred(points)).abs().sum((-1, -2)).mean()


def _deformation(first: Tensor, second: Tensor) -> Tensor:
    """Mean L1 distance between the differences of the batch's two halves."""
    half = len(first) // 2
    differences = [poses[:half] - poses[half : 2 * half] for poses in (first, second)]
    return (differences[0] - differences[1]).abs().sum((-1, -2)).mean()


def _bone_terms(joints: Tensor, ratios: Tensor, weights: TeacherWeights) -> dict[str, Tensor]:
    lengths = bone_lengths(joints)  # (B, T, BONES)
    lengths = lengths / lengths.mean((1, 2), keepdim=True)
    mean = lengths.mean(1)  # (B, BONES)
    left, right = mean[:, :SIDE_COUNT], mean[:, SIDE_COUNT : 2 * SIDE_COUNT]
    return {
        "symmetry": weights.symmetry * (left - right).square().sum(-1).mean(),
        "template": weights.template * (mean - ratios).square().sum(-1).mean(),
        "constancy": weights.constancy * (lengths - mean[:, None]).square().sum(-1).mean(),
    }
