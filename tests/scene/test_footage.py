"""The footage behind the scene: the same images at the same time, the same way up, as the capture had them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import bpy
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from posenet3d_blender.background import Background
from posenet3d_blender.body.model import Body
from posenet3d_blender.camera import Camera
from posenet3d_blender.capture.video.footage import Footage, open_footage, read_frames
from posenet3d_blender.scene import build_scene
from posenet3d_blender.scene.footage import _orient

from .conftest import MakeMotion
from .test_solved_camera import camera_seeing_origin

Image = NDArray[np.uint8]
Matrix = tuple[float, float, float, float]
MATRICES: list[Matrix] = [
    *[(1, 0, 0, 1), (0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0)],
    *[(-1, 0, 0, 1), (1, 0, 0, -1), (0, 1, 1, 0), (0, -1, -1, 0)],
    # some degrees off a quarter: then Blender does not turn at all
    *[(0.996, 0.087, -0.087, 0.996), (0.07, 0.998, -0.998, 0.07), (-0.087, 0.996, 0.996, 0.087)],
]


def quarters(width: int = 64, height: int = 32) -> Image:
    picture = np.zeros((height, width, 3), np.uint8)
    picture[: height // 2, : width // 2] = 255, 0, 0
    picture[: height // 2, width // 2 :] = 0, 255, 0
    picture[height // 2 :, : width // 2] = 0, 0, 255
    picture[height // 2 :, width // 2 :] = 255, 255, 255
    return picture


def write_video(
    path: Path,
    pictures: Sequence[Image],
    rate: Fraction | int = 30,
    aspect: Fraction | None = None,
    codec: str = "mpeg4",
) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(rate))
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


def write_matrix(video: Path, matrix: Matrix) -> None:
    """Write a, b, c, d into the track's header (ISO 14496-12, box `tkhd`, version 0)."""
    content = bytearray(video.read_bytes())
    place = content.index(b"tkhd") + 4 + 40
    a, b, c, d = (round(value * 0x10000) for value in matrix)
    struct.pack_into(">9i", content, place, a, b, 0, c, d, 0, 0, 0, 0x40000000)
    video.write_bytes(content)


def built(footage: Footage, body: Body, make_motion: MakeMotion, **motion: Any) -> Any:
    """The background behind a motion of this footage."""
    camera = camera_seeing_origin(footage.image_size)
    build_scene([make_motion(camera=camera, **motion)], body, footage.background)
    (background,) = bpy.context.scene.camera.data.background_images
    return background


def stored_pixels(image: Any) -> Image:
    """(H, W, 3) as Blender has them, the top row first."""
    width, height = image.size
    pixels = np.array(image.pixels[:]).reshape(height, width, -1)[::-1, :, :3]
    return np.asarray(np.round(pixels * 255), dtype=np.uint8)


