"""Display matrices and Exif's numbers: which way up and which way round a picture is."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from posenet3d_blender.capture.video.footage import open_footage, read_frames
from posenet3d_blender.capture.video.sources.orientation import (
    ORIENTATIONS,
    UPRIGHT,
    Orientation,
    exif_orientation,
    nearest_orientation,
)

from ..conftest import WriteVideo, corners, quarters, write_matrix

Matrix = tuple[float, float, float, float]

SHOWN = {
    # a, b, c, d of the track's matrix: what QuickTime shows of quarters of red, green / blue, white
    (1, 0, 0, 1): ["red", "green", "blue", "white"],
    (0, 1, -1, 0): ["blue", "red", "white", "green"],
    (-1, 0, 0, -1): ["white", "blue", "green", "red"],
    (0, -1, 1, 0): ["green", "white", "red", "blue"],
    (-1, 0, 0, 1): ["green", "red", "white", "blue"],
    (1, 0, 0, -1): ["blue", "white", "red", "green"],
    (0, 1, 1, 0): ["red", "blue", "green", "white"],
    (0, -1, -1, 0): ["white", "green", "blue", "red"],
}


@pytest.mark.parametrize("matrix", SHOWN)
def test_the_whole_matrix_is_obeyed(write_video: WriteVideo, matrix: Matrix) -> None:
    path = write_video("phone.mp4", [quarters()] * 4)
    write_matrix(path, matrix)
    footage = open_footage(path)
    image = next(read_frames(footage)).image
    assert footage.image_size == ((64, 48) if matrix[0] else (48, 64))
    assert image.shape == (footage.height, footage.width, 3)
    assert corners(image) == SHOWN[matrix]
    assert footage.orientation == Orientation(matrix)
    assert not footage.notes
    assert footage.background is not None
    assert footage.background.display_matrix == matrix


@pytest.mark.parametrize("mirror", [1, -1])
@pytest.mark.parametrize(("degrees", "quarter"), [(5, 0), (-20, 0), (85, 90), (100, 90), (178, 180), (265, 270)])
def test_other_angles_go_to_the_nearest_quarter_with_a_warning(
    write_video: WriteVideo, degrees: float, quarter: float, mirror: int
) -> None:
    path = write_video("leaning.mp4", [quarters()] * 4)
    write_matrix(path, turned(degrees, mirror))
    footage = open_footage(path)
    exact = tuple(round(value) for value in turned(quarter, mirror))
    assert corners(next(read_frames(footage)).image) == SHOWN[exact]
    (warning,) = footage.warnings(slice(0, 4))
    assert f"turned {abs(degrees - quarter)} degrees more" in warning


def turned(degrees: float, mirror: int) -> Matrix:
    """Clockwise, after mirroring left and right."""
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return mirror * cosine, mirror * sine, -sine, cosine


def test_scale_does_not_matter_and_zeros_mean_upright() -> None:
    assert nearest_orientation((0.0, -3.0, 0.5, 0.0)) == (Orientation((0, -1, 1, 0)), 0.0)
    assert nearest_orientation((0.0, 0.0, 0.0, 0.0)) == (UPRIGHT, 0.0)


@pytest.mark.parametrize("number", range(1, 9))
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("mark", [b"", b"\xff\xe1\0\x22Exif\0\0", b"\0\0\0\x1aeXIf", b"EXIF\x1a\0\0\0"])
def test_exif(number: int, order: str, mark: bytes) -> None:
    head = (b"" if mark == b"" else b"some picture") + mark
    assert exif_orientation(head + exif_data(number, order) + b"pixels") == ORIENTATIONS[number - 1]


def exif_data(number: int, order: str = "<") -> bytes:
    """A TIFF structure with nothing but the orientation."""
    byte_order = b"II*\0" if order == "<" else b"MM\0*"
    return byte_order + struct.pack(f"{order}IHHHIHHI", 8, 1, 0x0112, 3, 1, number, 0, 0)


@pytest.mark.parametrize(
    "content", [b"", b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"]
)
def test_damaged_exif_means_upright(content: bytes) -> None:
    assert exif_orientation(content) == UPRIGHT


def test_exif_numbers_are_what_cameras_mean() -> None:
    """By Exif's own words: which corner of the scene the stored picture's first row and column are."""
    stored = quarters()
    shown = [corners(orientation.apply(stored)) for orientation in ORIENTATIONS]
    assert shown[:4] == [SHOWN[one] for one in ((1, 0, 0, 1), (-1, 0, 0, 1), (-1, 0, 0, -1), (1, 0, 0, -1))]
    assert shown[4:] == [SHOWN[one] for one in ((0, 1, 1, 0), (0, 1, -1, 0), (0, -1, -1, 0), (0, -1, 1, 0))]
