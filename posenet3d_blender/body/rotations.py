"""Rotation formats and their conversions, vectorised over leading axes.

Matrices act on column vectors. Quaternions are (w, x, y, z), Blender's order. Axis-angle is axis times radians.
Plain numpy: Blender's own Python has no scipy.
"""

from __future__ import annotations

from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array, FloatArray

Float = TypeVar("Float", np.float32, np.float64)

BODY_TO_WORLD: Final = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
"""Rotation from the body frame (Y up, +Z front) to Blender's world (Z up, -Y front)."""


def axis_angle_to_matrix(axis_angle: FloatArray) -> Array:
    """(..., 3) radians to (..., 3, 3)."""
    return quaternion_to_matrix(axis_angle_to_quaternion(axis_angle))


def matrix_to_axis_angle(matrix: FloatArray) -> Array:
    """(..., 3, 3) to (..., 3) radians, angles from 0 to pi."""
    return quaternion_to_axis_angle(matrix_to_quaternion(matrix))


def unit(vectors: FloatArray) -> Array:
    """Vectors (..., 3) scaled to length 1; zero stays zero."""
    vectors = np.asarray(vectors, dtype=np.float64)
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    result: Array = vectors / np.maximum(lengths, 1e-12)
    return result


def cross_matrix(vectors: FloatArray) -> Array:
    """The matrices (..., 3, 3) that multiply as the cross product with vectors (..., 3) does."""
    x, y, z = np.moveaxis(vectors, -1, 0)
    zero = np.zeros_like(x)
    matrices: Array = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*np.shape(vectors), 3)
    return matrices


def shortest_rotation(start: FloatArray, end: FloatArray) -> Array:
    """(..., 3, 3) smallest rotation from one direction to the other; for opposite ones half a turn about any axis."""
    a, b = np.broadcast_arrays(unit(start), unit(end))
    cosine = (a * b).sum(axis=-1)
    matrix = cross_matrix(np.cross(a, b))
    scale = 1 / np.maximum(1 + cosine, 1e-9)
    result: Array = np.eye(3) + matrix + (matrix @ matrix) * scale[..., None, None]
    is_opposite = cosine < -1 + 1e-7
    if is_opposite.any():
        sideways = unit(np.cross(a, np.eye(3)[np.argmin(np.abs(a), axis=-1)]))
        half_turn = 2 * sideways[..., :, None] * sideways[..., None, :] - np.eye(3)
        result = np.where(is_opposite[..., None, None], half_turn, result)
    return result


def rotation_onto_z(directions: NDArray[Float]) -> NDArray[Float]:
    """(..., 3, 3) smallest rotations that bring unit directions (..., 3) onto the z axis, in their precision.

    Within 8 degrees of the opposite direction the result is no rotation.
    """
    x, y, z = np.moveaxis(directions, -1, 0)
    scale = 1 / (1 + np.maximum(z, -0.99))
    rows = [[1 - x * x * scale, -x * y * scale, -x], [-x * y * scale, 1 - y * y * scale, -y], [x, y, z]]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def axis_angle_to_quaternion(axis_angle: FloatArray) -> Array:
    """(..., 3) radians to unit (..., 4)."""
    axis_angle = np.asarray(axis_angle, dtype=np.float64)
    half = np.linalg.norm(axis_angle, axis=-1, keepdims=True) / 2
    # sin(half) / angle, exact at zero: numpy's sinc(x) is sin(pi x) / (pi x)
    return np.concatenate([np.cos(half), axis_angle * np.sinc(half / np.pi) / 2], axis=-1)


def quaternion_to_axis_angle(quaternion: FloatArray) -> Array:
    """Unit (..., 4) of either sign to (..., 3) radians, angles from 0 to pi."""
    quaternion = np.asarray(quaternion, dtype=np.float64)
    quaternion = np.where(quaternion[..., :1] < 0, -quaternion, quaternion)
    vector = quaternion[..., 1:]
    length = np.linalg.norm(vector, axis=-1, keepdims=True)
    tiny = length < 1e-12
    scale = 2 * np.arctan2(length, quaternion[..., :1]) / np.where(tiny, 1.0, length)
    axis_angle: Array = vector * np.where(tiny, 2.0, scale)
    return axis_angle


