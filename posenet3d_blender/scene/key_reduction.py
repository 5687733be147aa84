"""Key reduction: few keys whose curves stay within a tolerance of every dense sample. Plain numpy, no Blender.

Between two keys a channel is the cubic Hermite segment with the samples' values and slopes at both ends, as Blender
evaluates Bezier keys whose handles lie a third of the way to the next key. Slopes come from the samples alone, so a
segment depends on nothing outside it, and each is made as long as the tolerance permits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array

Deviation = Callable[[slice, Array], Array]
"""Maps a slice of samples and N interpolated values (N, C) in their place to the error of each, (N,)."""

_SHARE_OF_TOLERANCE: Final = 0.98
"""The rest allows for Blender's keys in single precision, which lose accuracy at high frame numbers."""


@dataclass(frozen=True)
class Tolerance:
    """Largest error of reduced keys at any frame."""

    degrees: float = 0.5
    """Of each bone's rotation relative to its parent."""
    millimetres: float = 2.0
    """Of the pelvis's position in the world."""


def reduce_keys(values: Array, deviation: Deviation, tolerance: float) -> NDArray[np.int64]:
    """Select the samples to keep as keys: indices in rising order, always with the first and the last.

    Args:
        values: (T, C) channels of one property at each frame, without jumps; at least one frame.
        deviation: error of interpolated values, in the unit of the tolerance.
        tolerance: largest error, not negative; zero drops only samples that are exactly on the curve.
    """
    slopes = slopes_of(values)
    last = len(values) - 1
    limit = tolerance * _SHARE_OF_TOLERANCE

    def is_within_limit(start: int, end: int) -> bool:
        samples = slice(start + 1, end)
        return bool((deviation(samples, _interpolate(values, slopes, start, end)) <= limit).all())

    keys = [0]
    while keys[-1] < last:
        keys.append(_segment_end(keys[-1], last, is_within_limit))
    return np.array(keys)


def slopes_of(values: Array) -> Array:
    """(T, C) change per frame at each sample."""
    if len(values) < 2:
        return np.zeros_like(values, dtype=np.float64)
    slopes: Array = np.gradient(np.asarray(values, dtype=np.float64), axis=0)
    return slopes


def _segment_end(start: int, last: int, is_within_limit: Callable[[int, int], bool]) -> int:
    """End of the longest segment from `start`: double the length while it is within the limit, then bisect."""
    end, step = start + 1, 2
    while end < last:
        candidate = min(start + step, last)
        if not is_within_limit(start, candidate):
            break
        end, step = candidate, 2 * step
    else:
        return end
    too_long = candidate
    while too_long - end > 1:
        middle = (end + too_long) // 2
        if is_within_limit(start, middle):
            end = middle
        else:
            too_long = middle
    return end


def _interpolate(values: Array, slopes: Array, start: int, end: int) -> Array:
    """(N, C) the cubic at the frames between two keys."""
    ends = np.stack([values[start], slopes[start], values[end], slopes[end]])  # (4, C)
    between: Array = _hermite_weights(end - start) @ ends
    return between


@lru_cache(maxsize=1024)
def _hermite_weights(length: int) -> Array:
    """(length - 1, 4) Hermite basis at the frames between two keys: value and slope at the first, then at the last."""
    t = np.arange(1, length) / length
    s = 1 - t
    return np.column_stack([(1 + 2 * t) * s**2, length * t * s**2, t**2 * (3 - 2 * t), -length * t**2 * s])
