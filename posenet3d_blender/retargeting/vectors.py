"""Small vector functions, vectorised over leading axes."""

from __future__ import annotations

import numpy as np

from ..arrays import Array, FloatArray
from ..body.rotations import unit


def rotate(rotations: FloatArray, vectors: FloatArray) -> Array:
    """(..., 3) vectors turned by (..., 3, 3)."""
    result: Array = (np.asarray(rotations) @ np.asarray(vectors)[..., None])[..., 0]
    return result


def across(vectors: FloatArray, directions: FloatArray) -> Array:
    """(..., 3) part of the vectors at right angles to unit directions."""
    along = (np.asarray(vectors) * directions).sum(axis=-1, keepdims=True)
    result: Array = vectors - along * directions
    return result


def shortest_rotation(start: FloatArray, end: FloatArray) -> Array:
    """(..., 3, 3) smallest rotation from one direction to the other; for opposite ones half a turn about any axis."""
    a, b = np.broadcast_arrays(unit(start), unit(end))
    cosine = (a * b).sum(axis=-1)
    axis = np.cross(a, b)
    matrix = np.zeros((*a.shape, 3))
    matrix[..., 0, 1], matrix[..., 0, 2], matrix[..., 1, 2] = -axis[..., 2], axis[..., 1], -axis[..., 0]
    matrix -= np.swapaxes(matrix, -1, -2)
    scale = 1 / np.maximum(1 + cosine, 1e-9)
    result: Array = np.eye(3) + matrix + (matrix @ matrix) * scale[..., None, None]
    is_opposite = cosine < -1 + 1e-7
    if is_opposite.any():
        sideways = unit(np.cross(a, np.eye(3)[np.argmin(np.abs(a), axis=-1)]))
        half_turn = 2 * sideways[..., :, None] * sideways[..., None, :] - np.eye(3)
        result = np.where(is_opposite[..., None, None], half_turn, result)
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
