"""Rotations as the channels of Blender's rotation modes, without jumps along time. Plain numpy, no Blender.

Modes are named as `PoseBone.rotation_mode` names them: QUATERNION (w, x, y, z), AXIS_ANGLE (angle, x, y, z), and the
six orders of Euler angles, of which XYZ turns about X first.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array
from ..body.rotations import axis_angle_to_quaternion, continuous_quaternions, quaternion_to_matrix

Triple = tuple[float, float, float]

_TURN: Final = 2 * math.pi
_LOCKED: Final = 1e-5
"""Cosine of the middle Euler angle under which the other two turn about one axis, and only their sum is known."""


def channel_path(mode: str) -> str:
    """The name of the pose bone's property that holds the rotation."""
    return {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}.get(mode, "rotation_euler")


def to_channels(quaternions: NDArray[np.floating], mode: str) -> Array:
    """(T, 4) unit quaternions to (T, 4) or, for Euler angles, (T, 3) radians; each row as near the last as can be."""
    quaternions = continuous_quaternions(quaternions)
    if mode == "QUATERNION":
        return quaternions
    if mode == "AXIS_ANGLE":
        return _continuous_axis_angles(quaternions)
    return _continuous_euler_angles(quaternion_to_matrix(quaternions), mode)


def to_quaternions(channels: NDArray[np.floating], mode: str) -> Array:
    """(T, C) channels to unit (T, 4) of either sign, as Blender understands them between keys too."""
    if mode == "QUATERNION":
        return _unit(channels)
    if mode == "AXIS_ANGLE":
        return axis_angle_to_quaternion(_unit(channels[:, 1:]) * channels[:, :1])
    total = np.array([1.0, 0.0, 0.0, 0.0])
    for axis in ("XYZ".index(letter) for letter in mode):
        turn = np.zeros((len(channels), 4))
        turn[:, 0], turn[:, 1 + axis] = np.cos(channels[:, axis] / 2), np.sin(channels[:, axis] / 2)
        total = _product(turn, total)
    return total


def angles_between(first: NDArray[np.floating], second: NDArray[np.floating]) -> Array:
    """(T,) degrees between unit quaternions (T, 4) of either sign; exact for small ones too."""
    nearer, further = first - second, first + second
    squares = np.minimum(np.einsum("ti,ti->t", nearer, nearer), np.einsum("ti,ti->t", further, further))
    return np.degrees(4 * np.arcsin(np.sqrt(squares) / 2))


def _continuous_axis_angles(quaternions: Array) -> Array:
    """To turn by an angle is to turn by its opposite about the opposite axis, and full turns more change nothing."""
    sines = np.linalg.norm(quaternions[:, 1:], axis=-1)
    angles = 2 * np.arctan2(sines, quaternions[:, 0])
    channels = np.empty_like(quaternions)
    axis, angle = np.array([0.0, 1.0, 0.0]), 0.0  # Blender's own for a bone at rest
    for frame, sine in enumerate(sines):
        sign = 1.0
        if sine > 1e-7:
            new_axis = quaternions[frame, 1:] / sine
            sign = -1.0 if frame and new_axis @ axis < 0 else 1.0
            axis = sign * new_axis
        angle = _nearest(sign * angles[frame], angle)
        channels[frame, 0], channels[frame, 1:] = angle, axis
    return channels


def _continuous_euler_angles(matrices: Array, order: str) -> Array:
    """Of the two triples that make each matrix, and all full turns more, the one nearest to the frame before."""
    i, j, k = ("XYZ".index(letter) for letter in order)
    parity = 1.0 if (j - i) % 3 == 1 else -1.0
    cosines = np.hypot(matrices[:, i, i], matrices[:, j, i])
    first = np.arctan2(parity * matrices[:, k, j], matrices[:, k, k])
    middle = np.arctan2(-parity * matrices[:, k, i], cosines)
    third = np.arctan2(parity * matrices[:, j, i], matrices[:, i, i])
    channels = np.empty((len(matrices), 3))
    last: Triple = (0.0, 0.0, 0.0)
    for frame, triple in enumerate(zip(first.tolist(), middle.tolist(), third.tolist(), strict=True)):
        a, b, c = triple
        if cosines[frame] < _LOCKED:
            a = last[0]
            sine, cosine = math.sin(a), math.cos(a)
            matrix = matrices[frame]
            # column j after taking the first turn back
            c = math.atan2(
                -parity * (cosine * matrix[i, j] - parity * sine * matrix[i, k]),
                cosine * matrix[j, j] - parity * sine * matrix[j, k],
            )
        triples = [_nearest_triple((a, b, c), last)]
        if cosines[frame] >= _LOCKED:
            triples.append(_nearest_triple((a + math.pi, math.pi - b, c + math.pi), last))
        last = min(triples, key=partial(math.dist, last))
        channels[frame, [i, j, k]] = last
    return channels


def _nearest_triple(angles: Triple, before: Triple) -> Triple:
    a, b, c = (_nearest(angle, old) for angle, old in zip(angles, before, strict=True))
    return a, b, c


def _nearest(angle: float, before: float) -> float:
    return angle - _TURN * round((angle - before) / _TURN)


def _unit(vectors: NDArray[np.floating]) -> Array:
    lengths = np.sqrt(np.einsum("ti,ti->t", vectors, vectors))
    return vectors / np.maximum(lengths, 1e-12)[:, None]


def _product(a: Array, b: Array) -> Array:
    """Quaternion that turns by `b`, then by `a`."""
    (aw, ax, ay, az), (bw, bx, by, bz) = np.moveaxis(a, -1, 0), np.moveaxis(b, -1, 0)
    return np.stack(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ],
        axis=-1,
    )
