"""The solved camera and the footage behind the scene."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import bpy
import numpy as np
import pytest
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Vector

from posenet3d_blender.body.model import Body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.camera import Camera
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


def write_video(path: Path, rate: Fraction, frame_count: int, codec: str = "mpeg4") -> Path:
    av = pytest.importorskip("av")
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = 64, 32, "yuv420p"
        for _ in range(frame_count):
            picture = av.VideoFrame.from_ndarray(np.zeros((32, 64, 3), dtype=np.uint8), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def picture_numbers() -> list[int]:
    """The number, from 0, of the footage's picture behind each frame of the scene."""
    scene = bpy.context.scene
    numbers = []
    for frame in range(scene.frame_start, scene.frame_end + 1):
        scene.frame_set(frame)
        lens = scene.camera.data.evaluated_get(bpy.context.evaluated_depsgraph_get())
        user = lens.background_images[0].image_user
        assert user.frame_duration >= scene.frame_end - user.frame_start + 1
        numbers.append(frame - user.frame_start + user.frame_offset)
    return numbers


@pytest.mark.parametrize("start", [0.0, 0.4])
@pytest.mark.parametrize(
    ("movie_rate", "scene_rate"), [(30, 30.0), (30, 24.0), (25, 50.0), (Fraction(30000, 1001), 30.0)]
)
def test_footage_runs_in_step_with_the_motion(
    movie_rate: int | Fraction, scene_rate: float, start: float, body: Body, make_motion: MakeMotion, tmp_path: Path
) -> None:
    video = write_video(tmp_path / "walk.mp4", Fraction(movie_rate), 60)
    camera = camera_seeing_origin((64, 32))
    build_scene([make_motion(30, frame_rate=scene_rate, start=start, camera=camera)], body, video)
    expected = (start + np.arange(30) / scene_rate) * float(movie_rate)
    assert np.abs(np.array(picture_numbers()) - expected).max() <= 0.51


def test_a_raw_stream_of_whose_rate_blender_knows_nothing_runs_in_step(
    body: Body, make_motion: MakeMotion, tmp_path: Path
) -> None:
    video = write_video(tmp_path / "walk.h264", Fraction(25), 60, "libx264")
    build_scene([make_motion(20, frame_rate=30.0, camera=camera_seeing_origin((64, 32)))], body, video)
    assert np.abs(np.array(picture_numbers()) - np.arange(20) / 30 * 25).max() <= 0.51


def test_footage_is_shown_behind_and_names_the_scene(body: Body, make_motion: MakeMotion, tmp_path: Path) -> None:
    video = write_video(tmp_path / "walk.mp4", Fraction(30), 10)
    (armature,) = build_scene([make_motion(5, camera=camera_seeing_origin((64, 32)))], body, video)
    assert armature.name == "walk"
    lens = bpy.context.scene.camera.data
    assert lens.show_background_images
    (background,) = lens.background_images
    assert Path(background.image.filepath) == video.resolve()
    assert background.display_depth == "BACK"
    assert lens.animation_data is None  # the same rate needs no keys
    assert not bpy.data.movieclips


def test_a_phones_video_stands_upright(body: Body, make_motion: MakeMotion, tmp_path: Path) -> None:
    """Stored lying down, with the note to turn it a quarter clockwise; Blender itself obeys that since 4.4."""
    video = write_video(tmp_path / "walk.mp4", Fraction(30), 10)
    turn_by_metadata(video)
    build_scene([make_motion(5, camera=camera_seeing_origin((32, 64)))], body, video)
    (background,) = bpy.context.scene.camera.data.background_images
    if bpy.app.version >= (4, 4):
        assert tuple(background.image.size) == (32, 64)
        assert (background.rotation, background.scale) == (0, 1)
    else:
        assert tuple(background.image.size) == (64, 32)
        assert background.rotation == pytest.approx(np.pi / 2)  # clockwise, seen in Blender 4.3's viewport
        assert background.scale == pytest.approx(2)


def turn_by_metadata(video: Path) -> None:
    """Write the matrix of a quarter turn into the track's header (ISO 14496-12, box `tkhd`, version 0)."""
    content = bytearray(video.read_bytes())
    matrix = content.index(b"tkhd") + 4 + 40
    content[matrix : matrix + 36] = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    video.write_bytes(content)
