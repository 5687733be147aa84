"""The level ground that a camera travels over, from points of the background: it tells gravity, and metres.

The parallax gives the ground's distance below the camera in the path's unit; somebody's feet that stand on it give the
same in metres. Feet need not rest for that, as they must for their slip to tell the scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import Array, blocks
from ...body.rotations import unit
from .observations import Observations

FEWEST_OBSERVATIONS: Final = 5
"""Of a point, to be placed."""
LEAST_PARALLAX: Final = 0.06
"""Root of the sum of the squared angles, radians, between a point's directions: its distance is 2% uncertain then."""
LARGEST_RESIDUAL: Final = 1.5
"""Pixels, the mean, by which a point's place may miss its observations."""
LARGEST_TILT: Final = np.radians(10)
"""Between the ground's normal and the vertical that a person's posture tells."""
THICKNESS: Final = 0.03
"""Distance of the ground's points from its plane, over that of the camera."""
FEWEST_POINTS: Final = 40
LEAST_SHARE: Final = 0.15
"""Part of the placed points that must lie on the ground."""
_TRIES: Final = 600
_REFINEMENTS: Final = 4
_BLOCK: Final = 100_000
"""Observations that are summed at once: an hour has millions."""


@dataclass(frozen=True)
class Ground:
    """A plane in the frame of a camera's path, in the path's unit: the points p with `up` · p = `height`."""

    up: Array
    """(3,) unit vector."""
    height: float


def placed_points(observations: Observations, rotations: Array, positions: Array, focal_length: float) -> Array:
    """(N, 3) the points of the background whose place the parallax tells, nearest to the lines on which they are seen.

    Args:
        observations: in M pictures, numbered from 0.
        rotations: (M, 3, 3) from the frame of the result to each picture's camera.
        positions: (M, 3) in the frame of the result.
        focal_length: pixels.
    """
    if not len(observations.rows):
        return np.zeros((0, 3))
    points = observations.numbers  # they count up from 0
    seen = np.bincount(points)
    squares, sums = np.zeros((len(seen), 3, 3)), np.zeros((len(seen), 3))
    for part in blocks(len(points), _BLOCK):
        rows = observations.rows[part]
        rays = np.column_stack([observations.places[part] / focal_length, np.ones(len(rows))])
        directions = unit(np.einsum("oba,ob->oa", rotations[rows], rays))
        across = np.eye(3) - directions[:, :, None] * directions[:, None]  # (O, 3, 3)
        np.add.at(squares, points[part], across)
        np.add.at(sums, points[part], (across @ positions[rows][..., None])[..., 0])
    told = (seen >= FEWEST_OBSERVATIONS) & (np.linalg.eigvalsh(squares)[:, 0] > LEAST_PARALLAX**2)
    places = np.zeros((len(seen), 3))
    places[told] = np.linalg.solve(squares[told], sums[told][..., None])[..., 0]
    residuals = np.zeros(len(seen))
    for part in blocks(len(points), _BLOCK):
        rows = observations.rows[part]
        in_camera = np.einsum("oab,ob->oa", rotations[rows], places[points[part]] - positions[rows])
        pixels = focal_length * in_camera[:, :2] / np.maximum(in_camera[:, 2:], 1e-3)
        np.add.at(residuals, points[part], np.linalg.norm(pixels - observations.places[part], axis=1))
    return np.asarray(places[told & (residuals < LARGEST_RESIDUAL * seen)])


def find_ground(points: Array, positions: Array, up: Array) -> Ground | None:
    """The plane below the camera on which most points lie, of those that are about level; None: there is none.

    Args:
        points: (N, 3) of the background.
        positions: (F, 3) of the camera.
        up: (3,) unit vector against gravity, about.
    """
    middle = np.median(positions, axis=0)
    below = points[(points - middle) @ up < 0]
    if len(below) < FEWEST_POINTS:
        return None
    triples = below[np.random.default_rng(0).integers(len(below), size=(_TRIES, 3))]  # (K, 3, 3)
    normals = np.cross(triples[:, 1] - triples[:, 0], triples[:, 2] - triples[:, 0])
    sizes = np.linalg.norm(normals, axis=1)
    normals = normals / np.maximum(sizes, 1e-12)[:, None]
    normals = normals * np.where(normals @ up < 0, -1.0, 1.0)[:, None]
    heights = np.einsum("ka,ka->k", normals, triples[:, 0])
    level = (sizes > 0) & (normals @ up > np.cos(LARGEST_TILT)) & (normals @ middle > heights)
    if not level.any():
        return None
    planes = [Ground(*plane) for plane in zip(normals[level], heights[level].tolist(), strict=True)]
    best = max(planes, key=lambda plane: int(_on(plane, below, middle).sum()))
    for _ in range(_REFINEMENTS):
        flat = below[_on(best, below, middle)]
        centre = flat.mean(axis=0)
        normal = np.linalg.eigh((flat - centre).T @ (flat - centre))[1][:, 0]
        normal = normal if normal @ up > 0 else -normal
        best = Ground(normal, float(normal @ centre))
    found = int(_on(best, below, middle).sum())
    is_ground = found >= max(FEWEST_POINTS, LEAST_SHARE * len(points)) and best.up @ up > np.cos(LARGEST_TILT)
    return best if is_ground else None


def _on(plane: Ground, points: Array, camera: Array) -> NDArray[np.bool_]:
    """(N,) whether points (N, 3) lie on a plane, as seen from the camera (3,)."""
    return np.asarray(np.abs(points @ plane.up - plane.height) < THICKNESS * (camera @ plane.up - plane.height))
