"""Dense samples as few keys: curves that stay within a tolerance of every sample. Plain numpy, no Blender.

Between two keys a channel follows the cubic that has the samples' values and slopes at both, which is what Blender
draws when the handles of Bezier keys stand a third of the way to the next key. Slopes come from the samples alone, so
a stretch between two keys depends on nothing outside it, and each is made as long as the tolerance lets it be.
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
"""Takes which samples, and N interpolated values (N, C) in their place; gives how far each is off, (N,)."""

_SHARE_OF_TOLERANCE: Final = 0.98
"""Blender keeps keys in single precision; what that loses late on a timeline comes out of the rest."""


@dataclass(frozen=True)
class Tolerance:
    """How far reduced keys may stray from the motion at any frame."""

    degrees: float = 0.5
    """For each bone's rotation relative to its parent."""
    millimetres: float = 2.0
    """For the pelvis's place, in the world."""


def reduce_keys(values: NDArray[np.floating], deviation: Deviation, tolerance: float) -> NDArray[np.int64]:
    """Which samples to keep as keys, rising; the first and the last always are.

    Args:
        values: (T, C) the channels of one property at each frame, without jumps; at least one frame.
        deviation: measures interpolated values, in the unit of the tolerance.
        tolerance: not negative; at zero only what is exactly on the curve is left out.
    """
    slopes = slopes_of(values)
    last = len(values) - 1
    limit = tolerance * _SHARE_OF_TOLERANCE

    def is_near(start: int, end: int) -> bool:
        between = slice(start + 1, end)
        return bool((deviation(between, _between(values, slopes, start, end)) <= limit).all())

    keys = [0]
    while keys[-1] < last:
        keys.append(_longest_reach(keys[-1], last, is_near))
    return np.array(keys)


def slopes_of(values: NDArray[np.floating]) -> Array:
    """(T, C) the change per frame at each sample."""
    if len(values) < 2:
        return np.zeros_like(values, dtype=np.float64)
    return np.gradient(np.asarray(values, dtype=np.float64), axis=0)


def _longest_reach(start: int, last: int, is_near: Callable[[int, int], bool]) -> int:
    """The end of the stretch from `start`: steps that double while they hold, then bisection of the last one."""
    reached, step = start + 1, 2
    while reached < last:
        tried = min(start + step, last)
        if not is_near(start, tried):
            break
        reached, step = tried, 2 * step
    else:
        return reached
    too_far = tried
    while too_far - reached > 1:
        middle = (reached + too_far) // 2
        if is_near(start, middle):
            reached = middle
        else:
            too_far = middle
    return reached


def _between(values: NDArray[np.floating], slopes: Array, start: int, end: int) -> Array:
    """(N, C) the cubic at the frames between two keys."""
    return _weights(end - start) @ np.stack([values[start], slopes[start], values[end], slopes[end]])


@lru_cache(maxsize=1024)
def _weights(length: int) -> Array:
    """(length - 1, 4) how much value and slope at both keys count at each frame between them (Hermite's basis)."""
    t = np.arange(1, length) / length
    rest = 1 - t
    return np.column_stack([(1 + 2 * t) * rest**2, length * t * rest**2, t**2 * (3 - 2 * t), -length * t**2 * rest])
