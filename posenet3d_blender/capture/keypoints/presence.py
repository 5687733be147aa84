"""Frames in which a person is visible, by the confidence of their 2D joints."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import Array, FloatArray
from .keypoints import Keypoints

SHORTEST_VISIBLE: Final = 0.3
"""Seconds for which a person must be visible."""
VISIBLE_CERTAINTY: Final = 0.2
"""Certainty of a frame from which the person counts as visible."""


def certainty(confidence: FloatArray) -> Array:
    """(T,) mean of the confidence (T, K) over the points that the detector gives: some give fewer than others."""
    columns = (confidence > 0).any(axis=0)
    mean = confidence[:, columns].mean(axis=1) if columns.any() else np.zeros(len(confidence))
    return np.asarray(mean, dtype=np.float64)


def visible_frames(keypoints: Keypoints) -> NDArray[np.bool_]:
    """(T,) frames in which the person is visible."""
    return certainty(keypoints.confidence) >= VISIBLE_CERTAINTY


def seconds_visible(keypoints: Keypoints) -> float:
    """Seconds for which the person is visible altogether."""
    frame = float(np.median(np.diff(keypoints.time))) if len(keypoints.time) > 1 else 0.0
    return float(visible_frames(keypoints).sum()) * frame


def trim_to_visible(keypoints: Keypoints) -> Keypoints:
    """Drop the frames before the person is first visible and after they are last visible; gaps between stay."""
    visible = np.flatnonzero(visible_frames(keypoints))
    return keypoints.select(slice(visible[0], visible[-1] + 1))
