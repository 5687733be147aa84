"""A camera from points in space and in its picture: the direct linear transform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.linalg import rq

from posenet3d_blender.arrays import Array
from posenet3d_blender.errors import PoseNet3DError

MOST_POINTS: Final = 4000
FEWEST_POINTS: Final = 50


@dataclass(frozen=True)
class ResectedCamera:
    """A pinhole camera; x right, y down, z forward."""

    intrinsics: Array
    """(3, 3) pixels."""
    world_to_camera: Array
    """(4, 4) metres."""

    def to_camera(self, points: Array) -> Array:
        """Points (..., 3) of the world in the camera's frame."""
        turned: Array = points @ self.world_to_camera[:3, :3].T + self.world_to_camera[:3, 3]
        return turned


def resect(world: Array, pixels: Array) -> ResectedCamera:
    """The camera that shows points (N, 3), metres, at (N, 2) pixels, by least squares.

    Hartley and Zisserman, Multiple View Geometry, algorithm 7.1 without its refinement: the points of a data set are
    exact and many.

    Raises:
        PoseNet3DError: there are too few points, or they lie in a plane.
    """
    if len(world) < FEWEST_POINTS:
        raise PoseNet3DError(f"a camera can't be found from {len(world)} points; {FEWEST_POINTS} are needed")
    chosen = np.linspace(0, len(world) - 1, min(len(world), MOST_POINTS)).astype(int)
    space, space_frame = _normalised(world[chosen])
    picture, picture_frame = _normalised(pixels[chosen])
    homogeneous = np.concatenate([space, np.ones((len(space), 1))], axis=1)  # (N, 4)
    zero = np.zeros_like(homogeneous)
    rows = np.concatenate(
        [
            np.concatenate([homogeneous, zero, -picture[:, :1] * homogeneous], axis=1),
            np.concatenate([zero, homogeneous, -picture[:, 1:] * homogeneous], axis=1),
        ]
    )  # (2 N, 12)
    _, sizes, directions = np.linalg.svd(rows, full_matrices=False)
    if sizes[-2] < 1e-6 * sizes[0]:
        raise PoseNet3DError("a camera can't be found from points in one plane")
    projection = np.linalg.inv(picture_frame) @ directions[-1].reshape(3, 4) @ space_frame
    return _decomposed(projection)


def _normalised(points: Array) -> tuple[Array, Array]:
    """Points (N, D) about 0 and of unit size, and the (D + 1, D + 1) transform to them."""
    middle, size = points.mean(0), points.std()
    transform = np.eye(points.shape[1] + 1)
    transform[:-1, :-1] /= size
    transform[:-1, -1] = -middle / size
    return (points - middle) / size, transform


def _decomposed(projection: Array) -> ResectedCamera:
    """Intrinsics and pose of a projection (3, 4) of any scale and sign."""
    projection = projection * np.sign(np.linalg.det(projection[:, :3]))
    intrinsics, rotation = rq(projection[:, :3])
    signs = np.sign(np.diag(intrinsics))
    intrinsics, rotation = intrinsics * signs, signs[:, None] * rotation
    world_to_camera = np.eye(4)
    world_to_camera[:3, :3] = rotation
    world_to_camera[:3, 3] = np.linalg.solve(intrinsics, projection[:, 3])
    return ResectedCamera(intrinsics / intrinsics[2, 2], world_to_camera)
