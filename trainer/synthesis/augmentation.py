"""Random detector noise on windows of 2D points: jitter, hidden limbs, swapped sides, missing points.

Frames and rays as in `cameras`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from posenet3d_blender.capture.keypoints.keypoints import KEYPOINT_INDEX
from posenet3d_blender.capture.student.features import STUDENT_POINT_COUNT

from ..config_checks import require_not_negative, require_shares
from .cameras import STATURE, ViewRanges, project


@dataclass(frozen=True)
class NoiseRanges:
    """Ranges of the detector noise; lengths as shares of the height in the image of a body of STATURE."""

    jitter: float = 0.004
    """Mean standard deviation of white noise on points of confidence 1; each window's own is drawn uniformly from 0 to
    twice this. Less certain points have more."""
    drift: float = 0.012
    """Of slow noise, in a window's first and last sample, as `jitter`; both share the random factor."""
    part_missing: float = 0.12
    """Chance that a whole part (face, hands, feet) is missing, as with detectors of fewer points."""
    point_missing: float = 0.02
    """Chance that a point is missing in the whole window."""
    sample_missing: float = 0.005
    """Chance that a point is missing in one sample."""
    occlusion: float = 0.25
    """Chance that a limb is hidden in a part of the window."""
    swap: float = 0.04
    """Chance that left and right are swapped for a few frames."""

    def __post_init__(self) -> None:
        require_not_negative(self)
        require_shares(self, "part_missing", "point_missing", "sample_missing", "occlusion", "swap")


_PARTS: Final = {
    "face": ["nose", "left_eye", "right_eye", "left_ear", "right_ear"],
    "hands": ["left_index", "right_index", "left_pinky", "right_pinky"],
    "feet": ["left_big_toe", "right_big_toe", "left_heel", "right_heel"],
}
_LIMBS: Final = [
    ["left_elbow", "left_wrist", "left_index", "left_pinky"],
    ["right_elbow", "right_wrist", "right_index", "right_pinky"],
    ["left_knee", "left_ankle", "left_heel", "left_big_toe"],
    ["right_knee", "right_ankle", "right_heel", "right_big_toe"],
    ["left_ankle", "right_ankle", "left_heel", "right_heel", "left_big_toe", "right_big_toe"],
    ["left_wrist", "left_index", "left_pinky"],
    ["right_wrist", "right_index", "right_pinky"],
]
_SWAPS: Final = [
    ["knee", "ankle", "heel", "big_toe"],
    ["shoulder", "elbow", "wrist", "hip", "knee", "ankle", "heel", "big_toe"],
]


def observe(points: Tensor, views: ViewRanges, noise: NoiseRanges, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Project points (B, T, 27, 3) in the camera frame, and add random detector noise.

    Returns:
        rays (B, T, 27, 2) and confidence (B, T, 27).
    """
    count, window = points.shape[:2]

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    height = STATURE / points[..., 2].mean((1, 2)).clamp(min=0.5)[:, None, None]
    confidence = 0.75 + 0.25 * uniform(count, 1, STUDENT_POINT_COUNT).expand(-1, window, -1).clone()
    _hide_limbs(confidence, noise, generator)
    level = height * (1 + 4 * (1 - confidence)) * uniform(count, 1, 1)
    jitter = noise.jitter * 2 * level[..., None] * normal(count, window, STUDENT_POINT_COUNT, 2)
    moment = torch.linspace(0, 1, window)[None, :, None, None]
    ends = normal(2, count, 1, STUDENT_POINT_COUNT, 2)
    drift = noise.drift * 2 * level[..., None] * ((1 - moment) * ends[0] + moment * ends[1])
    rays = project(points) + jitter + drift
    swap_sides(rays, noise, generator)
    rays = rays * torch.exp(views.focal_error * normal(count, 1, 1, 1))
    _drop_points(confidence, noise, generator)
    return rays, confidence


def _hide_limbs(confidence: Tensor, noise: NoiseRanges, generator: torch.Generator) -> None:
    """Lower the confidence (B, T, 27) of limbs, in place."""
    count, window = confidence.shape[:2]
    hidden = torch.nonzero(torch.rand(count, generator=generator) < noise.occlusion).flatten().tolist()
    for index in hidden:
        limb = _LIMBS[int(torch.randint(len(_LIMBS), (1,), generator=generator))]
        start, end = sorted(torch.randint(-window // 2, window + window // 2, (2,), generator=generator).tolist())
        columns = [KEYPOINT_INDEX[name] for name in limb]
        confidence[index, max(start, 0) : max(end, 0), columns] *= float(torch.rand(1, generator=generator)) ** 0.5


def swap_sides(rays: Tensor, noise: NoiseRanges, generator: torch.Generator) -> None:
    """Swap left and right of the legs or the whole body, in place, for a few frames of some windows (B, T, 27, 2)."""
    count, window = rays.shape[:2]
    for index in torch.nonzero(torch.rand(count, generator=generator) < noise.swap).flatten().tolist():
        parts = _SWAPS[int(torch.randint(2, (1,), generator=generator))]
        left = [KEYPOINT_INDEX[f"left_{part}"] for part in parts]
        right = [KEYPOINT_INDEX[f"right_{part}"] for part in parts]
        start = int(torch.randint(0, window, (1,), generator=generator))
        end = start + int(torch.randint(1, 6, (1,), generator=generator))
        swapped = rays[index, start:end].clone()
        rays[index, start:end, left], rays[index, start:end, right] = swapped[:, right], swapped[:, left]


def _drop_points(confidence: Tensor, noise: NoiseRanges, generator: torch.Generator) -> None:
    """Set the confidence (B, T, 27) of missing points to 0, in place."""
    count = len(confidence)
    kept = torch.rand(count, 1, STUDENT_POINT_COUNT, generator=generator) > noise.point_missing
    for names in _PARTS.values():
        columns = [KEYPOINT_INDEX[name] for name in names]
        kept[:, 0, columns] &= torch.rand(count, 1, generator=generator) > noise.part_missing
    confidence *= kept
    confidence *= torch.rand(confidence.shape, generator=generator) > noise.sample_missing
