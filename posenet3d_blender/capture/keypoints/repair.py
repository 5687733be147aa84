"""Repair of detected 2D joints: points out of the picture, left-right swaps, jumps, short gaps.

Nothing is smoothed, so fast motion stays as it is. All limits are in seconds and body sizes.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ...arrays import Array
from .keypoints import KEYPOINT_INDEX, Keypoints
from .swaps import undo_swaps

SIZE_WINDOW: Final = 0.5
"""Seconds to either side over which the body's size is the median."""
DOUBTFUL: Final = 0.5
"""Confidence below which a point near the picture's edge is a guess, ..."""
EDGE: Final = 0.1
"""... and how near, as a part of the picture's shorter side."""
LONGEST_JUMP: Final = 0.1
"""Seconds; a longer excursion is no outlier."""
LARGEST_ACCELERATION: Final = 250.0
"""Body sizes per second squared (some 400 m/s²); no limb leaves its path and returns faster than that."""
SMALLEST_JUMP: Final = 0.06
"""Body sizes; smaller jumps are the detector's own noise."""
JUMP_TO_MOVE: Final = 2.0
"""An outlier lies this much farther off the path than the point moves from before it to after it."""
LONGEST_BRIDGE: Final = 0.4
"""Seconds; longer gaps are left to the solver, which has a model of the body."""
BRIDGE_CONFIDENCE: Final = 0.25
"""Confidence of bridged points, as a part of the lower one of the two ends."""
_LEFT_WRIST: Final = KEYPOINT_INDEX["left_wrist"]


def repair(keypoints: Keypoints) -> Keypoints:
    """Undo left-right swaps, drop points that jump away and back, and bridge short gaps with low confidence."""
    size = body_size(keypoints)
    unswapped, swapped = undo_swaps(keypoints, size)
    if keypoints.hands is not None:  # they were found at the wrists as detected
        unswapped = replace(unswapped, hands=keypoints.hands.exchanged(swapped[:, _LEFT_WRIST]))
    return bridge_gaps(drop_jumps(unswapped, size))


def hide_outside(keypoints: Keypoints) -> Keypoints:
    """Set confidence to 0 for points outside the picture, and for doubtful ones near its edge.

    Nobody sees them: our detector guesses, and squeezes a limb that the edge cuts off into the picture. Keypoints of a
    file are left as they are: they may be from a wider view or set by hand.
    """
    points, size = keypoints.points, np.array(keypoints.image_size)
    inside = np.minimum(points, size - points).min(axis=-1)  # (T, 25) pixels to the nearest edge, below 0 outside
    doubtful = (inside < EDGE * size.min()) & (keypoints.confidence < DOUBTFUL)
    return replace(keypoints, confidence=np.where((inside < 0) | doubtful, 0.0, keypoints.confidence))


def body_size(keypoints: Keypoints) -> Array:
    """(T,) the person's size in pixels: the larger side of the box around the points, its median over a second."""
    visible = (keypoints.confidence > 0).sum(axis=1) >= 2  # (T,)
    if not visible.any():
        return np.ones(len(keypoints.time))
    masked = np.where((keypoints.confidence > 0)[visible, :, None], keypoints.points[visible], np.nan)  # (V, 25, 2)
    extent = np.nanmax(np.nanmax(masked, axis=1) - np.nanmin(masked, axis=1), axis=1)  # (V,)
    time = keypoints.time[visible]
    first, end = np.searchsorted(time, time - SIZE_WINDOW), np.searchsorted(time, time + SIZE_WINDOW)
    median = np.empty(len(time))
    for length in np.unique(end - first):
        windows = end - first == length
        median[windows] = np.median(sliding_window_view(extent, length)[first[windows]], axis=1)
    return np.maximum(np.interp(keypoints.time, time, median), 1.0)


def drop_jumps(keypoints: Keypoints, size: Array) -> Keypoints:
    """Set confidence to 0 where a point leaves its path and returns within a tenth of a second."""
    return replace(keypoints, confidence=np.where(find_jumps(keypoints, size), 0.0, keypoints.confidence))


def find_jumps(keypoints: Keypoints, size: Array) -> NDArray[np.bool_]:
    """(T, 25) mask of the points that jump away and back, for a person of `size` (T,) pixels."""
    time, points = keypoints.time, keypoints.points
    jumps = np.zeros(keypoints.confidence.shape, dtype=bool)
    visible = keypoints.confidence > 0
    length = 1
    while length + 2 <= len(time):
        before, after = np.arange(len(time) - length - 1), np.arange(length + 1, len(time))
        span = time[after] - time[before]
        if span.min() > LONGEST_JUMP:
            break
        move = np.linalg.norm(points[after] - points[before], axis=2)  # (N, 25)
        limit = np.maximum(SMALLEST_JUMP, LARGEST_ACCELERATION / 2 * (span / 2) ** 2) * size[before]  # (N,)
        least = np.maximum(limit[:, None], JUMP_TO_MOVE * move)
        outlier = visible[before] & visible[after] & (span <= LONGEST_JUMP)[:, None]  # (N, 25)
        for step in range(1, length + 1):
            part = ((time[before + step] - time[before]) / span)[:, None, None]
            path = points[before] * (1 - part) + points[after] * part
            outlier &= (np.linalg.norm(points[before + step] - path, axis=2) > least) & visible[before + step]
        for step in range(1, length + 1):
            jumps[before + step] |= outlier
        length += 1
    return jumps


def bridge_gaps(keypoints: Keypoints) -> Keypoints:
    """Interpolate each point's short gaps linearly, with low confidence."""
    points, confidence = keypoints.points.copy(), keypoints.confidence.copy()
    for point in range(confidence.shape[1]):
        for before, after in pairwise(np.flatnonzero(keypoints.confidence[:, point] > 0)):
            if after - before > 1 and keypoints.time[after] - keypoints.time[before] <= LONGEST_BRIDGE:
                gap = slice(before + 1, after)
                ends = [before, after]
                for axis in (0, 1):
                    points[gap, point, axis] = np.interp(
                        keypoints.time[gap], keypoints.time[ends], keypoints.points[ends, point, axis]
                    )
                confidence[gap, point] = BRIDGE_CONFIDENCE * keypoints.confidence[ends, point].min()
    return replace(keypoints, points=points, confidence=confidence)
