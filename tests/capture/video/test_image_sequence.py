"""Image sequences: folders and patterns of pictures as footage."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from posenet3d_blender.capture.video.footage import open_footage, read_frames
from posenet3d_blender.capture.video.sources.image_sequence import footage_files, footage_name, is_sequence
from posenet3d_blender.errors import PoseNet3DError

from ..conftest import corners, quarters
from .test_orientation import exif_data


def write_pictures(folder: Path, names: list[str]) -> Path:
    """Grey pictures of which each one is 5 brighter than the one before."""
    folder.mkdir(parents=True, exist_ok=True)
    for place, name in enumerate(names):
        cv2.imwrite(str(folder / name), np.full((48, 64, 3), 5 * place, np.uint8))
    return folder


def greys(path: Path, rate: float = 30) -> list[int]:
    """The pictures' places, by their brightness, in the order in which they are read."""
    return [round(float(frame.image.mean()) / 5) for frame in read_frames(open_footage(path, rate))]


@pytest.mark.parametrize("ending", ["png", "jpg", "tif", "bmp", "webp"])
def test_a_folder(tmp_path: Path, ending: str) -> None:
    folder = write_pictures(tmp_path / "walk", [f"shot_{number:04}.{ending}" for number in range(1, 13)])
    footage = open_footage(folder, 24)
    assert footage.image_size == (64, 48)
    assert footage.standard_rate == 24
    np.testing.assert_allclose(footage.time, np.arange(12) / 24)
    assert greys(folder) == list(range(12))
    assert not footage.warnings(slice(0, 12))


@pytest.mark.parametrize("pattern", ["shot_%04d.png", "shot_%d.png", "shot_####.png", "shot_0003.png"])
def test_a_pattern_or_one_of_the_pictures(tmp_path: Path, pattern: str) -> None:
    write_pictures(tmp_path, ["take_0001.png"])
    write_pictures(tmp_path, [f"shot_{number:04}.png" for number in range(8)])
    assert greys(tmp_path / pattern) == list(range(8))


def test_numbers_count_and_not_letters(tmp_path: Path) -> None:
    assert greys(write_pictures(tmp_path, [f"{number}.png" for number in range(8, 13)])) == list(range(5))


def test_a_range_begins_at_its_first_picture(tmp_path: Path) -> None:
    footage = open_footage(write_pictures(tmp_path, [f"{number}.png" for number in range(20)]), 10)
    frames = list(read_frames(footage, footage.frames_between(0.5, 0.8)))
    assert [round(float(frame.image.mean()) / 5) for frame in frames] == [5, 6, 7, 8]


def test_television_rate(tmp_path: Path) -> None:
    footage = open_footage(write_pictures(tmp_path, [f"{number}.png" for number in range(4)]), 29.97)
    assert footage.standard_rate == Fraction(30000, 1001)
    assert footage.time[3] == pytest.approx(3 * 1001 / 30000)


def test_missing_pictures_leave_a_gap_in_time(tmp_path: Path) -> None:
    numbers = [0, 1, 2, 3, 4, 8, 9, 10, 11]
    footage = open_footage(write_pictures(tmp_path, [f"a{number:03}.png" for number in numbers]), 10)
    np.testing.assert_allclose(footage.time, np.array(numbers) / 10)
    (warning,) = footage.warnings(slice(0, 9))
    assert "3 pictures" in warning
    assert "a008.png" in warning


@pytest.mark.parametrize("numbers", [range(0, 40, 4), [1, 2, 17, 30, 31, 77, 90, 104]], ids=["every fourth", "any"])
def test_numbers_that_count_something_else_leave_no_gap(tmp_path: Path, numbers: range | list[int]) -> None:
    footage = open_footage(write_pictures(tmp_path, [f"{number}.png" for number in numbers]), 10)
    np.testing.assert_allclose(footage.time, np.arange(len(numbers)) / 10)
    assert not footage.warnings(slice(0, len(numbers)))


def test_other_files_are_passed_over(tmp_path: Path) -> None:
    write_pictures(tmp_path, [f"shot{number}.png" for number in range(4)])
    write_pictures(tmp_path, ["cover.jpg", ".shot4.png", "._shot1.png"])
    (tmp_path / "notes.txt").write_text("shot on Friday")
    footage = open_footage(tmp_path, 10)
    assert footage.frame_count == 4
    (warning,) = footage.warnings(slice(0, 4))
    assert "cover.jpg" in warning
    assert "shot4" not in warning


@pytest.mark.parametrize("names", [["a_1.png", "a_01.png"], ["a_1.png", "a_1.PNG"]])
def test_of_two_pictures_with_one_number_one_is_named_and_left_out(tmp_path: Path, names: list[str]) -> None:
    write_pictures(tmp_path, [*names, "a_2.png", "a_3.png"])
    if len(list(tmp_path.iterdir())) < 4:
        pytest.skip("this file system knows no capital letters")
    for path in (tmp_path, tmp_path / "a_#.png"):
        footage = open_footage(path, 10)
        others = [name for name in names if path == tmp_path or name.endswith(".png")]
        assert footage.frame_count == 3
        warnings = footage.warnings(slice(0, 3))
        if len(others) == 2:
            (warning,) = warnings
            assert warning.startswith("Not part of the image sequence and left out: ")
            assert sum(name in warning for name in others) == 1
            (kept,) = (name for name in others if name not in warning)
            assert footage_files(path)[0].name == kept
        else:
            assert not warnings


