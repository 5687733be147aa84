"""A camera that stands, turns, shakes and zooms before a wall with somebody in front of it, by known paths."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.camera import Camera, CameraPath
from posenet3d_blender.capture.camera_motion.shot_camera import camera_of_shot
from posenet3d_blender.capture.camera_motion.track import follow_camera
from posenet3d_blender.capture.camera_motion.turn import angle_of
from posenet3d_blender.capture.detection.detections import DetectedShot
from posenet3d_blender.capture.keypoints.keypoints import Keypoints
from posenet3d_blender.capture.video.footage import open_footage
from posenet3d_blender.progress import silent

RATE = 30
COUNT = 40
SIZE = (480, 360)
FOCAL_LENGTH = 420.0
TIME = np.arange(COUNT) / RATE

Picture = NDArray[np.uint8]
MakeClip = Callable[[Array, Array], Path]


@pytest.fixture(scope="module")
def make_clip(tmp_path_factory: pytest.TempPathFactory) -> MakeClip:
    """Makes a clip of a wall and a swaying figure, seen by a camera of turns (F, 3), radians, and zooms (F,)."""
    rng = np.random.default_rng(0)
    noise = cv2.GaussianBlur(rng.uniform(0, 255, (540, 720)), (0, 0), 5)
    wall = np.clip(128 + 8 * (noise - noise.mean()), 0, 255).astype(np.uint8)
    wide = np.array([[FOCAL_LENGTH, 0, 360], [0, FOCAL_LENGTH, 270], [0, 0, 1]])

    def picture_at(time: float) -> Picture:
        picture = np.dstack([wall, wall, wall])
        left = 310 + round(20 * np.sin(6 * time))
        picture[150:430, left : left + 100] = picture[100:380, 100:200, ::-1] // 2
        return picture

    def make(turns: Array, zooms: Array) -> Path:
        path = tmp_path_factory.mktemp("moving") / "clip.mp4"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=Fraction(RATE), options={"crf": "18", "preset": "veryfast"})
            stream.width, stream.height = SIZE
            stream.pix_fmt = "yuv420p"
            for time, turn, zoom in zip(TIME, axis_angle_to_matrix(turns), zooms, strict=True):
                lens = np.array([[zoom * FOCAL_LENGTH, 0, 240], [0, zoom * FOCAL_LENGTH, 180], [0, 0, 1]])
                seen = cv2.warpPerspective(
                    picture_at(time), lens @ turn @ np.linalg.inv(wide), SIZE, flags=cv2.INTER_AREA
                )
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(seen, dtype=np.uint8), format="rgb24")
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    return make


def figure() -> tuple[Keypoints, ...]:
    """The middle of the picture, where the figure is in every frame."""
    points = np.tile(np.linspace([160.0, 40.0], [320.0, 355.0], 25), (COUNT, 1, 1))
    return (Keypoints(TIME, points, np.ones((COUNT, 25)), SIZE),)


def no_warning(sentence: str) -> None:
    raise AssertionError(sentence)


def path_of(clip: Path, mode: str = "auto") -> Camera | CameraPath:
    footage = open_footage(clip)
    span = (float(footage.time[0]), float(footage.time[-1]))
    lens = Camera(FOCAL_LENGTH, SIZE, np.eye(4))
    return camera_of_shot(footage, DetectedShot(span, figure()), lens, mode, silent, no_warning).camera


def worst_angle(path: CameraPath, turns: Array) -> float:
    """Degrees between the found and the true turns, both relative to the first."""
    true = axis_angle_to_matrix(turns)
    true = true @ true[0].T
    found = path.at(TIME).rotations
    return max(float(np.degrees(angle_of(one @ other.T))) for one, other in zip(found, true, strict=True))


def test_a_camera_that_stands_still_is_found_to(make_clip: MakeClip) -> None:
    assert isinstance(path_of(make_clip(np.zeros((COUNT, 3)), np.ones(COUNT))), Camera)


@pytest.mark.parametrize("axis", [(0.0, 1.0, 0.0), (1.0, 0.0, 0.0), (0.2, 0.3, 1.0)])
def test_pan_tilt_and_roll_are_followed(make_clip: MakeClip, axis: tuple[float, float, float]) -> None:
    turns = 0.06 * np.sin(2 * np.pi * TIME / 1.5)[:, None] * axis
    path = path_of(make_clip(turns, np.ones(COUNT)))
    assert isinstance(path, CameraPath)
    assert worst_angle(path, turns) < 0.15
    assert np.ptp(path.focal_lengths) == 0


def test_a_shaking_hand_is_followed(make_clip: MakeClip) -> None:
    rng = np.random.default_rng(5)
    shake = np.asarray(cv2.GaussianBlur(rng.normal(0, 0.012, (COUNT, 3)), (1, 5), 1.0), dtype=np.float64)
    path = path_of(make_clip(shake, np.ones(COUNT)))
    assert isinstance(path, CameraPath)
    assert worst_angle(path, shake) < 0.2


def test_a_zoom_is_a_zoom(make_clip: MakeClip) -> None:
    zooms = 1 + 0.25 * TIME / TIME[-1]
    path = path_of(make_clip(np.zeros((COUNT, 3)), zooms))
    assert isinstance(path, CameraPath)
    np.testing.assert_allclose(path.focal_lengths / path.focal_lengths[0], zooms, rtol=0.01)
    assert worst_angle(path, np.zeros((COUNT, 3))) < 0.2


def test_static_and_moving_can_be_stated(make_clip: MakeClip) -> None:
    clip = make_clip(0.05 * np.sin(4 * TIME)[:, None] * [0.0, 1.0, 0.0], np.ones(COUNT))
    assert isinstance(path_of(clip, "static"), Camera)
    assert isinstance(path_of(clip, "moving"), CameraPath)


def test_a_picture_without_structure_says_nothing_of_the_camera(tmp_path: Path) -> None:
    path = tmp_path / "grey.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(RATE))
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        grey = np.full((SIZE[1], SIZE[0], 3), 120, np.uint8)
        for _ in range(12):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        container.mux(stream.encode(None))
    footage = open_footage(path)
    assert follow_camera(footage, slice(0, footage.frame_count), [], FOCAL_LENGTH) is None
