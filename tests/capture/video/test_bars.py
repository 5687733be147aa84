"""Black bars around the picture: the guessed lens is that of the picture between them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from posenet3d_blender.camera import Camera
from posenet3d_blender.capture.video.bars import lens_between_bars, size_between_bars
from posenet3d_blender.capture.video.footage import open_footage
from posenet3d_blender.progress import Warn

from ..conftest import WriteVideo

FRAMES = slice(0, 20)


def noise(width: int, height: int, brightest: int = 200) -> NDArray[np.uint8]:
    """A picture (height, width, 3) of blocks of different brightness."""
    blocks = np.random.default_rng(0).integers(0, brightest, (height // 8, width // 8, 1))
    return np.repeat(np.kron(blocks[..., 0], np.ones((8, 8))).astype(np.uint8)[..., None], 3, axis=2)


def padded(picture: NDArray[np.uint8], left: int, right: int, top: int = 0, bottom: int = 0) -> NDArray[np.uint8]:
    return np.pad(picture, ((top, bottom), (left, right), (0, 0)))


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        (noise(320, 160), (320, 160)),
        (padded(noise(96, 160), 112, 112), (96, 160)),
        (padded(noise(160, 88), 0, 0, 100, 100), (160, 88)),
        (padded(noise(160, 80), 40, 40, 32, 32), (160, 80)),
        (padded(noise(160, 160), 0, 160), (320, 160)),  # somebody before a black wall
        (padded(noise(96, 160, 40), 112, 112), (320, 160)),  # a dark room
        (np.zeros((160, 320, 3), np.uint8), (320, 160)),  # faded in later
    ],
    ids=["none", "at the sides", "above and below", "all round", "one side", "dark", "black"],
)
def test_bars_are_told_from_dark_pictures(
    write_video: WriteVideo, picture: NDArray[np.uint8], expected: tuple[int, int]
) -> None:
    footage = open_footage(write_video("bars.mp4", [picture] * 20))
    width, height = size_between_bars(footage, FRAMES)
    assert (width, height) == pytest.approx(expected, abs=4)


def test_the_lens_is_guessed_from_the_picture_between_them(write_video: WriteVideo) -> None:
    footage = open_footage(write_video("bars.mp4", [padded(noise(96, 160), 112, 112)] * 20))
    warnings: list[str] = []
    warn: Warn = warnings.append
    guessed = Camera.from_field_of_view(65.0, footage.image_size)
    found = lens_between_bars(footage, FRAMES, guessed, warn)
    assert found.focal_length == pytest.approx(Camera.from_field_of_view(65.0, (96, 160)).focal_length, rel=0.03)
    assert found.image_size == footage.image_size
    assert [one.startswith("The footage has black bars") for one in warnings] == [True]


def test_bars_that_leave_the_longer_side_change_nothing(write_video: WriteVideo) -> None:
    footage = open_footage(write_video("bars.mp4", [padded(noise(320, 96), 0, 0, 32, 32)] * 20))
    guessed = Camera.from_field_of_view(65.0, footage.image_size)
    assert lens_between_bars(footage, FRAMES, guessed, pytest.fail) is guessed
