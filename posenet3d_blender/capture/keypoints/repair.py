"""Mending detected 2D joints over time: exchanged sides, points that jump away and back, short gaps.

Nothing is smoothed, so fast moves stay as they are. All limits are in seconds and body sizes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ...arrays import Array
from .keypoints import Keypoints
from .swaps import undo_swaps

SIZE_WINDOW: Final = 0.5
"""Seconds to either side over which the body's size is the median."""
LONGEST_JUMP: Final = 0.1
"""Seconds; a point that is away for longer is no outlier."""
FASTEST_TURN_ROUND: Final = 250.0
"""Body sizes a second squared (some 400 m/s²); no limb leaves its path and comes back faster than that."""
SMALLEST_JUMP: Final = 0.06
"""Body sizes; below this lies the detector's own noise."""
JUMP_TO_WAY: Final = 2.0
"""A jump leads this much farther than the way between the places before and after it."""
LONGEST_BRIDGE: Final = 0.4
"""Seconds; longer gaps are left to the solver, which knows how a body moves."""
BRIDGE_CONFIDENCE: Final = 0.25
"""Of the ends' confidence."""


def repair(keypoints: Keypoints) -> Keypoints:
    """Undo left-right swaps, drop points that jump away and back, and bridge short gaps with low confidence."""
    size = body_size(keypoints)
    mended, _ = undo_swaps(keypoints, size)
    return bridge_gaps(drop_jumps(mended, size))


def body_size(keypoints: Keypoints) -> Array:
    """(T,) the person's size in pixels: the larger side of the box around the points, steadied over a second."""
    seen = (keypoints.confidence > 0).sum(axis=1) >= 2
    if not seen.any():
        return np.ones(len(keypoints.time))
    masked = np.where((keypoints.confidence > 0)[seen, :, None], keypoints.points[seen], np.nan)
    extent = np.nanmax(np.nanmax(masked, axis=1) - np.nanmin(masked, axis=1), axis=1)
    time = keypoints.time[seen]
    first, end = np.searchsorted(time, time - SIZE_WINDOW), np.searchsorted(time, time + SIZE_WINDOW)
    steady = np.empty(len(time))
    for length in np.unique(end - first):
        alike = end - first == length
        steady[alike] = np.median(sliding_window_view(extent, length)[first[alike]], axis=1)
    return np.maximum(np.interp(keypoints.time, time, steady), 1.0)


def drop_jumps(keypoints: Keypoints, size: Array) -> Keypoints:
    """Set confidence to 0 where a point leaves its path and is back within a tenth of a second."""
    return replace(keypoints, confidence=np.where(find_jumps(keypoints, size), 0.0, keypoints.confidence))


def find_jumps(keypoints: Keypoints, size: Array) -> NDArray[np.bool_]:
    """(T, 25) which points jump away and back, for a person of `size` (T,) pixels."""
    time, points = keypoints.time, keypoints.points
    jumping = np.zeros(keypoints.confidence.shape, dtype=bool)
    seen = keypoints.confidence > 0
    length = 1
    while length + 2 <= len(time):
        before, after = np.arange(len(time) - length - 1), np.arange(length + 1, len(time))
        span = time[after] - time[before]
        if span.min() > LONGEST_JUMP:
            break
        ends_apart = np.linalg.norm(points[after] - points[before], axis=2)
        limit = np.maximum(SMALLEST_JUMP, FASTEST_TURN_ROUND / 2 * (span / 2) ** 2) * size[before]
        least = np.maximum(limit[:, None], JUMP_TO_WAY * ends_apart)
        away = seen[before] & seen[after] & (span <= LONGEST_JUMP)[:, None]
        for step in range(1, length + 1):
            part = ((time[before + step] - time[before]) / span)[:, None, None]
            path = points[before] * (1 - part) + points[after] * part
            away &= (np.linalg.norm(points[before + step] - path, axis=2) > least) & seen[before + step]
        for step in range(1, length + 1):
            jumping[before + step] |= away
        length += 1
    return jumping


def bridge_gaps(keypoints: Keypoints) -> Keypoints:
    """Fill each point's short gaps straight from end to end; the confidence says that they are guessed."""
    points, confidence = keypoints.points.copy(), keypoints.confidence.copy()
    for point in range(confidence.shape[1]):
        seen = np.flatnonzero(keypoints.confidence[:, point] > 0)
        for before, after in zip(seen[:-1], seen[1:], strict=True):
            if after - before > 1 and keypoints.time[after] - keypoints.time[before] <= LONGEST_BRIDGE:
                gap = slice(before + 1, after)
                ends = [before, after]
                for axis in (0, 1):
                    points[gap, point, axis] = np.interp(
                        keypoints.time[gap], keypoints.time[ends], keypoints.points[ends, point, axis]
                    )
                confidence[gap, point] = BRIDGE_CONFIDENCE * keypoints.confidence[ends, point].min()
    return replace(keypoints, points=points, confidence=confidence)
