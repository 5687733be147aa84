"""Rotations from directions, in numpy: the closed formulas by which rotations are fitted to joint positions."""

from __future__ import annotations

import numpy as np

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.rotations import cross_matrix, unit


def frame_along(axis: int, direction: Array, second_axis: int, towards: Array) -> Array:
    """(T, 3, 3) frames whose columns are unit axes.

    Args:
        axis: 0, 1 or 2: the column that is exactly `direction`.
        direction: (T, 3) of any length.
        second_axis: the column that is as near to `towards` as a right angle to the first allows.
        towards: (T, 3) of any length.
    """
    first = unit(direction)
    second = unit(towards - (towards * first).sum(-1, keepdims=True) * first)
    third_axis = 3 - axis - second_axis
    cross = np.cross(first, second)
    columns = {axis: first, second_axis: second, third_axis: cross if (second_axis - axis) % 3 == 1 else -cross}
    return np.stack([columns[0], columns[1], columns[2]], axis=-1)


def angle_between(first: Array, second: Array) -> Array:
    """(N,) radians between vectors (N, 3)."""
    angle: Array = np.arccos(np.clip((unit(first) * unit(second)).sum(-1), -1, 1))
    return angle


def about_axis(axes: Array, angle: float | Array) -> Array:
    """(T, 3, 3) rotations by one angle or (T,), radians, about unit axes (T, 3), by Rodrigues's formula."""
    cross = cross_matrix(axes)
    angles = np.reshape(angle, (-1, 1, 1))
    rotations: Array = np.eye(3) + np.sin(angles) * cross + (1 - np.cos(angles)) * (cross @ cross)
    return rotations


def align_vectors(source: Array, target: Array) -> Array:
    """(T, 3, 3) least-squares rotations of vectors (K, 3) onto (T, K, 3) (Kabsch 1976); none mirrors."""
    u, _, vt = np.linalg.svd(np.swapaxes(target, -1, -2) @ source)
    sign = np.ones((len(target), 3))
    sign[:, 2] = np.sign(np.linalg.det(u @ vt))
    rotations: Array = u @ (sign[..., None] * vt)
    return rotations


def blend(first: Array, second: Array, share: float) -> Array:
    """(T, 3, 3) rotations on the shortest way from the first to the second."""
    from scipy.spatial.transform import Rotation

    way = Rotation.from_matrix(np.swapaxes(first, -1, -2) @ second).as_rotvec()
    rotations: Array = first @ Rotation.from_rotvec(share * way).as_matrix()
    return rotations


def smooth_in_time(values: Array, deviation: float) -> Array:
    """(T, 3) values under a Gaussian of this deviation in frames; ends go on as they are."""
    from scipy.ndimage import gaussian_filter1d

    smooth: Array = gaussian_filter1d(values, deviation, axis=0, mode="nearest")
    return smooth
