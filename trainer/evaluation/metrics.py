"""Errors of 3D joints, by their published names. All inputs in metres, all distances in millimetres.

Joints are centred on the pelvis before they are compared, unless a metric says otherwise. No metric mirrors a pose.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.skeleton import JOINT_INDEX
from posenet3d_blender.errors import PoseNet3DError

COMMON_JOINTS: Final = [
    *(
        JOINT_INDEX[f"{side}_{part}"]
        for part in ("ankle", "knee", "hip", "wrist", "elbow", "shoulder")
        for side in ("left", "right")
    ),
    JOINT_INDEX["neck"],
    JOINT_INDEX["head"],
]
"""The 14 joints that nearly every data set has."""
HIPS: Final = [JOINT_INDEX[f"{side}_hip"] for side in ("left", "right")]
PCK_LIMIT: Final = 150.0
PCK_STEPS: Final = 31
_MILLIMETRES: Final = 1000.0


@dataclass(frozen=True)
class Metrics:
    """Means over all frames; the fields are the keys of the JSON file."""

    mpjpe_mm: float
    """Mean distance of the joints, without scaling."""
    n_mpjpe_mm: float
    """After the least-squares scale of each frame."""
    pa_mpjpe_mm: float
    """After the least-squares similarity (rotation, scale, shift) of each frame."""
    pck150: float
    """Percentage of joints nearer than 150 mm, without scaling."""
    auc: float
    """Mean of that percentage over 31 thresholds from 0 to 150 mm."""
    accel_mm: float | None
    """Length of the difference of second differences, mm per frame squared; None where no clip has three frames."""
    hip_mpjpe_mm: float
    """As mpjpe_mm, centred between the hips: data sets place the pelvis from 3 cm below to 10 cm above them."""


def measure(
    clips: Iterable[tuple[Array, Array]], joints: Sequence[int] = COMMON_JOINTS, roots: Sequence[int] = (0,)
) -> Metrics:
    """Compare clips of predicted and true joints, each (T, J, 3) in one frame of reference, SMPL's 24 first.

    Args:
        clips: prediction and truth of each clip.
        joints: the joints that count.
        roots: the joints between which both are centred; the pelvis.

    Raises:
        PoseNet3DError: a prediction is not finite.
    """
    distances, scaled, aligned, accelerations, from_hips = [], [], [], [], []
    for predicted_joints, true_joints in clips:
        if not np.isfinite(predicted_joints).all():
            raise PoseNet3DError("the network's output is not finite; use another checkpoint")
        prediction, target = (
            track[:, list(joints)] - _between(track, roots) for track in (predicted_joints, true_joints)
        )  # (T, N, 3)
        distances.append(_distances(prediction, target))
        scaled.append(_distances(scale_to(prediction, target), target))
        aligned.append(_distances(align_to(prediction, target), target))
        hips = [_between(track, HIPS) - _between(track, roots) for track in (predicted_joints, true_joints)]
        from_hips.append(_distances(prediction - hips[0], target - hips[1]))
        if len(target) > 2:
            accelerations.append(_distances(np.diff(prediction, 2, axis=0), np.diff(target, 2, axis=0)))
    every = np.concatenate(distances)
    limits = np.linspace(0, PCK_LIMIT, PCK_STEPS)
    return Metrics(
        mpjpe_mm=float(every.mean()),
        n_mpjpe_mm=float(np.concatenate(scaled).mean()),
        pa_mpjpe_mm=float(np.concatenate(aligned).mean()),
        pck150=100 * float((every < PCK_LIMIT).mean()),
        auc=100 * float(np.mean([(every < limit).mean() for limit in limits])),
        accel_mm=float(np.concatenate(accelerations).mean()) if accelerations else None,
        hip_mpjpe_mm=float(np.concatenate(from_hips).mean()),
    )


def scale_to(prediction: Array, target: Array) -> Array:
    """Frames (T, J, 3), each scaled to the target by least squares."""
    square = (prediction**2).sum((1, 2))
    factor = (prediction * target).sum((1, 2)) / np.maximum(square, 1e-12)  # (T,)
    scaled: Array = prediction * factor[:, None, None]
    return scaled


def align_to(prediction: Array, target: Array) -> Array:
    """Umeyama's least-squares rotation, scale and shift (1991) to the target, of each frame (T, J, 3)."""
    scale, rotation = fit_similarity(prediction, target)
    source = prediction - prediction.mean(1, keepdims=True)
    aligned: Array = scale[:, None, None] * source @ np.swapaxes(rotation, 1, 2) + target.mean(1, keepdims=True)
    return aligned


def fit_similarity(source: Array, target: Array) -> tuple[Array, Array]:
    """Scale (T,) and rotation (T, 3, 3) of Umeyama's similarity for each frame (T, J, 3); none mirrors.

    About their means, target = scale * source @ rotation.T.
    """
    source, target = source - source.mean(1, keepdims=True), target - target.mean(1, keepdims=True)
    u, values, vt = np.linalg.svd(np.swapaxes(target, 1, 2) @ source)  # (T, 3, 3), (T, 3), (T, 3, 3)
    # A reflection would fit mirrored poses, which are wrong: the axis of the smallest value is flipped back.
    signs = np.ones_like(values)
    signs[:, 2] = np.sign(np.linalg.det(u @ vt))
    rotation: Array = (u * signs[:, None]) @ vt
    scale: Array = (values * signs).sum(1) / np.maximum((source**2).sum((1, 2)), 1e-12)
    return scale, rotation


def _between(joints: Array, names: Sequence[int]) -> Array:
    """(T, 1, 3) the middle of some joints."""
    middle: Array = joints[:, list(names)].mean(1, keepdims=True)
    return middle


def _distances(first: Array, second: Array) -> Array:
    """(T, J) millimetres."""
    distances: Array = _MILLIMETRES * np.linalg.norm(first - second, axis=-1)
    return distances