def drawn_at(
    background: Any, pixels: Image, image_size: tuple[int, int], places: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Places in the image, from (0, 0) to (1, 1), the viewport takes the colour for places of the camera's frame.

    Blender's way: fit the image with its display aspect into the frame, mirror it, scale it, rotate it clockwise.

    Args:
        background: of the camera.
        pixels: (H, W, 3) Blender's image.
        image_size: of the frame, pixels.
        places: (K, 2) pixels of the frame, y down.
    """
    frame = np.array(image_size, dtype=np.float64)
    height, width = pixels.shape[:2]
    aspect = width * background.image.display_aspect[0] / (height * background.image.display_aspect[1])
    size = np.array([frame[0], frame[0] / aspect] if aspect > frame[0] / frame[1] else [frame[1] * aspect, frame[1]])
    size = size * background.scale * [-1 if background.use_flip_x else 1, -1 if background.use_flip_y else 1]
    cosine, sine = np.cos(background.rotation), np.sin(background.rotation)
    unrotated = (places - frame / 2) @ np.array([[cosine, -sine], [sine, cosine]])
    return np.asarray(unrotated / size + 0.5, dtype=np.float64)


def assert_drawn_upright(background: Any, pixels: Image, footage: Footage) -> None:
    """The frame's corners and edges show what the capture saw there, neither narrower nor wider."""
    width, height = footage.image_size
    captured = next(read_frames(footage)).image
    inside = np.array([[x * width, y * height] for y in (0.2, 0.8) for x in (0.2, 0.8)])
    parts = drawn_at(background, pixels, footage.image_size, inside)
    for part, place in zip(parts, inside, strict=True):
        column, row = (part * [pixels.shape[1], pixels.shape[0]]).astype(int)
        x, y = place.astype(int)
        assert np.abs(pixels[row, column].astype(int) - captured[y, x]).max() < 60
    edges = drawn_at(background, pixels, footage.image_size, np.array([[0.0, 0.0], [float(width), float(height)]]))
    np.testing.assert_allclose(np.sort(edges, axis=0), [[0, 0], [1, 1]], atol=0.02)


@pytest.mark.parametrize("matrix", MATRICES)
def test_a_track_that_is_turned_or_mirrored(
    matrix: Matrix, body: Body, make_motion: MakeMotion, tmp_path: Path
) -> None:
    video = write_video(tmp_path / "phone.mp4", [quarters()] * 8)
    write_matrix(video, matrix)
    footage = open_footage(video)
    background = built(footage, body, make_motion, frame_count=5)
    assert_drawn_upright(background, stored_pixels(background.image), footage)


@pytest.mark.parametrize("matrix", MATRICES)
def test_the_same_where_blender_turns_nothing_by_itself(matrix: Matrix, tmp_path: Path) -> None:
    """Before 4.4, and in image sequences."""
    video = write_video(tmp_path / "phone.mp4", [quarters()] * 8)
    write_matrix(video, matrix)
    footage = open_footage(video)
    background = SimpleNamespace(image=SimpleNamespace(), scale=1.0, use_flip_x=False, use_flip_y=False, rotation=0.0)
    _orient(background, footage.background, (1, 0, 0, 1), footage.image_size)
    assert_drawn_upright(background, quarters(), footage)


@pytest.mark.parametrize("matrix", [MATRICES[0], MATRICES[1], MATRICES[4], MATRICES[6]])
@pytest.mark.parametrize("aspect", [Fraction(4, 3), Fraction(1, 2)])
def test_pixels_that_are_not_square(
    aspect: Fraction, matrix: Matrix, body: Body, make_motion: MakeMotion, tmp_path: Path
) -> None:
    video = write_video(tmp_path / "sar.mp4", [quarters(64, 64)] * 8, aspect=aspect)
    write_matrix(video, matrix)
    footage = open_footage(video)
    assert footage.image_size[0] != footage.image_size[1]
    background = built(footage, body, make_motion, frame_count=5)
    assert_drawn_upright(background, stored_pixels(background.image), footage)


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


BLACK = np.zeros((32, 64, 3), np.uint8)


@pytest.mark.parametrize("start", [0.0, 0.4])
@pytest.mark.parametrize(
    ("movie_rate", "scene_rate"), [(30, 30.0), (30, 24.0), (25, 50.0), (Fraction(30000, 1001), 30.0)]
)
def test_footage_runs_in_step_with_the_motion(
    movie_rate: int | Fraction, scene_rate: float, start: float, body: Body, make_motion: MakeMotion, tmp_path: Path
) -> None:
    footage = open_footage(write_video(tmp_path / "walk.mp4", [BLACK] * 60, movie_rate))
    built(footage, body, make_motion, frame_count=30, frame_rate=scene_rate, start=start)
    expected = (start + np.arange(30) / scene_rate) * float(movie_rate)
    assert np.abs(np.array(picture_numbers()) - expected).max() <= 0.51


def test_a_clock_that_jumps(body: Body, make_motion: MakeMotion, tmp_path: Path) -> None:
    """Two recordings in one file, the second an hour later: Blender counts frames by the file's clock."""
    time = np.arange(60) / 30
    file_time = time + 3600 * (time >= 1)
    video = write_video(tmp_path / "jump.mp4", [BLACK] * 60)
    motion = make_motion(60, camera=camera_seeing_origin((64, 32)))
    build_scene([motion], body, Background(video, "jump", time, file_time))
    expected = np.arange(60) + np.where(np.arange(60) >= 30, 108_000, 0)
    assert picture_numbers() == expected.tolist()


def test_frames_that_come_early_or_late(body: Body, make_motion: MakeMotion, tmp_path: Path) -> None:
    """Phones' frames are milliseconds off the grid; a number just before one would show the frame before it.

    Between two that come late and early there may be no number; then a neighbour is shown.
    """
    generator = np.random.default_rng(0)
    time = np.arange(60) / 30 + generator.uniform(0, 0.012, 60)
    time -= time[0]
    video = write_video(tmp_path / "phone.mp4", [BLACK] * 60)
    footage = Background(video, "phone", time, time)
    build_scene([make_motion(50, camera=camera_seeing_origin((64, 32)))], body, footage)
    asked = np.array(picture_numbers()) / 30
    shown = np.searchsorted(time, asked + 0.7e-3, side="right") - 1
    wanted = footage.picture_at(np.arange(50) / 30)
    first_number = np.ceil(time * 30)
    has_number = first_number[:-1] / 30 < time[1:] - 0.7e-3
    np.testing.assert_array_equal(shown[has_number[wanted]], wanted[has_number[wanted]])
    assert np.abs(shown - wanted).max() == 1
    assert 10 < has_number.sum() < 50


def test_footage_is_shown_behind_and_names_the_scene(body: Body, make_motion: MakeMotion, tmp_path: Path) -> None:
    video = write_video(tmp_path / "walk.mp4", [BLACK] * 10)
    camera = camera_seeing_origin((64, 32))
    (armature,) = build_scene([make_motion(5, camera=camera)], body, open_footage(video).background)
    assert armature.name == "walk"
    lens = bpy.context.scene.camera.data
    assert lens.show_background_images
    (background,) = lens.background_images
    assert Path(background.image.filepath) == video.resolve()
    assert background.display_depth == "BACK"
    assert lens.animation_data is None  # the same rate needs no keys
    assert not bpy.data.movieclips


def test_an_image_sequence(body: Body, make_motion: MakeMotion, tmp_path: Path) -> None:
    numbers = [7, 8, 9, 11, 12, 13]  # one is missing
    for number in numbers:
        cv2.imwrite(str(tmp_path / f"shot_{number:03}.png"), np.full((32, 64, 3), 10 * number, np.uint8))
    footage = open_footage(tmp_path, 10)
    background = built(footage, body, make_motion, frame_count=7, frame_rate=10.0)
    assert background.image.source == "SEQUENCE"
    assert bpy.context.scene.collection.children[0].name == tmp_path.name
    # Blender counts from 1; behind the missing picture's frame stays the one before or after it.
    shown = [number + 1 for number in picture_numbers()]
    assert shown[:3] + shown[4:] == numbers
    assert shown[3] in (9, 11)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda folder: write_video(folder / "raw.h264", [BLACK] * 20, codec="libx264"), "Blender can't read"),
        (lambda folder: write_unnumbered(folder), "numbers in their names"),
        (lambda folder: write_two_tracks(folder / "two.mkv"), "first video track"),
    ],
    ids=["raw stream", "pictures without numbers", "second track"],
)
def test_what_blender_can_not_show(
    make: Callable[[Path], Path], reason: str, body: Body, make_motion: MakeMotion, tmp_path: Path
) -> None:
    """No wrong picture behind the motion, but a warning."""
    footage = open_footage(make(tmp_path), 30)
    warnings: list[str] = []
    motion = make_motion(5, camera=camera_seeing_origin((64, 32)))
    (armature,) = build_scene([motion], body, footage.background, warnings.append)
    assert armature.name == footage.background.name
    assert not bpy.context.scene.camera.data.background_images
    assert not bpy.data.images
    (warning,) = warnings
    assert reason in warning
    assert "convert it to an .mp4" in warning


