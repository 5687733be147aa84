"""What the teacher learns by: how likely its skeletons look from elsewhere, the cycle there and back, rigid bones.

After ElePose (Wandt et al., CVPR 2022) for single frames; windows add that bones keep their lengths and that the
motion, too, must look likely from everywhere (the temporal discriminator of Chen et al., CVPR 2019, as a flow).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ...training.loop import mixed_precision
from ..geometry import View, project, project_points, relative_rotation, root_centred, torso_centred, unproject
from ..pose_prior import Priors
from ..skeleton import SIDE_COUNT, bone_lengths
from ..skeleton_augmentation import augment_skeletons
from .network import TeacherNetwork


@dataclass(frozen=True)
class TeacherWeights:
    """Weight of each term; lengths in the unit of the normalised points, about half a metre."""

    pose_likelihood: float = 0.3
    """Adversarial: a pose seen from a new azimuth must look like real ones."""
    motion_likelihood: float = 0.3
    """Temporal and adversarial: a pose with its motion, both turned by the same rotation."""
    cycle_2d: float = 1.0
    """Self-consistency: lifted, remixed, turned, projected, lifted, turned back and projected it must be as before."""
    cycle_3d: float = 1.0
    """Self-consistency of the turned and the lifted-again skeleton."""
    cycle_elevation: float = 1.0
    """Self-consistency of the new camera's elevation."""
    deformation: float = 0.1
    """Self-consistency of the difference of two samples."""
    symmetry: float = 10.0
    """Left and right bones have one length."""
    template: float = 1.0
    """Bone ratios of the body model."""
    constancy: float = 10.0
    """Temporal: bones keep their length over a window."""


@dataclass(frozen=True)
class Lifted:
    """The teacher's answer for a batch of windows."""

    joints: Tensor
    """(B, T, 18, 3) in the frame and unit of `geometry`."""
    elevation: Tensor
    """(B,) radians."""


def run_network(teacher: TeacherNetwork, view: View, mixed: bool) -> Lifted:
    """Run the teacher, in mixed precision or not."""
    with mixed_precision(view.points.device, mixed):
        depth, elevation = teacher(view)
    return Lifted(unproject(view, depth.float()), elevation.float())


def teacher_terms(
    teacher: TeacherNetwork, priors: Priors, view: View, ratios: Tensor, weights: TeacherWeights, mixed: bool
) -> tuple[dict[str, Tensor], Lifted]:
    """Each term, weighted, and what the teacher says of `view`.

    ratios: (BONES,) of the body model, see `template_ratios`; mixed: run the network in mixed precision.
    """
    prediction = run_network(teacher, view, mixed)
    there = draw_new_views(prediction.elevation)
    likely = project(rotate_to_view(there, prediction.joints), view.size)
    remixed = augment_skeletons(prediction.joints)
    turned = rotate_to_view(there, remixed)
    seen = project(turned, view.size)
    again = run_network(teacher, seen, mixed)
    unit = (seen.size / view.size)[:, None, None, None]
    turned_again = torso_centred(again.joints * unit)
    back = turned_again @ there.rotation[:, None]
    terms = {
        **priors.terms(likely.points, weights.pose_likelihood, weights.motion_likelihood),
        "cycle_2d": weights.cycle_2d
        * _distance_2d(project_points(back, view.size), project_points(torso_centred(remixed), view.size)),
        "cycle_3d": weights.cycle_3d * (root_centred(turned_again) - root_centred(turned)).norm(dim=-1).mean(),
        "cycle_elevation": weights.cycle_elevation * (again.elevation - there.elevation).square().mean(),
        "deformation": weights.deformation * _deformation(root_centred(remixed), root_centred(back)),
        **_bone_terms(prediction.joints, ratios, weights),
    }
    return terms, prediction


@dataclass(frozen=True)
class NewViews:
    """Cameras that look at the windows from elsewhere."""

    rotation: Tensor
    """(B, 3, 3) from the old camera's frame to the new one's."""
    elevation: Tensor
    """(B,) radians."""


def draw_new_views(elevation: Tensor) -> NewViews:
    """Any azimuth about the vertical; elevations drawn as the batch's are distributed."""
    elsewhere = elevation.mean() + elevation.std(correction=0) * torch.randn_like(elevation)
    azimuth = math.pi * (2 * torch.rand_like(elevation) - 1)
    return NewViews(relative_rotation(elevation, elsewhere, azimuth), elsewhere)


def rotate_to_view(there: NewViews, joints: Tensor) -> Tensor:
    """Windows of joints, torso-centred, in the new cameras' frames."""
    return torso_centred(joints) @ there.rotation.transpose(1, 2)[:, None]


def _distance_2d(first: Tensor, second: Tensor) -> Tensor:
    return (torso_centred(first) - torso_centred(second)).abs().sum((-1, -2)).mean()


def _deformation(first: Tensor, second: Tensor) -> Tensor:
    half = len(first) // 2
    differences = [poses[:half] - poses[half : 2 * half] for poses in (first, second)]
    return (differences[0] - differences[1]).abs().sum((-1, -2)).mean()


def _bone_terms(joints: Tensor, ratios: Tensor, weights: TeacherWeights) -> dict[str, Tensor]:
    lengths = bone_lengths(joints)
    lengths = lengths / lengths.mean((1, 2), keepdim=True)
    mean = lengths.mean(1)
    left, right = mean[:, :SIDE_COUNT], mean[:, SIDE_COUNT : 2 * SIDE_COUNT]
    return {
        "symmetry": weights.symmetry * (left - right).square().sum(-1).mean(),
        "template": weights.template * (mean - ratios).square().sum(-1).mean(),
        "constancy": weights.constancy * (lengths - mean[:, None]).square().sum(-1).mean(),
    }
