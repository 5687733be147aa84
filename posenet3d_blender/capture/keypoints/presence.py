"""When a person is in view."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import Array
from .keypoints import Keypoints

SHORTEST_SIGHT: Final = 0.3
"""Seconds for which a person must be seen."""
SEEN: Final = 0.2
"""Certainty of a frame from which the person counts as seen."""


def certainty(confidence: NDArray[np.floating]) -> Array:
    """(T,) mean confidence (T, K) of the points that are given at all: some detectors have fewer points than others."""
    given = (confidence > 0).any(axis=0)
    return np.asarray(confidence[:, given].mean(axis=1) if given.any() else np.zeros(len(confidence)), dtype=np.float64)


def seen_frames(keypoints: Keypoints) -> NDArray[np.bool_]:
    """(T,) whether the person is seen."""
    return certainty(keypoints.confidence) >= SEEN


def seconds_seen(keypoints: Keypoints) -> float:
    """How long the person is seen altogether."""
    frame = float(np.median(np.diff(keypoints.time))) if len(keypoints.time) > 1 else 0.0
    return float(seen_frames(keypoints).sum()) * frame


def from_first_to_last_sight(keypoints: Keypoints) -> Keypoints:
    """Without the frames before the person is first seen and after they are last seen; gaps between stay."""
    seen = np.flatnonzero(seen_frames(keypoints))
    span = slice(seen[0], seen[-1] + 1)
    return Keypoints(keypoints.time[span], keypoints.points[span], keypoints.confidence[span], keypoints.image_size)
