"""The turn and zoom between two views of a camera that stays in its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import Array
from ...body.rotations import axis_angle_to_matrix, cross_matrix, unit

STEPS: Final = 8
OUTLIER: Final = 1.5
"""Pixels from which a point counts less and less: it moves by itself, or was lost."""
_ZOOM_STIFFNESS: Final = 0.05
"""Of the logarithm of the zoom, against which few points can't say much; one standard deviation."""

_FEWEST_MISSED: Final = 8
_TRIED_WAYS: Final = 40


@dataclass(frozen=True)
class Turn:
    """A camera's turn and zoom from one view to another one."""

    rotation: Array
    """(3, 3) from the first view's camera frame to the second's."""
    zoom: float
    """Focal length of the second view over that of the first."""
    errors: Array
    """(N,) pixels by which the turn misses each point."""


def fit_turn(
    before: Array, after: Array, focal_length: float, start: Array | None = None, may_zoom: bool = True
) -> Turn:
    """Fit a turn to points of the background, by Gauss-Newton with Geman and McClure's weights.

    Args:
        before: (N, 2) pixels from the principal point, in the first view.
        after: (N, 2) the same points in the second view.
        focal_length: pixels, of the first view.
        start: (3, 3) rotation to start from; None: none.
        may_zoom: False holds the focal length.
    """
    rays = np.column_stack([before / focal_length, np.ones(len(before))])  # (N, 3)
    rotation, log_zoom = np.eye(3) if start is None else start, 0.0
    # Coarse to fine: far from the solution every point is off.
    spreads = OUTLIER * 2.0 ** np.maximum(np.arange(STEPS, 0, -1) - 3, 0)
    for spread in spreads:
        seen = rays @ rotation.T  # (N, 3)
        depth = np.maximum(seen[:, 2:], 0.1)
        scale = focal_length * np.exp(log_zoom)
        projected = scale * seen[:, :2] / depth  # (N, 2)
        error = projected - after
        weight = 1 / (1 + (error**2).sum(1) / spread**2) ** 2  # (N,)
        jacobian = np.zeros((len(rays), 2, 4))
        by_point = np.zeros((len(rays), 2, 3))
        by_point[:, 0, 0] = by_point[:, 1, 1] = scale / depth[:, 0]
        by_point[:, :, 2] = -projected / depth
        jacobian[..., :3] = -by_point @ cross_matrix(seen)
        jacobian[..., 3] = projected
        unknowns = 4 if may_zoom else 3
        flat = (jacobian[..., :unknowns] * np.sqrt(weight)[:, None, None]).reshape(-1, unknowns)
        right = (error * np.sqrt(weight)[:, None]).ravel()
        normal = flat.T @ flat + 1e-9 * np.eye(unknowns)
        gradient = flat.T @ right
        if may_zoom:
            normal[3, 3] += 1 / _ZOOM_STIFFNESS**2
            gradient[3] += log_zoom / _ZOOM_STIFFNESS**2
        step = -np.linalg.solve(normal, gradient)
        rotation = axis_angle_to_matrix(step[:3]) @ rotation
        log_zoom += float(step[3]) if may_zoom else 0.0
    zoom = float(np.exp(log_zoom))
    return Turn(rotation, zoom, np.linalg.norm(project(rays, rotation, focal_length * zoom) - after, axis=1))


def parallax_errors(before: Array, after: Array, focal_length: float, turn: Turn) -> Array:
    """(N,) pixels by which a turn misses points of the background, whatever their depth, if the camera travels too.

    The translation is that on which most points agree that the turn alone misses, if half of them do.

    Args:
        before: (N, 2) pixels from the principal point, in the first view.
        after: (N, 2) the same points in the second view.
        focal_length: pixels, of the first view.
        turn: fitted to these points.
    """
    later = focal_length * turn.zoom
    turned = np.column_stack([before / focal_length, np.ones(len(before))]) @ turn.rotation.T  # (N, 3)
    seen = np.column_stack([after / later, np.ones(len(after))])
    normals = np.cross(turned, seen)  # (N, 3) at right angles to the translation, which they tell
    missed = np.flatnonzero(turn.errors > 2 * OUTLIER)
    if len(missed) < _FEWEST_MISSED:
        return turn.errors

    def off(direction: Array, points: NDArray[np.intp] | slice) -> Array:
        """Pixels from the lines on which the points move if the camera travels in this direction."""
        lines = np.cross(direction, turned[points])
        return np.asarray(
            later * np.abs(normals[points] @ direction) / np.maximum(np.linalg.norm(lines[:, :2], axis=1), 1e-9)
        )

    pairs = np.random.default_rng(0).choice(missed, (_TRIED_WAYS, 2))
    directions = unit(np.cross(normals[pairs[:, 0]], normals[pairs[:, 1]]))
    agreed = [int((off(direction, missed) < 2 * OUTLIER).sum()) for direction in directions]
    if max(agreed) < len(missed) / 2:
        return turn.errors
    return np.minimum(off(directions[int(np.argmax(agreed))], slice(None)), turn.errors)


def project(rays: Array, rotation: Array, focal_length: float) -> Array:
    """Directions (N, 3) to pixels (N, 2) from the principal point of a camera turned by `rotation` (3, 3)."""
    seen = rays @ rotation.T
    pixels: Array = focal_length * seen[:, :2] / np.maximum(seen[:, 2:], 0.1)
    return pixels


def angle_of(rotation: Array) -> float:
    """Radians of a rotation (3, 3)."""
    sine = np.linalg.norm(rotation - rotation.T) / np.sqrt(8)
    return float(np.arctan2(sine, (np.trace(rotation) - 1) / 2))
