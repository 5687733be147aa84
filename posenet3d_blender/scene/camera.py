"""The solved camera as a Blender object.

Blender's cameras look along -Z with Y up; the solved camera's frame has z forward and y down.
"""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np
from mathutils import Matrix

from ..camera import Camera

_SENSOR: Final = 36.0
"""Millimetres along the longer side of the image, so that the focal length reads as on a full-frame camera."""

_FLIP: Final = np.diag([1.0, -1.0, -1.0, 1.0])


def add_camera(name: str, camera: Camera, collection: bpy.types.Collection) -> bpy.types.Object:
    """Add a camera object that projects as `camera` does, if the render has its image size."""
    lens = bpy.data.cameras.new(name)
    lens.sensor_fit = "AUTO"
    lens.sensor_width = _SENSOR
    lens.lens_unit = "MILLIMETERS"
    lens.lens = camera.focal_length * _SENSOR / max(camera.image_size)
    camera_object = bpy.data.objects.new(name, lens)
    camera_object.matrix_world = Matrix(np.linalg.inv(camera.world_to_camera) @ _FLIP)
    collection.objects.link(camera_object)
    return camera_object
