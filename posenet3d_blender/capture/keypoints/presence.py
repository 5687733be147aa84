"""Frames in which a person is visible, by the confidence of their 2D joints."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import Array, FloatArray
from ...body.limbs import LIMB_COUNT, LIMB_NAMES
from .keypoints import KEYPOINT_INDEX, Keypoints

SHORTEST_VISIBLE: Final = 0.3
"""Seconds for which a person must be visible."""
LONGEST_ABSENCE: Final = 2.0
"""Seconds; a person who comes back later may be somebody else, and their motion in between is anybody's guess."""
VISIBLE_CERTAINTY: Final = 0.2
"""Certainty of a frame from which the person counts as visible."""
CLEARLY_VISIBLE: Final = 0.5
"""Confidence of the shoulders and hips that tell which end of somebody is up."""
DOWNWARDS: Final = 0.7
"""Sine of the angle between a trunk and the horizon from which somebody is upside down ..."""
SIDEWAYS: Final = 0.9
"""... or its cosine, from which they lie ..."""
TURNED_SHARE: Final = 0.9
"""... and the part of the frames in which few people are so by their own doing."""

_SIDES: Final = ("left", "right")
_BONES: Final = np.array(
    [
        [KEYPOINT_INDEX[f"{side}_{end}"] for end in bone]
        for bone in (("shoulder", "hip"), ("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
        for side in _SIDES
    ]
)
"""(10, 2) ends of the torso's sides and of the limbs' bones, which count whether they are given or not."""
_TRUNK: Final = [KEYPOINT_INDEX[f"{side}_{end}"] for end in ("shoulder", "hip") for side in _SIDES]
_EXTREMITIES: Final = (
    [KEYPOINT_INDEX[name] for name in ("nose", "left_eye", "right_eye", "left_ear", "right_ear")],
    *([KEYPOINT_INDEX[f"{side}_{part}"] for part in ("heel", "big_toe")] for side in _SIDES),
    *([KEYPOINT_INDEX[f"{side}_{part}"] for part in ("index", "pinky")] for side in _SIDES),
)
"""The head's, the feet's and the hands' points: many detectors don't give them at all."""
_BONE_LIMBS: Final = ("torso", "torso", *(f"{side}_{limb}" for limb in ("arm", "arm", "leg", "leg") for side in _SIDES))
_EXTREMITY_LIMBS: Final = ("head", *(f"{side}_{limb}" for limb in ("leg", "arm") for side in _SIDES))
"""The limb to which each bone, and each group of extremities, belongs."""


def certainty(confidence: FloatArray) -> Array:
    """(T,) mean of the confidence (T, K) over the points that the detector gives: some give fewer than others."""
    columns = (confidence > 0).any(axis=0)
    mean = confidence[:, columns].mean(axis=1) if columns.any() else np.zeros(len(confidence))
    return np.asarray(mean, dtype=np.float64)


def body_confidence(confidence: FloatArray) -> Array:
    """(T,) how much of the body is seen, from 0 (nothing) to 1, by the confidence (T, 25) of its points.

    The mean over the parts of the body. A bone is seen as well as the worse of its ends, and counts also where no frame
    shows it; head, feet and hands are the mean of their points, and don't count where a detector never gives them.
    """
    return np.asarray(np.mean([values for _, values in _parts(confidence)], axis=0), dtype=np.float64)


def limb_confidence(confidence: FloatArray) -> Array:
    """(T, 6) the same for each limb, in the order of LIMB_NAMES; 0 for one of which nothing is ever seen."""
    limbs = np.zeros((len(confidence), LIMB_COUNT))
    parts = _parts(confidence)
    for column, name in enumerate(LIMB_NAMES):
        own = [values for limb, values in parts if limb == name]
        if own:
            limbs[:, column] = np.mean(own, axis=0)
    return limbs


def _parts(confidence: FloatArray) -> list[tuple[str, Array]]:
    """The parts of the body by their limbs, and how well each is seen (T,)."""
    parts = list(zip(_BONE_LIMBS, confidence[:, _BONES].min(axis=2).T, strict=True))
    for limb, columns in zip(_EXTREMITY_LIMBS, _EXTREMITIES, strict=True):
        given = [column for column in columns if (confidence[:, column] > 0).any()]
        if given:
            parts.append((limb, confidence[:, given].mean(axis=1)))
    return parts


def visible_frames(keypoints: Keypoints) -> NDArray[np.bool_]:
    """(T,) frames in which the person is visible."""
    return certainty(keypoints.confidence) >= VISIBLE_CERTAINTY


def body_seconds(keypoints: Keypoints) -> float:
    """Seconds for which the person is visible, weighted by how much of the body is."""
    return float(body_confidence(keypoints.confidence).sum()) * _frame_interval(keypoints)


def seconds_visible(keypoints: Keypoints) -> float:
    """Seconds for which the person is visible altogether."""
    return float(visible_frames(keypoints).sum()) * _frame_interval(keypoints)


def _frame_interval(keypoints: Keypoints) -> float:
    """Seconds from frame to frame; 0 for a single one."""
    return float(np.median(np.diff(keypoints.time))) if len(keypoints.time) > 1 else 0.0


def trunk_throughout(keypoints: Keypoints) -> str:
    """The unusual way in which the trunk points in nearly all frames of the picture: "down", "sideways" or "".

    Empty also where too few frames show shoulders and hips clearly.
    """
    seen = keypoints.confidence[:, _TRUNK].min(axis=1) >= CLEARLY_VISIBLE
    if seen.sum() < max(1, TURNED_SHARE * visible_frames(keypoints).sum()):
        return ""
    left_shoulder, right_shoulder, left_hip, right_hip = np.moveaxis(keypoints.points[seen][:, _TRUNK], 1, 0)
    trunk = left_shoulder + right_shoulder - left_hip - right_hip  # (V, 2)
    trunk /= np.maximum(np.linalg.norm(trunk, axis=1, keepdims=True), 1e-9)
    if (trunk[:, 1] > DOWNWARDS).mean() >= TURNED_SHARE:
        return "down"
    return "sideways" if (np.abs(trunk[:, 0]) > SIDEWAYS).mean() >= TURNED_SHARE else ""


def split_at_absences(keypoints: Keypoints) -> list[Keypoints]:
    """The stretches in which the person is visible, without an absence longer than LONGEST_ABSENCE; none is empty."""
    visible = np.flatnonzero(visible_frames(keypoints))
    starts = np.flatnonzero(np.diff(keypoints.time[visible], prepend=-np.inf) > LONGEST_ABSENCE)
    limits = [*starts, len(visible)]
    return [keypoints.select(slice(visible[first], visible[stop - 1] + 1)) for first, stop in pairwise(limits)]
