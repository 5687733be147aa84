"""Rotations as channels of Blender's rotation modes, without jumps over time. Plain numpy, no Blender.

Modes as in `PoseBone.rotation_mode`: QUATERNION (w, x, y, z), AXIS_ANGLE (angle, x, y, z), and the six orders of Euler
angles, of which XYZ rotates about X first.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Final

import numpy as np

from ..arrays import Array
from ..body.rotations import axis_angle_to_quaternion, continuous_quaternions, quaternion_to_matrix

Triple = tuple[float, float, float]

_FULL_TURN: Final = 2 * math.pi
_GIMBAL_LOCK: Final = 1e-5
"""Cosine of the middle Euler angle below which the other two rotate about one axis: only their sum is determined."""


def channel_path(mode: str) -> str:
    """Name of the pose bone's property that holds the rotation in this mode."""
    return {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}.get(mode, "rotation_euler")


def to_channels(quaternions: Array, mode: str) -> Array:
    """(T, 4) unit quaternions to (T, 4), or to (T, 3) radians for Euler angles; each row is near the previous one."""
    quaternions = continuous_quaternions(quaternions)
    if mode == "QUATERNION":
        return quaternions
    if mode == "AXIS_ANGLE":
        return _continuous_axis_angles(quaternions)
    return _continuous_euler_angles(quaternion_to_matrix(quaternions), mode)


def to_quaternions(channels: Array, mode: str) -> Array:
    """(T, C) channels to unit quaternions (T, 4) of either sign, as Blender evaluates them, between keys too."""
    if mode == "QUATERNION":
        return _unit(channels)
    if mode == "AXIS_ANGLE":
        return axis_angle_to_quaternion(_unit(channels[:, 1:]) * channels[:, :1])
    product = np.array([1.0, 0.0, 0.0, 0.0])
    for axis in ("XYZ".index(letter) for letter in mode):
        rotation = np.zeros((len(channels), 4))
        rotation[:, 0], rotation[:, 1 + axis] = np.cos(channels[:, axis] / 2), np.sin(channels[:, axis] / 2)
        product = _multiply(rotation, product)
    return product


def angles_between(first: Array, second: Array) -> Array:
    """(T,) degrees between unit quaternions (T, 4) of either sign; accurate for small angles too."""
    difference, total = first - second, first + second
    squares = np.minimum(np.einsum("ti,ti->t", difference, difference), np.einsum("ti,ti->t", total, total))
    degrees: Array = np.degrees(4 * np.arcsin(np.sqrt(squares) / 2))
    return degrees


def _continuous_axis_angles(quaternions: Array) -> Array:
    """Of the equivalent forms (negated angle and axis, added full turns), the one nearest to the previous frame."""
    sines = np.linalg.norm(quaternions[:, 1:], axis=-1)
    angles = 2 * np.arctan2(sines, quaternions[:, 0])
    channels = np.empty_like(quaternions)
    axis, angle = np.array([0.0, 1.0, 0.0]), 0.0  # Blender's default for a bone at rest
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
    """Of the two triples that give each matrix, and added full turns, the one nearest to the previous frame."""
    i, j, k = ("XYZ".index(letter) for letter in order)
    parity = 1.0 if (j - i) % 3 == 1 else -1.0
    cosines = np.hypot(matrices[:, i, i], matrices[:, j, i])
    first = np.arctan2(parity * matrices[:, k, j], matrices[:, k, k])
    middle = np.arctan2(-parity * matrices[:, k, i], cosines)
    third = np.arctan2(parity * matrices[:, j, i], matrices[:, i, i])
    channels = np.empty((len(matrices), 3))
    previous: Triple = (0.0, 0.0, 0.0)
    for frame, triple in enumerate(zip(first.tolist(), middle.tolist(), third.tolist(), strict=True)):
        a, b, c = triple
        if cosines[frame] < _GIMBAL_LOCK:
            a = previous[0]
            sine, cosine = math.sin(a), math.cos(a)
            matrix = matrices[frame]
            # column j after undoing the first rotation
            c = math.atan2(
                -parity * (cosine * matrix[i, j] - parity * sine * matrix[i, k]),
                cosine * matrix[j, j] - parity * sine * matrix[j, k],
            )
        triples = [_nearest_triple((a, b, c), previous)]
        if cosines[frame] >= _GIMBAL_LOCK:
            triples.append(_nearest_triple((a + math.pi, math.pi - b, c + math.pi), previous))
        previous = min(triples, key=partial(math.dist, previous))
        channels[frame, [i, j, k]] = previous
    return channels


def _nearest_triple(angles: Triple, previous: Triple) -> Triple:
    a, b, c = (_nearest(angle, reference) for angle, reference in zip(angles, previous, strict=True))
    return a, b, c


def _nearest(angle: float, previous: float) -> float:
    return angle - _FULL_TURN * round((angle - previous) / _FULL_TURN)


def _unit(vectors: Array) -> Array:
    lengths = np.sqrt(np.einsum("ti,ti->t", vectors, vectors))
    unit: Array = vectors / np.maximum(lengths, 1e-12)[:, None]
    return unit


def _multiply(a: Array, b: Array) -> Array:
    """Quaternion product: rotates by `b`, then by `a`."""
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