def matrix_to_quaternion(matrix: FloatArray) -> Array:
    """(..., 3, 3) to unit (..., 4) with w >= 0.

    Each row of the 4x4 matrix q q^T is q times one of its own components; its entries are linear in the rotation
    matrix. The row of the largest component is the one that loses no digits, near half turns too.
    """
    m = np.asarray(matrix, dtype=np.float64)
    outer = np.empty((*m.shape[:-2], 4, 4))
    trace = m[..., 0, 0] + m[..., 1, 1] + m[..., 2, 2]
    outer[..., 0, 0] = 1 + trace
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        outer[..., i + 1, i + 1] = 1 + 2 * m[..., i, i] - trace
        outer[..., 0, i + 1] = outer[..., i + 1, 0] = m[..., k, j] - m[..., j, k]
        outer[..., i + 1, j + 1] = outer[..., j + 1, i + 1] = m[..., i, j] + m[..., j, i]
    largest = np.argmax(np.diagonal(outer, axis1=-2, axis2=-1), axis=-1)
    row = np.take_along_axis(outer, largest[..., None, None], axis=-2)[..., 0, :]
    row = row / np.linalg.norm(row, axis=-1, keepdims=True)
    return np.where(row[..., :1] < 0, -row, row)


def quaternion_to_matrix(quaternion: FloatArray) -> Array:
    """(..., 4) of any length but zero to (..., 3, 3)."""
    quaternion = np.asarray(quaternion, dtype=np.float64)
    w, x, y, z = np.moveaxis(quaternion / np.linalg.norm(quaternion, axis=-1, keepdims=True), -1, 0)
    rows = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    )
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def matrix_to_six_d(matrix: FloatArray) -> Array:
    """(..., 3, 3) to (..., 6): the first column, then the second (Zhou et al. 2019)."""
    matrix = np.asarray(matrix, dtype=np.float64)
    return np.concatenate([matrix[..., :, 0], matrix[..., :, 1]], axis=-1)


def six_d_to_matrix(six_d: FloatArray) -> Array:
    """(..., 6), two independent columns, made orthonormal by Gram-Schmidt, to (..., 3, 3) (Zhou et al. 2019)."""
    six_d = np.asarray(six_d, dtype=np.float64)
    first, second = six_d[..., :3], six_d[..., 3:]
    x = first / np.linalg.norm(first, axis=-1, keepdims=True)
    y = second - (x * second).sum(axis=-1, keepdims=True) * x
    y = y / np.linalg.norm(y, axis=-1, keepdims=True)
    return np.stack([x, y, np.cross(x, y)], axis=-1)


def continuous_quaternions(quaternion: FloatArray) -> Array:
    """(T, ..., 4) with signs chosen so that each row is the nearer of +q and -q to the row before it."""
    quaternion = np.array(quaternion, dtype=np.float64)
    flips = (quaternion[1:] * quaternion[:-1]).sum(axis=-1, keepdims=True) < 0
    quaternion[1:] *= np.where(np.cumsum(flips, axis=0) % 2 == 1, -1.0, 1.0)
    return quaternion


def turned_part_way(start: FloatArray, end: FloatArray, part: FloatArray) -> Array:
    """Rotations (..., 3, 3) on the shortest arcs from `start` to `end`.

    Args:
        start: (..., 3, 3)
        end: (..., 3, 3)
        part: (...,) of the way, 0 to 1.
    """
    turn = matrix_to_axis_angle(np.swapaxes(start, -1, -2) @ end)
    turned: Array = start @ axis_angle_to_matrix(np.asarray(part)[..., None] * turn)
    return turned


def interpolate_rotations(time: FloatArray, matrices: FloatArray, at: FloatArray) -> Array:
    """Rotations at other times: along the shortest arc between the two nearest samples, held at both ends.

    Args:
        time: (T,) seconds, strictly rising.
        matrices: (T, ..., 3, 3) rotations at `time`.
        at: (N,) seconds.

    Returns:
        (N, ..., 3, 3)
    """
    time, at = np.asarray(time, dtype=np.float64), np.asarray(at, dtype=np.float64)
    if len(time) == 1:
        return np.repeat(np.asarray(matrices, dtype=np.float64), len(at), axis=0)
    after = np.clip(np.searchsorted(time, at, side="right"), 1, len(time) - 1)
    fraction = np.clip((at - time[after - 1]) / (time[after] - time[after - 1]), 0, 1)
    quaternion = matrix_to_quaternion(matrices)
    start, end = quaternion[after - 1], quaternion[after]
    cosine = (start * end).sum(axis=-1, keepdims=True)
    end = np.where(cosine < 0, -end, end)
    angle = np.arccos(np.clip(np.abs(cosine), 0, 1))
    fraction = fraction.reshape(-1, *[1] * (start.ndim - 1))
    near = angle < 1e-6  # slerp divides by sin(angle); a straight line is exact enough here
    safe = np.where(near, 1.0, np.sin(angle))
    weight_start = np.where(near, 1 - fraction, np.sin((1 - fraction) * angle) / safe)
    weight_end = np.where(near, fraction, np.sin(fraction * angle) / safe)
    return quaternion_to_matrix(weight_start * start + weight_end * end)
