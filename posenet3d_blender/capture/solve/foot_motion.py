"""Feet that move in the picture, but for the camera's own motion, can't rest, whatever the student predicts."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ...arrays import Array
from ..keypoints.keypoints import KEYPOINT_INDEX
from ..keypoints.sampling import SampledKeypoints

STILL_SPEED: Final = 0.3
"""Metres per second, across the line of sight, at which a foot is equally likely to rest or to move; the detector's
own jitter over SPAN is a third of it."""
SPAN: Final = 0.2
"""Seconds over which a foot's speed is measured."""
LEAST_SEEN: Final = 0.2
"""Confidence of a foot's surest point from which the foot is in view; of feet out of the picture it is near 0."""
ABSENCE: Final = 0.3
"""Seconds for which a foot may be hidden, as by the other leg, and still be known to rest."""
_FEET: Final = [
    [KEYPOINT_INDEX[f"{side}_{part}"] for part in ("ankle", "heel", "big_toe")] for side in ("left", "right")
]


def still_feet(sampled: SampledKeypoints, depth: Array) -> Array:
    """(S, 2) from 0 to 1: whether the left and the right foot may rest, as far as the picture tells.

    depth: (S,) metres from the camera. The slowest of ankle, heel and toe decides: a foot may roll about each of them.
    """
    count = len(sampled.time)
    reach = max(1, round(0.5 * SPAN / float(sampled.time[1] - sampled.time[0]))) if count > 1 else 1
    before, after = np.clip(np.arange(count) - reach, 0, count - 1), np.clip(np.arange(count) + reach, 0, count - 1)
    seconds = np.maximum(sampled.time[after] - sampled.time[before], 1e-6)
    still = np.ones((count, 2))
    for foot, points in enumerate(_FEET):
        rays, seen = sampled.rays[:, points], sampled.confidence[:, points] > 0
        travel = _travel(sampled, rays, depth, before, after)  # (S, 3) metres
        known = seen[after] & seen[before]
        speed = np.where(known, travel / seconds[:, None], np.inf).min(axis=1)
        # Without a point there is nothing to tell a moving foot by.
        speed = np.where(known.any(axis=1), speed, 0.0)
        still[:, foot] = 1 / (1 + (speed / STILL_SPEED) ** 4)
    return still


def seen_feet(sampled: SampledKeypoints) -> NDArray[np.bool_]:
    """(S, 2) True where the left and the right foot are in view, or were or will be within ABSENCE.

    The student guesses the steps of legs that it does not see: feet that rest by such a guess would hold back a body
    that walks on.
    """
    step = float(sampled.time[1] - sampled.time[0]) if len(sampled.time) > 1 else 1.0
    reach = round(ABSENCE / step)
    seen = np.stack([sampled.confidence[:, points].max(axis=1) >= LEAST_SEEN for points in _FEET], axis=1)  # (S, 2)
    padded = np.pad(seen, ((reach, reach), (0, 0)))
    return np.asarray(sliding_window_view(padded, 2 * reach + 1, axis=0).any(axis=2))


def _travel(
    sampled: SampledKeypoints, rays: Array, depth: Array, before: NDArray[np.intp], after: NDArray[np.intp]
) -> Array:
    """(S, 3) metres between points seen in the samples `before` and `after` each one, across the line of sight."""
    if sampled.views is None:
        travel: Array = np.linalg.norm(rays[after] - rays[before], axis=-1) * depth[:, None]
        return travel
    directions = np.concatenate([rays, np.ones_like(rays[..., :1])], axis=-1)  # (S, 3, 3)
    # At one depth before and after: only motion across the picture counts, as for a camera that stands still.
    ends = [
        np.einsum("sba,skb->ska", views[:, :3, :3], directions[rows] * depth[:, None, None] - views[:, None, :3, 3])
        for rows, views in ((before, sampled.views[before]), (after, sampled.views[after]))
    ]
    across: Array = np.linalg.norm(sampled.turned(ends[1] - ends[0])[..., :2], axis=-1)
    return across
