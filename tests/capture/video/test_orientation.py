"""Display matrices and Exif's numbers: which way up and which way round a picture is."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from posenet3d_blender.capture.video.footage import open_footage, read_frames
from posenet3d_blender.capture.video.sources.orientation import (
    ORIENTATIONS,
    UPRIGHT,
    Orientation,
    exif_orientation,
    nearest_orientation,
    without_orientation,
)

from ..conftest import WriteVideo, corners, quarters, write_matrix

Matrix = tuple[float, float, float, float]

SHOWN: dict[Matrix, list[str]] = {
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
    assert footage.background.display_matrix == matrix


@pytest.mark.parametrize("mirror", [1, -1])
@pytest.mark.parametrize(("degrees", "quarter"), [(5, 0), (-20, 0), (85, 90), (100, 90), (178, 180), (265, 270)])
def test_other_angles_go_to_the_nearest_quarter_with_a_warning(
    write_video: WriteVideo, degrees: float, quarter: float, mirror: int
) -> None:
    path = write_video("leaning.mp4", [quarters()] * 4)
    write_matrix(path, turned(degrees, mirror))
    footage = open_footage(path)
    a, b, c, d = (float(round(value)) for value in turned(quarter, mirror))
    assert corners(next(read_frames(footage)).image) == SHOWN[a, b, c, d]
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


def tiff(pixels: NDArray[np.uint8], number: int, order: str = "<", is_directory_last: bool = False) -> bytes:
    """An uncompressed TIFF file of (H, W, 3) RGB that states this orientation; its directory before or after it."""
    height, width = pixels.shape[:2]
    size = 8 + 2 + 10 * 12 + 4
    directory, data = (8 + pixels.size, 8) if is_directory_last else (8, size + 6)
    depths = directory + size - 8
    long, short = 4, 3
    entries = [(256, long, 1, width), (257, long, 1, height), (258, short, 3, depths), (259, short, 1, 1)]
    entries += [(262, short, 1, 2), (273, long, 1, data), (274, short, 1, number), (277, short, 1, 3)]
    entries += [(278, long, 1, height), (279, long, 1, pixels.size)]
    written = struct.pack(f"{order}H", len(entries))
    for tag, kind, count, value in entries:
        is_short = (kind, count) == (short, 1)
        written += struct.pack(f"{order}HHI", tag, kind, count)
        written += struct.pack(f"{order}{'HH' if is_short else 'I'}", *((value, 0) if is_short else (value,)))
    written += struct.pack(f"{order}I3H", 0, 8, 8, 8)
    parts = (pixels.tobytes(), written) if is_directory_last else (written, pixels.tobytes())
    return (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", directory) + b"".join(parts)


@pytest.mark.parametrize("number", range(1, 9))
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("size", [(64, 48), (400, 300)], ids=["directory first", "directory last"])
def test_tiff_pictures_are_turned_once(tmp_path: Path, number: int, order: str, size: tuple[int, int]) -> None:
    """OpenCV turns TIFF files, and those only, even where it is told not to."""
    stored = quarters(*size)
    for index in range(2):
        content = tiff(stored, number, order, is_directory_last=size[0] > 64)
        (tmp_path / f"{index}.tif").write_bytes(content)
    footage = open_footage(tmp_path, 25)
    shown = ORIENTATIONS[number - 1].apply(stored)
    assert footage.image_size == shown.shape[1::-1]
    assert footage.orientation == ORIENTATIONS[number - 1]
    for frame in read_frames(footage):
        np.testing.assert_array_equal(frame.image, shown)


def test_only_a_tiff_files_orientation_is_taken_out() -> None:
    jpeg = b"\xff\xd8\xff\xe1\0\x22Exif\0\0" + exif_data(6)
    assert without_orientation(jpeg) == jpeg
    assert without_orientation(exif_data(6)) == exif_data(1)
    assert without_orientation(exif_data(6, ">")) == exif_data(1, ">")
    assert without_orientation(b"II*\0") == b"II*\0"


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
