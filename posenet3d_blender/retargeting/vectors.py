"""Small vector functions, vectorised over leading axes."""

from __future__ import annotations

import numpy as np

from ..arrays import Array, FloatArray


def rotate(rotations: FloatArray, vectors: FloatArray) -> Array:
    """(..., 3) vectors turned by (..., 3, 3)."""
    result: Array = (np.asarray(rotations) @ np.asarray(vectors)[..., None])[..., 0]
    return result


def across(vectors: FloatArray, directions: FloatArray) -> Array:
    """(..., 3) part of the vectors at right angles to unit directions."""
    along = (np.asarray(vectors) * directions).sum(axis=-1, keepdims=True)
    result: Array = vectors - along * directions
    return result


def smooth(values: FloatArray, width: float) -> Array:
    """(T, ...) values under a Gaussian of this standard deviation in frames; both ends are held."""
    values = np.asarray(values, dtype=np.float64)
    reach = int(np.ceil(3 * width))
    if reach < 1 or len(values) < 2:
        return values
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    weights /= weights.sum()
    padded = np.concatenate([np.repeat(values[:1], reach, 0), values, np.repeat(values[-1:], reach, 0)])
    columns = padded.reshape(len(padded), -1)
    smoothed = np.stack([np.convolve(column, weights, mode="valid") for column in columns.T], axis=-1)
    result: Array = smoothed.reshape(values.shape)
    return result
