"""The solved camera as a Blender object.

Blender's cameras look along -Z with Y up; the solved camera's frame has z forward and y down.
"""

from __future__ import annotations

from typing import Final

import bpy
import numpy as np
from mathutils import Matrix

from ..body.rotations import continuous_quaternions, matrix_to_quaternion
from ..camera import Camera, CameraPath
from .keys import assign_action, write_curves
from .names import data_name

_SENSOR: Final = 36.0
"""Millimetres along the image's side that Blender fits: 36 along the longer one is a full-frame camera."""

_FLIP: Final = np.diag([1.0, -1.0, -1.0, 1.0])


def add_camera(
    name: str, camera: Camera, collection: bpy.types.Collection, frame: tuple[float, float] | None = None
) -> bpy.types.Object:
    """Add a camera object that projects as `camera` does.

    Args:
        name: name of object and lens.
        camera: the solved camera.
        collection: collection that the object is linked to.
        frame: width and height of the scene's render, in any unit; None: the image's own. In a frame of another format
            the camera sees more at two sides, and the image lies within as Blender fits a background ("Fit").
    """
    lens = bpy.data.cameras.new(name)
    width, height = frame or camera.image_size
    image_width, image_height = camera.image_size
    if width * image_height == height * image_width:
        lens.sensor_fit, side = "AUTO", max(camera.image_size)
    elif width * image_height > height * image_width:
        lens.sensor_fit, side = "VERTICAL", image_height
    else:
        lens.sensor_fit, side = "HORIZONTAL", image_width
    lens.sensor_width = lens.sensor_height = _SENSOR
    lens.lens_unit = "MILLIMETERS"
    lens.lens = camera.focal_length * _SENSOR / side
    camera_object = bpy.data.objects.new(name, lens)
    camera_object.matrix_world = Matrix(np.linalg.inv(camera.world_to_camera) @ _FLIP)
    collection.objects.link(camera_object)
    return camera_object


def key_camera(camera_object: bpy.types.Object, path: CameraPath, first_frame: int) -> None:
    """Animate a camera object, made of the path's first camera, one linear key per time, from `first_frame` on.

    The lens is keyed only where it zooms.
    """
    frames = np.arange(first_frame, first_frame + len(path.time))
    axes = np.swapaxes(path.rotations, 1, 2) @ _FLIP[:3, :3]  # (F, 3, 3)
    camera_object.rotation_mode = "QUATERNION"
    quaternions = continuous_quaternions(matrix_to_quaternion(axes))
    action = bpy.data.actions.new(data_name(camera_object.name, "_motion"))
    assign_action(camera_object, action)
    write_curves(action, camera_object, "rotation_quaternion", frames, quaternions, group="camera")
    write_curves(action, camera_object, "location", frames, path.positions, group="camera")
    if np.ptp(path.focal_lengths) > 0:
        lens = camera_object.data
        lens_action = bpy.data.actions.new(data_name(camera_object.name, "_zoom"))
        assign_action(lens, lens_action)
        millimetres = lens.lens * path.focal_lengths / path.focal_lengths[0]
        write_curves(lens_action, lens, "lens", frames, millimetres[:, None], group="camera")
