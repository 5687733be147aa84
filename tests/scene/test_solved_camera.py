"""The solved camera."""

from __future__ import annotations

from dataclasses import replace

import bpy
import numpy as np
import pytest
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Vector

from posenet3d_blender.body.model import Body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.camera import Camera, CameraPath
from posenet3d_blender.scene import build_scene

from .conftest import MakeMotion

SIZES = [(1920, 1080), (1080, 1920), (640, 640), (721, 1283)]


def camera_seeing_origin(image_size: tuple[int, int]) -> Camera:
    """Four metres in front of the person, a little to the side and rolled."""
    to_camera = np.eye(4)
    level = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
    to_camera[:3, :3] = axis_angle_to_matrix(np.array([0.1, -0.2, 0.05])) @ level
    to_camera[:3, 3] = (0.3, 0.9, 4.0)
    return Camera(1.1 * max(image_size), image_size, to_camera)


@pytest.mark.parametrize("image_size", SIZES)
def test_blender_sees_what_the_solved_camera_saw(
    image_size: tuple[int, int], body: Body, make_motion: MakeMotion
) -> None:
    camera = camera_seeing_origin(image_size)
    motion = make_motion(3, camera=camera)
    build_scene([motion], body)
    scene = bpy.context.scene
    assert (scene.render.resolution_x, scene.render.resolution_y) == image_size
    width, height = image_size
    for point in motion.joints.reshape(-1, 3):
        x, y, depth = world_to_camera_view(scene, scene.camera, Vector(point))
        np.testing.assert_allclose([x * width, (1 - y) * height], camera.project(point), atol=0.05)
        assert depth > 0


def test_a_motion_without_camera_leaves_the_users_camera_and_size(body: Body, make_motion: MakeMotion) -> None:
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = 123, 45
    build_scene([make_motion(3)], body)
    assert scene.camera is None
    assert (scene.render.resolution_x, scene.render.resolution_y) == (123, 45)


def test_blender_sees_what_a_moving_camera_saw(body: Body, make_motion: MakeMotion) -> None:
    motion = make_motion(6, start=0.5)
    still = camera_seeing_origin((1280, 720))
    path = CameraPath.of([still] * 6, motion.time)
    turns = axis_angle_to_matrix(np.linspace(0, 0.3, 6)[:, None] * [0.2, 1.0, 0.1])
    path.world_to_camera[:, :3] = turns @ path.world_to_camera[:, :3]
    path.world_to_camera[:, 0, 3] += np.linspace(0, 0.5, 6)
    path = replace(path, focal_lengths=np.linspace(1, 1.4, 6) * path.focal_lengths)
    build_scene([replace(motion, camera=path.camera(0), camera_path=path)], body)
    scene = bpy.context.scene
    for row in range(6):
        scene.frame_set(1 + row)
        expected = path.camera(row).project(motion.joints[row])
        for point, pixel in zip(motion.joints[row], expected, strict=True):
            x, y, _ = world_to_camera_view(scene, scene.camera, Vector(point))
            np.testing.assert_allclose([x * 1280, (1 - y) * 720], pixel, atol=0.05)


def test_a_lens_that_does_not_zoom_is_not_keyed(body: Body, make_motion: MakeMotion) -> None:
    motion = make_motion(4)
    path = CameraPath.of([camera_seeing_origin((1280, 720))] * 4, motion.time)
    build_scene([replace(motion, camera=path.camera(0), camera_path=path)], body)
    camera = bpy.context.scene.camera
    assert camera.animation_data.action is not None
    assert camera.data.animation_data is None
