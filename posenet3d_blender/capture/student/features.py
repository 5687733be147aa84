"""Input features of the student network: windows of 2D points without the person's place and size in the picture.

The perspective crop of Yu et al. ("PCLs", CVPR 2021): the points are turned into viewing rays and projected by a
virtual camera that looks straight at the person: a pose looks the same at the picture's edge and in its middle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import AnyArray, FloatArray
from ...body.rotations import rotation_onto_z
from ..keypoints.keypoints import KEYPOINT_COUNT, KEYPOINT_INDEX, KEYPOINT_NAMES, MIRRORED_KEYPOINTS

STUDENT_POINT_NAMES: Final = (*KEYPOINT_NAMES, "neck", "head")
"""The detector's 25 keypoints, then two joints that motion capture and some 2D formats have."""
STUDENT_POINT_COUNT: Final = KEYPOINT_COUNT + 2
STUDENT_FEATURE_COUNT: Final = 3 * STUDENT_POINT_COUNT + 1
STUDENT_RATE: Final = 30.0
"""Samples per second in a window, whatever the footage's rate."""
STUDENT_WINDOW: Final = 32
"""Samples in a window: about one second."""

LARGEST_POINT: Final = 5.0
"""Normalised points are clipped to it: points farther out are faults of the detector."""

_MIRRORED_POINTS: Final = [*MIRRORED_KEYPOINTS, *range(KEYPOINT_COUNT, STUDENT_POINT_COUNT)]
_TORSO: Final = [KEYPOINT_INDEX[f"{side}_{part}"] for part in ("shoulder", "hip") for side in ("left", "right")]
_LIMBS: Final = [
    KEYPOINT_INDEX[f"{side}_{part}"]
    for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    for side in ("left", "right")
]


@dataclass(frozen=True)
class StudentInput:
    """A batch of B windows of T samples, ready for the network."""

    features: NDArray[np.float32]
    """(B, T, 82): x and y of all 27 points, then their 27 confidences, then the log of the window's angular size."""
    view_rotations: NDArray[np.float32]
    """(B, 3, 3) from the camera's frame to the virtual camera's."""


def mirror_points(rays: FloatArray, confidence: AnyArray) -> tuple[FloatArray, AnyArray]:
    """The points of the mirrored picture: what was named left is right.

    Args:
        rays: (..., 27, 2) x/z and y/z in the camera frame.
        confidence: (..., 27), or any other value of each point.
    """
    return rays[..., _MIRRORED_POINTS, :] * np.array([-1, 1], rays.dtype), confidence[..., _MIRRORED_POINTS]


def normalise_windows(rays: FloatArray, confidence: FloatArray) -> StudentInput:
    """Turn windows of image points into the network's input.

    Args:
        rays: (B, T, 27, 2) x/z and y/z of each point in the camera frame (pixels from the principal point over the
            focal length).
        confidence: (B, T, 27) from 0 to 1; a point of confidence 0 is ignored.
    """
    rays, confidence = rays.astype(np.float32), confidence.astype(np.float32)
    view_rotations = rotation_onto_z(_directions_of(_weighted_centre(rays, confidence)))  # (B, 3, 3)
    points = rays_in_view(view_rotations, rays)  # (B, T, 27, 2)
    weights = confidence[:, :, _LIMBS]  # (B, T, 12)
    square = (points[:, :, _LIMBS] ** 2).sum(-1)  # (B, T, 12)
    size = np.sqrt((weights * square).sum((1, 2)) / np.maximum(weights.sum((1, 2)), 1e-3))  # (B,)
    size = np.maximum(size, 1e-3)[:, None, None]  # (B, 1, 1)
    points = np.clip(points / size[..., None], -LARGEST_POINT, LARGEST_POINT) * (confidence > 0)[..., None]
    batch, window = rays.shape[:2]
    log_size = np.broadcast_to(np.log(size), (batch, window, 1))
    features = np.concatenate([points.reshape(batch, window, -1), confidence, log_size], axis=-1)  # (B, T, 82)
    return StudentInput(features.astype(np.float32), view_rotations)


def rays_in_view(view_rotations: FloatArray, rays: FloatArray) -> FloatArray:
    """Rays (B, T, K, 2) in other cameras of the same place.

    view_rotations: (B, 3, 3) or (B, T, 3, 3) from the camera's frame to the others'.
    """
    turns = view_rotations[:, None] if view_rotations.ndim == 3 else view_rotations
    homogeneous = np.concatenate([rays, np.ones_like(rays[..., :1])], axis=-1)  # (B, T, K, 3)
    in_view = homogeneous @ np.swapaxes(turns, -1, -2)  # (B, T, K, 3)
    projected: FloatArray = in_view[..., :2] / np.maximum(in_view[..., 2:], np.float32(0.1))
    return projected


def _weighted_centre(rays: NDArray[np.float32], confidence: NDArray[np.float32]) -> NDArray[np.float32]:
    """(B, 2) mean of the torso's points, or of all points where the torso is hidden."""
    torso_weight = confidence[:, :, _TORSO]  # (B, T, 4)
    total_weight = confidence.sum((1, 2), keepdims=True)[:, 0]  # (B, 1)
    fallback = (confidence[..., None] * rays).sum((1, 2)) / np.maximum(total_weight, 1e-6)  # (B, 2)
    total = torso_weight.sum((1, 2))[:, None]  # (B, 1)
    torso = (torso_weight[..., None] * rays[:, :, _TORSO]).sum((1, 2)) / np.maximum(total, 1e-6)  # (B, 2)
    return np.where(total > 1e-3, torso, fallback)


def _directions_of(rays: NDArray[np.float32]) -> NDArray[np.float32]:
    """(B, 3) unit directions of rays (B, 2)."""
    directions = np.concatenate([rays, np.ones_like(rays[:, :1])], axis=-1)
    normalised: NDArray[np.float32] = directions / np.linalg.norm(directions, axis=-1, keepdims=True)
    return normalised