def write_unnumbered(folder: Path) -> Path:
    for name in "abc":
        cv2.imwrite(str(folder / f"{name}.png"), BLACK)
    return folder


def write_two_tracks(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        streams = []
        for place in range(2):
            stream = container.add_stream("mpeg4", rate=30)
            assert isinstance(stream, av.VideoStream)
            stream.width, stream.height, stream.pix_fmt = 64, 32, "yuv420p"
            stream.disposition = av.stream.Disposition(place)
            streams.append(stream)
        for stream in streams:
            for _ in range(5):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(BLACK, format="rgb24")))
            container.mux(stream.encode(None))
    return path


def test_the_overlay_lies_on_the_body_in_anamorphic_footage(
    shared_folder: Path, body: Body, make_motion: MakeMotion
) -> None:
    video = shared_folder / "cases" / "sar.mp4"
    if not video.is_file():
        pytest.skip("../shared/cases is not beside this checkout")
    footage = open_footage(video)
    camera = Camera(700.0, footage.image_size, camera_seeing_origin(footage.image_size).world_to_camera)
    build_scene([make_motion(3, camera=camera)], body, footage.background)
    (background,) = bpy.context.scene.camera.data.background_images
    render = bpy.context.scene.render
    assert (render.resolution_x, render.resolution_y) == (720, 540)
    assert tuple(background.image.size) == (540, 540)
    edges = drawn_at(background, np.zeros((540, 540, 3), np.uint8), (720, 540), np.array([[0.0, 0.0], [720.0, 540.0]]))
    np.testing.assert_allclose(edges, [[0, 0], [1, 1]], atol=1e-6)
