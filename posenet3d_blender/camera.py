"""The pinhole camera that saw the footage, at rest or in motion.

Image frame: pixels of the upright picture, x right, y down, origin at the top left corner.
Camera frame: x right, y down, z forward, metres. World frame: Blender's, Z up, metres.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from .arrays import Array, FloatArray, interpolate_rows
from .body.rotations import interpolate_rotations

NARROWEST_VIEW: Final = 1.0
WIDEST_VIEW: Final = 170.0
"""Degrees that a field of view may be."""


@dataclass(frozen=True)
class Camera:
    """A static pinhole camera with square pixels and its principal point in the middle of the picture."""

    focal_length: float
    """In pixels."""
    image_size: tuple[int, int]
    """Width and height of the upright picture, pixels."""
    world_to_camera: Array
    """(4, 4) rigid transform from world to camera frame."""

    @staticmethod
    def from_field_of_view(degrees: float, image_size: tuple[int, int]) -> Camera:
        """A camera at the origin whose field of view along the picture's longer side is `degrees`."""
        focal_length = max(image_size) / 2 / np.tan(np.radians(degrees) / 2)
        return Camera(float(focal_length), image_size, np.eye(4))

    @property
    def principal_point(self) -> Array:
        """(2,) pixels."""
        return np.array(self.image_size, dtype=np.float64) / 2

    def project(self, points: FloatArray) -> Array:
        """World points (..., 3) to pixels (..., 2). Points behind the camera give meaningless pixels."""
        in_camera = points @ self.world_to_camera[:3, :3].T + self.world_to_camera[:3, 3]
        pixels: Array = in_camera[..., :2] / in_camera[..., 2:] * self.focal_length + self.principal_point
        return pixels


@dataclass(frozen=True)
class CameraPath:
    """A pinhole camera that moves and zooms: the same as `Camera`, at F times."""

    time: Array
    """(F,) seconds, rising."""
    focal_lengths: Array
    """(F,) pixels."""
    image_size: tuple[int, int]
    """Width and height of the upright picture, pixels."""
    world_to_camera: Array
    """(F, 4, 4) rigid transforms."""

    @staticmethod
    def of(cameras: Sequence[Camera], time: Array) -> CameraPath:
        """The path through cameras of one image size at times (F,)."""
        focal_lengths = np.array([camera.focal_length for camera in cameras])
        return CameraPath(
            time, focal_lengths, cameras[0].image_size, np.stack([camera.world_to_camera for camera in cameras])
        )

    @property
    def rotations(self) -> Array:
        """(F, 3, 3) from the world's axes to the camera's."""
        return self.world_to_camera[:, :3, :3]

    @property
    def positions(self) -> Array:
        """(F, 3) metres, world frame."""
        placed: Array = -np.einsum("fba,fb->fa", self.rotations, self.world_to_camera[:, :3, 3])
        return placed

    def camera(self, row: int) -> Camera:
        """The camera at one of the times."""
        return Camera(float(self.focal_lengths[row]), self.image_size, self.world_to_camera[row])

    def at(self, time: Array) -> CameraPath:
        """The path at other times (N,), held before its start and after its end."""
        rotations = interpolate_rotations(self.time, self.rotations, time)  # (N, 3, 3)
        positions = interpolate_rows(time, self.time, self.positions)  # (N, 3)
        world_to_camera = np.tile(np.eye(4), (len(time), 1, 1))
        world_to_camera[:, :3, :3] = rotations
        world_to_camera[:, :3, 3] = -np.einsum("nab,nb->na", rotations, positions)
        return replace(
            self,
            time=time,
            focal_lengths=np.interp(time, self.time, self.focal_lengths),
            world_to_camera=world_to_camera,
        )

    def seen_from(self, other_to_world: Array) -> CameraPath:
        """The same path in another world frame; other_to_world: (4, 4) from that frame to this one's."""
        return replace(self, world_to_camera=self.world_to_camera @ other_to_world)

    def scaled(self, scale: float) -> CameraPath:
        """The same path with all positions `scale` times as far from the origin."""
        world_to_camera = self.world_to_camera.copy()
        world_to_camera[:, :3, 3] *= scale
        return replace(self, world_to_camera=world_to_camera)

    def project(self, points: FloatArray) -> Array:
        """World points (F, K, 3), at the path's times, to pixels (F, K, 2)."""
        in_camera = np.einsum("fab,fkb->fka", self.rotations, points) + self.world_to_camera[:, None, :3, 3]
        centre = np.array(self.image_size, dtype=np.float64) / 2
        pixels: Array = in_camera[..., :2] / in_camera[..., 2:] * self.focal_lengths[:, None, None] + centre
        return pixels
