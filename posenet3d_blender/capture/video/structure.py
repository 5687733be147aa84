"""Structure of small pictures: local correlation, which no change of exposure or light alters."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_WINDOW: Final = 7
"""Pixels a side of the windows that are correlated."""
_SHIFT: Final = 2
"""Pixels by which a window may move."""
_TEXTURE: Final = 4e-4
"""Variance of the brightness (0 to 1) from which a window has structure."""
_CORRELATION: Final = 0.5
"""Below it the structure is another one."""

Picture = NDArray[np.uint8]
Map = NDArray[np.float32]


def structure_change(first: Picture, second: Picture) -> NDArray[np.bool_]:
    """(h, w) where two pictures (h, w, 3) RGB have other structures, beyond what a shift by two pixels explains.

    Flat windows have no structure.
    """
    import cv2

    grey = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255 for picture in (first, second)]
    mean, variance = _moments(grey[0])
    padded = [
        np.asarray(cv2.copyMakeBorder(picture, _SHIFT, _SHIFT, _SHIFT, _SHIFT, cv2.BORDER_REPLICATE))
        for picture in (grey[1], *_moments(grey[1]))
    ]
    height, width = mean.shape
    best = np.full(mean.shape, -1, np.float32)
    for down in range(2 * _SHIFT + 1):
        for right in range(2 * _SHIFT + 1):
            other, other_mean, other_variance = (
                picture[down : down + height, right : right + width] for picture in padded
            )
            covariance = _average(grey[0] * other) - mean * other_mean
            correlation = covariance / np.sqrt((variance + _TEXTURE / 4) * (other_variance + _TEXTURE / 4))
            np.maximum(best, correlation, out=best)
    _, variance_there = _moments(grey[1])
    changed: NDArray[np.bool_] = (best < _CORRELATION) & (np.maximum(variance, variance_there) > _TEXTURE)
    return changed


def _moments(picture: Map) -> tuple[Map, Map]:
    """Mean and variance of each window."""
    mean = _average(picture)
    return mean, np.maximum(_average(picture * picture) - mean * mean, 0)


def _average(picture: Map) -> Map:
    import cv2

    averaged = cv2.boxFilter(picture, -1, (_WINDOW, _WINDOW), borderType=cv2.BORDER_REFLECT)
    return np.asarray(averaged, dtype=np.float32)
