"""Errors of 3D joints, by the names under which they are published. All inputs in metres, all distances in millimetres.

Joints are centred on the pelvis before they are compared, except where a metric says otherwise. No metric ever
mirrors a pose.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.body.skeleton import JOINT_INDEX
from posenet3d_blender.errors import PoseNet3DError

Array = NDArray[np.float64]

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
_HIPS: Final = [COMMON_JOINTS.index(JOINT_INDEX[f"{side}_hip"]) for side in ("left", "right")]
PCK_LIMIT: Final = 150.0
PCK_STEPS: Final = 31
_MILLIMETRES: Final = 1000.0


@dataclass(frozen=True)
class Metrics:
    """Means over all frames; the fields are the keys of the JSON file."""

    mpjpe_mm: float
    """Distance of the joints, as they are: size counts."""
    n_mpjpe_mm: float
    """After the least-squares scale of each frame."""
    pa_mpjpe_mm: float
    """After the least-squares similarity (rotation, scale, shift) of each frame."""
    pck150: float
    """Percent of joints nearer than 150 mm, as they are."""
    auc: float
    """Mean of that percentage over 31 limits from 0 to 150 mm."""
    accel_mm: float | None
    """Length of the difference of second differences, mm per frame squared; None where no clip has three frames."""
    hip_mpjpe_mm: float
    """As mpjpe_mm, centred between the hips: skeletons put the pelvis from 3 cm below to 10 cm above them."""


def measure(clips: Iterable[tuple[Array, Array]]) -> Metrics:
    """Compare clips of predicted and true joints, each (T, 24, 3) in one frame of reference.

    Raises:
        PoseNet3DError: a prediction is not finite.
    """
    distances, scaled, aligned, accelerations, from_hips = [], [], [], [], []
    for predicted_joints, true_joints in clips:
        if not np.isfinite(predicted_joints).all():
            raise PoseNet3DError("the network answers with values that are not finite numbers; use another checkpoint")
        predicted, true = _common(predicted_joints), _common(true_joints)
        distances.append(_distances(predicted, true))
        scaled.append(_distances(scale_to(predicted, true), true))
        aligned.append(_distances(align_to(predicted, true), true))
        from_hips.append(_distances(predicted - _between_hips(predicted), true - _between_hips(true)))
        if len(true) > 2:
            accelerations.append(_distances(np.diff(predicted, 2, axis=0), np.diff(true, 2, axis=0)))
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


def scale_to(predicted: Array, true: Array) -> Array:
    """Each frame (T, J, 3) times the factor that brings it nearest to the truth."""
    square = (predicted**2).sum((1, 2))
    factor = (predicted * true).sum((1, 2)) / np.maximum(square, 1e-12)
    return predicted * factor[:, None, None]


def align_to(predicted: Array, true: Array) -> Array:
    """Each frame (T, J, 3) after the rotation, scale and shift that bring it nearest to the truth."""
    scale, rotation = fit_similarity(predicted, true)
    source = predicted - predicted.mean(1, keepdims=True)
    return scale[:, None, None] * source @ np.swapaxes(rotation, 1, 2) + true.mean(1, keepdims=True)


def fit_similarity(source: Array, target: Array) -> tuple[Array, Array]:
    """Scale (T,) and rotation (T, 3, 3) of the least-squares similarity of each frame (Umeyama 1991); none mirrors.

    source, target: (T, J, 3); about their means, target = scale * source @ rotation.T.
    """
    source, target = source - source.mean(1, keepdims=True), target - target.mean(1, keepdims=True)
    u, values, vt = np.linalg.svd(np.swapaxes(target, 1, 2) @ source)
    # A reflection would fit mirrored poses, which are wrong: the least axis is turned back.
    signs = np.ones_like(values)
    signs[:, 2] = np.sign(np.linalg.det(u @ vt))
    rotation = (u * signs[:, None]) @ vt
    scale = (values * signs).sum(1) / np.maximum((source**2).sum((1, 2)), 1e-12)
    return scale, rotation


def _common(joints: Array) -> Array:
    return joints[:, COMMON_JOINTS] - joints[:, :1]


def _between_hips(joints: Array) -> Array:
    return joints[:, _HIPS].mean(1, keepdims=True)


def _distances(first: Array, second: Array) -> Array:
    """(T, J) millimetres."""
    return _MILLIMETRES * np.linalg.norm(first - second, axis=-1)
