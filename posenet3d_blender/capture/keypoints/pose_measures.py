"""Measures of poses, (25, 3) each: x and y in pixels and confidence, in the order of KEYPOINT_NAMES."""

from __future__ import annotations

from typing import Final

import numpy as np

from ...arrays import Array
from .keypoints import KEYPOINT_INDEX

LEAST_SHARED: Final = 3
"""Points that two poses must both show to be compared point by point."""
LEAST_SURE: Final = 0.5
"""Part of the surest bone's confidence from which others count."""
SAME_PERSON_DISTANCE: Final = 0.08
"""Body heights between poses of one frame that show the same person."""

_BONES: Final = {
    ("shoulder", "hip"): 0.288,
    ("hip", "knee"): 0.245,
    ("knee", "ankle"): 0.246,
    ("shoulder", "elbow"): 0.186,
    ("elbow", "wrist"): 0.146,
}
"""Lengths as parts of the body's height: Winter, Biomechanics and Motor Control of Human Movement."""
_ENDS: Final = np.array(
    [[KEYPOINT_INDEX[f"{side}_{end}"] for end in bone] for bone in _BONES for side in ("left", "right")]
)
_LENGTHS: Final = np.repeat(list(_BONES.values()), 2)


def centre(pose: Array) -> Array:
    """(2,) mean of the points, weighted by confidence, pixels."""
    mean: Array = (pose[:, :2] * pose[:, 2:]).sum(axis=0) / max(float(pose[:, 2].sum()), 1e-9)
    return mean


def distance(pose: Array, other: Array) -> float:
    """Mean distance of the points that both show, else of their centres, pixels."""
    weight = np.sqrt(pose[:, 2] * other[:, 2])
    if int((weight > 0).sum()) < LEAST_SHARED:
        return float(np.linalg.norm(centre(pose) - centre(other)))
    gaps = np.hypot(pose[:, 0] - other[:, 0], pose[:, 1] - other[:, 1])
    return float((weight * gaps).sum() / weight.sum())


def displacement(pose: Array, later: Array) -> Array:
    """(2,) mean way of the points that both show, pixels; 0 where they share too few."""
    weight = np.sqrt(pose[:, 2] * later[:, 2])
    if int((weight > 0).sum()) < LEAST_SHARED:
        return np.zeros(2)
    mean: Array = weight @ (later[:, :2] - pose[:, :2]) / weight.sum()
    return mean


def person_height(pose: Array) -> float:
    """Height of the whole body in pixels, from as much of it as is seen.

    The bones' lengths tell it, and foreshortened ones tell too little: so the second largest of their answers counts.
    """
    confidence = _bone_confidence(pose)
    seen = (confidence > 0) & (confidence >= LEAST_SURE * confidence.max())
    if int(seen.sum()) >= 2:
        heights = _bone_lengths(pose)[seen] / _LENGTHS[seen]
        return max(float(np.partition(heights, -2)[-2]), 1.0)
    points = pose[pose[:, 2] > 0, :2]
    return max(float(np.ptp(points, axis=0).max()), 1.0) if len(points) else 1.0


def height_ratio(pose: Array, other: Array) -> float:
    """At least 1: how much larger the larger one is, by the bones that both show; 1 where they share none."""
    weight = _bone_confidence(pose) * _bone_confidence(other)
    if not weight.any():
        return 1.0
    lengths = [max(float(weight @ _bone_lengths(one)), 1e-6) for one in (pose, other)]
    return max(lengths) / min(lengths)


def same_person(pose: Array, other: Array) -> bool:
    """Whether two poses of one frame lie on each other."""
    height = max(person_height(pose), person_height(other))
    return distance(pose, other) <= SAME_PERSON_DISTANCE * height


def _bone_confidence(pose: Array) -> Array:
    """(10,) of the worse end of each bone."""
    confidence: Array = pose[_ENDS, 2].min(axis=1)
    return confidence


def _bone_lengths(pose: Array) -> Array:
    """(10,) pixels."""
    offsets = pose[_ENDS[:, 0], :2] - pose[_ENDS[:, 1], :2]
    lengths: Array = np.hypot(offsets[:, 0], offsets[:, 1])
    return lengths
