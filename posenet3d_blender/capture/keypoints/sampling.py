"""2D joints at even moments, from frames whose times need not be even."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ...arrays import Array
from .keypoints import Keypoints

AVERAGING_TIME: Final = 1 / 40
"""Seconds before and after a sample from which frames count: footage of 60 frames a second loses its flicker and keeps
87% of a move to and fro at 8 Hz."""


@dataclass(frozen=True)
class SampledKeypoints:
    """2D joints at a constant rate, as viewing rays."""

    time: Array
    """(S,) seconds, even."""
    rays: Array
    """(S, 25, 2) x/z and y/z in the camera frame."""
    confidence: Array
    """(S, 25) from 0 to 1."""


def sample_keypoints(keypoints: Keypoints, rate: float, focal_length: float) -> SampledKeypoints:
    """Sample about `rate` times a second: each sample is the mean of the frames around it, by nearness and confidence.

    The first and the last sample are at the first and the last frame. focal_length: in pixels. Where no frame is near
    (a pause in the footage), confidence is 0.
    """
    time = keypoints.time
    count = max(2, round((time[-1] - time[0]) * rate) + 1)
    at = np.linspace(time[0], time[-1], count)
    gap = float(np.median(np.diff(time)))
    reach = max(AVERAGING_TIME, gap)
    taps = int(np.ceil(2 * reach / gap)) + 2
    nearest = np.searchsorted(time, at)
    index = np.clip(nearest[:, None] + np.arange(taps) - taps // 2, 0, len(time) - 1)
    fresh = np.diff(index, axis=1, prepend=-1) != 0
    nearness = np.clip(1 - np.abs(time[index] - at[:, None]) / (1.001 * reach), 0, None) * fresh
    weight = nearness[..., None] * keypoints.confidence[index]
    total = weight.sum(1)
    seen = total > 1e-9
    points = (weight[..., None] * keypoints.points[index]).sum(1) / np.maximum(total, 1e-9)[..., None]
    confidence = np.where(seen, total / np.maximum(nearness.sum(1), 1e-9)[:, None], 0.0)
    centre = np.array(keypoints.image_size) / 2
    rays = np.where(seen[..., None], (points - centre) / focal_length, 0.0)
    return SampledKeypoints(at, rays, confidence)
