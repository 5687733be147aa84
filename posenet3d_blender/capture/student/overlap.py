"""Overlapping windows that cover a clip, and the weighted mean of their predictions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import Array
from .features import STUDENT_WINDOW

_STRIDE: Final = 8
_BATCH: Final = 64
WINDOW_WEIGHTS: Final = 0.05 + np.sin(np.pi * (np.arange(STUDENT_WINDOW) + 0.5) / STUDENT_WINDOW) ** 2
"""(32,) a Hann window with a floor: a prediction is best in the middle, but only one window covers the clip's ends."""


def overlapping_windows(count: int) -> NDArray[np.intp]:
    """(W, T) samples of the windows that cover a clip; one shorter than a window repeats its last sample."""
    last = max(count - STUDENT_WINDOW, 0)
    starts = np.unique(np.append(np.arange(0, last + 1, _STRIDE), last))
    windows: NDArray[np.intp] = np.minimum(starts[:, None] + np.arange(STUDENT_WINDOW), count - 1)
    return windows


def window_batches(count: int) -> Iterator[tuple[float, NDArray[np.intp]]]:
    """Batches of a clip's windows (B, T), each with the share of the windows before it."""
    windows = overlapping_windows(count)
    for first in range(0, len(windows), _BATCH):
        yield first / len(windows), windows[first : first + _BATCH]


class OverlapMean:
    """Weighted mean over overlapping windows, for each sample of a clip."""

    def __init__(self, count: int) -> None:
        """Start with nothing added; count: samples of the clip."""
        self._sums: dict[str, Array] = {}
        self._weight = np.zeros(count)

    def add(self, windows: NDArray[np.intp], weight: Array, values: Mapping[str, Array]) -> None:
        """Add the predictions of windows.

        Args:
            windows: (B, T) samples.
            weight: (B, T).
            values: (B, T, ...) by name, the same names in each call.
        """
        for name, value in values.items():
            total = self._sums.setdefault(name, np.zeros((len(self._weight), *value.shape[2:])))
            np.add.at(total, windows, _spread(weight, value) * value)
        np.add.at(self._weight, windows, weight)

    def sum(self, name: str) -> Array:
        """(S, ...) weighted sum."""
        return self._sums[name]

    def mean(self, name: str) -> Array:
        """(S, ...) weighted mean."""
        total = self._sums[name]
        mean: Array = total / _spread(self._weight, total)
        return mean


def _spread(weight: Array, values: Array) -> Array:
    """The weight with axes of length 1 appended, to multiply values that have more axes."""
    return weight.reshape(weight.shape + (1,) * (values.ndim - weight.ndim))
