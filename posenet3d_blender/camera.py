"""The pinhole camera that saw the footage.

Image frame: pixels of the upright picture, x right, y down, origin at the top left corner.
Camera frame: x right, y down, z forward, metres. World frame: Blender's, Z up, metres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import Array, FloatArray


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
