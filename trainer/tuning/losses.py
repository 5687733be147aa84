"""Losses that need no 3D: reprojection, one body, smooth motion, and the student's own first answer."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from posenet3d_blender.body.keypoints import KEYPOINT_COUNT
from posenet3d_blender.capture.student.features import STUDENT_RATE
from posenet3d_blender.capture.student.network import StudentOutput
from posenet3d_blender.capture.student.points import StudentPoints
from posenet3d_blender.capture.student.torch_body import forward_kinematics, six_d_to_matrix

from ..config_checks import require_above_zero
from .footage import FootageWindows

_NEAREST = 0.2
"""Metres: nothing is nearer to the camera."""
_RIDGE = 1e-6


@dataclass(frozen=True)
class TuneDeviations:
    """Expected deviations, one standard deviation, of each term: the larger, the less it weighs."""

    keypoint: float = 0.04
    """Metres, at the person's distance, between a keypoint of confidence 1 and the body's; as in capture's solver."""
    outlier: float = 0.08
    """Metres from which a keypoint counts less and less."""
    pose: float = 0.1
    """Radians between a joint's rotation and the untuned student's."""
    bones: float = 0.005
    """Metres between a bone at rest and its mean over all windows, as it is one person, and between the person's own
    bone, which the body's keypoints don't show, and the untuned student's."""
    acceleration: float = 8.0
    """Metres per second squared, of joints relative to the pelvis."""
    outputs: float = 0.2
    """Between the other outputs (shape, gravity, contacts) and the untuned student's, in their units."""

    def __post_init__(self) -> None:
        require_above_zero(self, "keypoint", "outlier", "pose", "bones", "acceleration", "outputs")


def tune_terms(
    output: StudentOutput,
    untuned: StudentOutput,
    points: StudentPoints,
    batch: FootageWindows,
    deviations: TuneDeviations,
) -> dict[str, Tensor]:
    """Loss terms, each in squared deviations.

    The skeleton is the shipped body's in the student's shape, without the person's own bones, as in capture.

    Args:
        output: the student's, in float32.
        untuned: the first student's, without gradient.
        points: places of the keypoints on the shipped body.
        batch: the windows.
        deviations: of the terms.
    """
    rotations = six_d_to_matrix(output.rotations)  # (B, T, 24, 3, 3)
    bones = points.body_bones(output.betas)  # (B, 24, 3)
    joints, world = forward_kinematics(rotations, bones[:, None])  # (B, T, 24, 3), (B, T, 24, 3, 3)
    offsets, not_at_joints = points.keypoint_offsets(bones, output.betas), torch.zeros_like(output.betas[:, 0])
    keypoints = points(joints, world, offsets, not_at_joints)[:, :, :KEYPOINT_COUNT]  # (B, T, 25, 3)
    # The squared distance of rotation matrices is twice the squared angle, where that is small.
    turned = (rotations - six_d_to_matrix(untuned.rotations)).square().sum((-1, -2)) / 2
    acceleration = joints.diff(n=2, dim=1) * STUDENT_RATE**2
    unlike = torch.stack([bones - bones.mean(0), output.bone_offsets - untuned.bone_offsets])  # (2, B, 24, 3)
    return {
        "reprojection": reprojection(keypoints, batch, deviations),
        "pose": turned.mean() / deviations.pose**2,
        "bones": unlike.square().sum(-1).mean((1, 2)).sum() / deviations.bones**2,
        "acceleration": acceleration.square().sum(-1).mean() / deviations.acceleration**2,
        "outputs": sum_of_squares(output, untuned) / deviations.outputs**2,
    }


def reprojection(keypoints: Tensor, batch: FootageWindows, deviations: TuneDeviations) -> Tensor:
    """Mean robust squared error of keypoints (B, T, 25, 3), where they fit best, after Geman and McClure."""
    placed = keypoints + best_place(keypoints, batch.rays, batch.confidence)[:, :, None]
    depth = placed[..., 2:].clamp(min=_NEAREST)
    squared = ((placed[..., :2] / depth - batch.rays) * depth).square().sum(-1)  # (B, T, 25) square metres
    robust = squared / (1 + squared / deviations.outlier**2)
    return (batch.confidence * robust).sum() / batch.confidence.sum().clamp(min=1e-6) / deviations.keypoint**2


def best_place(points: Tensor, rays: Tensor, confidence: Tensor) -> Tensor:
    """(B, T, 3) shift of points (B, T, K, 3) that brings them nearest to rays (B, T, K, 2), by least squares.

    confidence: (B, T, K) weights of the points.
    """
    points, rays, weight = points.double(), rays.double(), confidence.double()[..., None]
    # x + a = u (z + c), y + b = v (z + c) for the shift (a, b, c) and the ray (u, v).
    gap = rays * points[..., 2:] - points[..., :2]  # (B, T, K, 2)
    one, zero = torch.ones_like(weight), torch.zeros_like(weight)
    rows = torch.stack(
        [torch.cat([one, zero, -rays[..., :1]], -1), torch.cat([zero, one, -rays[..., 1:]], -1)], -2
    )  # (B, T, K, 2, 3)
    weighted = (rows * weight[..., None]).flatten(2, 3)  # (B, T, 2 K, 3)
    ridge = _RIDGE * torch.eye(3, dtype=rows.dtype, device=rows.device)
    matrix = weighted.transpose(-1, -2) @ rows.flatten(2, 3) + ridge
    right = weighted.transpose(-1, -2) @ gap.flatten(2, 3)[..., None]
    shift: Tensor = torch.linalg.solve(matrix, right)[..., 0].float()
    return shift


def sum_of_squares(output: StudentOutput, untuned: StudentOutput) -> Tensor:
    """Mean squared differences of shape, gravity and contacts, added."""
    pairs = ((output.betas, untuned.betas), (output.up, untuned.up), (output.contacts, untuned.contacts))
    return torch.stack([(one - other).square().mean() for one, other in pairs]).sum()