def test_pictures_without_numbers_go_by_name(tmp_path: Path) -> None:
    assert greys(write_pictures(tmp_path, ["a.png", "b.png", "c.png"])) == [0, 1, 2]


def test_each_picture_has_its_own_orientation_and_size(tmp_path: Path) -> None:
    """A camera turned between two pictures: Exif says how each one lies."""
    for index, number in enumerate((6, 1, 3)):
        encoded = cv2.imencode(".jpg", quarters()[..., ::-1])[1].tobytes()
        exif = b"Exif\0\0" + exif_data(number)
        header = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big")
        (tmp_path / f"{index}.jpg").write_bytes(encoded[:2] + header + exif + encoded[2:])
    footage = open_footage(tmp_path, 10)
    assert footage.image_size == (64, 64)
    images = [frame.image for frame in read_frames(footage)]
    assert corners(images[0][:, 8:56]) == ["blue", "red", "white", "green"]
    assert corners(images[1][8:56]) == ["red", "green", "blue", "white"]
    assert corners(images[2][8:56]) == ["white", "blue", "green", "red"]
    assert images[1][:8].max() == images[1][56:].max() == 0
    (warning,) = footage.warnings(slice(0, 3))
    assert "changes from 48x64 to 64x48 at 0.10 s" in warning


def test_a_picture_that_can_not_be_read_is_left_out(tmp_path: Path) -> None:
    write_pictures(tmp_path, [f"{number}.png" for number in range(6)])
    (tmp_path / "3.png").write_bytes(b"no picture")
    footage = open_footage(tmp_path, 10)
    assert [frame.index for frame in read_frames(footage)] == [0, 1, 2, 4, 5]
    (warning,) = footage.warnings(slice(0, 6))
    assert "1 of 6 frames are damaged, the first at 0.30 s" in warning


def test_background(tmp_path: Path) -> None:
    footage = open_footage(write_pictures(tmp_path / "walk", [f"a_{number}.png" for number in (7, 8, 9)]), 10)
    background = footage.background
    assert background.is_sequence
    assert (background.path, background.name) == (tmp_path / "walk" / "a_7.png", "walk")
    assert background.numbers is not None
    assert background.numbers.tolist() == [7, 8, 9]


def test_names_and_files(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "walk.v2", ["shot_01.png", "shot_02.png", "1.png", "2.png"])
    assert footage_name(folder) == "walk.v2"
    assert footage_name(folder / "shot_%02d.png") == "shot"
    assert footage_name(folder / "%d.png") == "walk.v2"
    assert footage_name(folder / "some.walk.mp4") == "some.walk"
    assert footage_files(folder / "shot_##.png") == [folder / "shot_01.png", folder / "shot_02.png"]
    assert is_sequence(folder / "shot_##.png")
    assert not is_sequence(folder / "shot_01.png")
    assert not is_sequence(tmp_path)


def refused(path: Path, rate: float | None = 30) -> str:
    with pytest.raises(PoseNet3DError) as raised:
        open_footage(path, rate)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_a_sequence_needs_its_rate(tmp_path: Path) -> None:
    write_pictures(tmp_path, ["1.png", "2.png"])
    assert "states no frame rate; give it with --input-fps" in refused(tmp_path, None)
    assert "states no frame rate; give it with --input-fps" in refused(tmp_path / "%d.png", None)


def test_what_is_no_sequence(tmp_path: Path) -> None:
    assert "without an image sequence" in refused(tmp_path)
    assert "no picture has such a name" in refused(tmp_path / "shot_%04d.png")
    assert "shot_%04d.png" in refused(write_pictures(tmp_path / "one", ["1.png"]) / "1.png")
    assert "several image sequences (a_*.png and b_*.png)" in refused(
        write_pictures(tmp_path / "two", ["a_1.png", "a_2.png", "b_1.png", "b_2.png"])
    )
    (tmp_path / "bad").mkdir()
    for number in (1, 2):
        (tmp_path / "bad" / f"{number}.png").write_bytes(b"no picture")
    assert "none of its pictures can be read" in refused(tmp_path / "bad")


def test_animated_webp_is_told_what_to_do(tmp_path: Path) -> None:
    """No reader for it is in FFmpeg's libraries; the header's own flag tells it from a still picture."""
    path = tmp_path / "dance.webp"
    for length in range(16, 21):
        path.write_bytes((b"RIFF\x40\0\0\0WEBPVP8X" + bytes(4))[:length])
        assert "cut off" in refused(path)
    path.write_bytes(b"RIFF\x40\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\x3f\0\0\x2f\0\0ANIM" + bytes(40))
    assert "animated WebP can't be read; convert it to MP4, GIF or an image sequence" in refused(path)
