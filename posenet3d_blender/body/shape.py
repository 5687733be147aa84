"""Transfer a person's proportions from one body to another."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..arrays import Array, FloatArray
from ..errors import PoseNet3DError
from .model import SHAPE_COUNT, Body
from .skeleton import JOINT_NAMES, PARENTS

# Arms and legs mean the same in every body; where hips, spine and collars lie is each body's own convention.
_LIMBS = ("knee", "ankle", "elbow", "wrist")
_WEIGHTS = np.array([0.0] + [1.0 if name.endswith(_LIMBS) else 0.2 for name in JOINT_NAMES[1:]])

# The length error, in metres, that costs as much as one unit of one shape coefficient.
_RIDGE = 0.004

SHORTEST_PERSON: Final = 0.5
TALLEST_PERSON: Final = 2.5
"""Metres that a person's height may be."""


def check_height(height: float | None) -> None:
    """Refuse a standing height, metres, that no person has; None is unknown.

    Raises:
        PoseNet3DError: it is too small or too large.
    """
    if height is not None and not SHORTEST_PERSON <= height <= TALLEST_PERSON:
        raise PoseNet3DError(
            f"A height of {height:g} m; give one between {SHORTEST_PERSON:g} and {TALLEST_PERSON:g} metres"
        )


def bone_lengths(rest_joints: FloatArray) -> Array:
    """(..., 24, 3) to the distance of each joint to its parent, (..., 24) metres; the pelvis's is 0."""
    bones = rest_joints[..., 1:, :] - rest_joints[..., list(PARENTS[1:]), :]
    lengths = np.linalg.norm(bones, axis=-1)
    return np.concatenate([np.zeros((*lengths.shape[:-1], 1)), lengths], axis=-1)


def match_shape(target_bone_lengths: FloatArray, body: Body) -> Array:
    """The shape (10,) that brings `body` nearest to these bone lengths (24,) in metres, staying near the mean shape.

    Least squares with a ridge, by Gauss-Newton: lengths are nearly linear in the shape, so a few steps settle.
    """
    betas = np.zeros(SHAPE_COUNT)
    directions = body.joint_directions[1:] - body.joint_directions[list(PARENTS[1:])]
    for _ in range(6):
        joints = body.rest_joints(betas)
        bones = joints[1:] - joints[list(PARENTS[1:])]
        lengths = np.linalg.norm(bones, axis=-1)
        slopes = np.einsum("ja,jac->jc", bones / lengths[:, None], directions)
        system = np.concatenate([_WEIGHTS[1:, None] * slopes, _RIDGE * np.eye(SHAPE_COUNT)])
        misses = np.concatenate([_WEIGHTS[1:] * (target_bone_lengths[1:] - lengths), -_RIDGE * betas])
        betas = betas + np.linalg.lstsq(system, misses, rcond=None)[0]
    return betas


def height_directions(body: Body) -> tuple[float, Array]:
    """The standing height of the mean shape, metres, and its change per unit of each shape coefficient (10,)."""
    height = body.template[:, 1]
    top, bottom = int(height.argmax()), int(height.argmin())
    change: Array = body.shape_directions[top, 1] - body.shape_directions[bottom, 1]
    return float(height[top] - height[bottom]), change


def standing_height(betas: FloatArray, body: Body) -> float:
    """Metres from the soles to the crown in the rest pose."""
    height, change = height_directions(body)
    return height + float(change @ betas)


def scale_shape(betas: FloatArray, scale: float, body: Body) -> Array:
    """The shape (10,) of a person like `betas` (10,) who is `scale` times as tall; the build stays."""
    return shape_of_height(betas, scale * standing_height(betas, body), body)


def shape_of_height(betas: FloatArray, height: float, body: Body) -> Array:
    """The shape (10,) of a person like `betas` (10,) who is `height` metres tall; the build stays.

    The change is the one, among all changes of shape, that comes nearest to scaling all bones alike.
    """
    parents = list(PARENTS[1:])
    bones = body.joint_template[1:] - body.joint_template[parents]  # (23, 3)
    changes = body.joint_directions[1:] - body.joint_directions[parents]  # (23, 3, 10)
    system = np.concatenate([changes.reshape(-1, SHAPE_COUNT), _RIDGE * np.eye(SHAPE_COUNT)])
    scaling = np.linalg.lstsq(system, np.append(bones.ravel(), np.zeros(SHAPE_COUNT)), rcond=None)[0]
    _, taller = height_directions(body)
    scaled: Array = betas + scaling * (height - standing_height(betas, body)) / (taller @ scaling)
    return scaled
