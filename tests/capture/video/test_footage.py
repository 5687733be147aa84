"""Footage: real timestamps, upright pictures, and one clear line for everything that is no video."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from posenet3d_blender.capture.video.footage import open_footage, read_frames
from posenet3d_blender.capture.video.sources.orientation import UPRIGHT
from posenet3d_blender.errors import PoseNet3DError

from ..conftest import WriteVideo, corners, quarters

TEN = [quarters()] * 10


def test_even_footage(write_video: WriteVideo) -> None:
    footage = open_footage(write_video("even.mp4", TEN))
    assert footage.image_size == (64, 48)
    assert footage.orientation == UPRIGHT
    assert footage.standard_rate == 25
    np.testing.assert_allclose(footage.time, np.arange(10) / 25, atol=1e-6)


def test_variable_frame_rate_keeps_true_times(write_video: WriteVideo) -> None:
    times = [0.5, 0.533, 0.57, 0.6, 0.9, 0.933, 0.966, 1.0, 1.04]
    footage = open_footage(write_video("variable.mp4", TEN[:9], times))
    np.testing.assert_allclose(footage.time, np.subtract(times, 0.5), atol=1e-4)
    assert footage.standard_rate == 30
    read = [frame.time for frame in read_frames(footage)]
    np.testing.assert_array_equal(read, footage.time)


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format", "size"),
    [
        ("odd.mkv", "ffv1", "yuv420p", (63, 47)),
        ("ten_bit.mkv", "ffv1", "yuv422p10le", (64, 48)),
        ("grey.mkv", "ffv1", "gray", (64, 48)),
        ("palette.gif", "gif", "rgb8", (64, 48)),
        ("large.mp4", "libx264", "yuv420p", (4096, 16)),
    ],
)
def test_any_size_and_pixel_format(
    write_video: WriteVideo, name: str, codec: str, pixel_format: str, size: tuple[int, int]
) -> None:
    footage = open_footage(write_video(name, [quarters(*size)] * 3, codec=codec, pixel_format=pixel_format))
    images = [frame.image for frame in read_frames(footage)]
    assert footage.image_size == size
    assert [image.shape for image in images] == [(size[1], size[0], 3)] * 3
    assert images[0].dtype == np.uint8
    if pixel_format not in ("gray", "yuv420p"):
        assert corners(images[0]) == ["red", "green", "blue", "white"]


def test_alpha_is_dropped(write_video: WriteVideo) -> None:
    picture = np.dstack([quarters(), np.full((48, 64), 128, np.uint8)])
    footage = open_footage(write_video("alpha.mov", [picture] * 3, codec="png", pixel_format="rgba"))
    assert corners(next(read_frames(footage)).image) == ["red", "green", "blue", "white"]


def test_reading_a_range_seeks_to_exact_frames(write_video: WriteVideo) -> None:
    pictures = [np.full((48, 64, 3), 5 * index, np.uint8) for index in range(50)]
    footage = open_footage(write_video("long.mp4", pictures))
    frames = list(read_frames(footage, footage.frames_between(1.0, 1.4)))
    assert [frame.index for frame in frames] == list(range(25, 36))
    assert [round(float(frame.image.mean()) / 5) for frame in frames] == list(range(25, 36))


@pytest.mark.parametrize("name", ["old.avi", "raw.h264"])
def test_files_with_other_timestamps_than_their_frames(write_video: WriteVideo, name: str) -> None:
    """The AVI file's are those of its packets, with B-frames in between; the raw stream has none, but states 30."""
    pictures = [np.full((48, 64, 3), 5 * index, np.uint8) for index in range(40)]
    path = write_video(name, pictures, [index / 30 for index in range(40)], pixel_format="yuv420p", rate=30)
    footage = open_footage(path)
    np.testing.assert_allclose(footage.time, np.arange(40) / 30)
    assert not footage.notes
    frames = list(read_frames(footage, footage.frames_between(20 / 30, 25 / 30)))
    assert [round(float(frame.image.mean()) / 5) for frame in frames] == list(range(20, 26))


def test_range_without_a_frame(write_video: WriteVideo) -> None:
    footage = open_footage(write_video("even.mp4", TEN))
    with pytest.raises(PoseNet3DError, match=r"even.mp4: no frame lies between 5 s and .* lasts 0.36 s"):
        footage.frames_between(5.0)


@pytest.mark.parametrize("rate", [Fraction(24), Fraction(30), Fraction(30_000, 1001), Fraction(60_000, 1001)])
def test_standard_rate_from_a_file(write_video: WriteVideo, rate: Fraction) -> None:
    times = [float(index / rate) for index in range(60)]
    assert open_footage(write_video("rate.mp4", [quarters()] * 60, times)).standard_rate == rate


def refused(path: Path) -> str:
    """The one line that says why a file is no footage."""
    with pytest.raises(PoseNet3DError) as raised:
        open_footage(path)
    line = str(raised.value)
    assert path.name in line
    assert "\n" not in line
    return line


def test_missing_file(tmp_path: Path) -> None:
    assert "no such file" in refused(tmp_path / "nothing.mp4")


def test_folder(tmp_path: Path) -> None:
    assert "folder" in refused(tmp_path)


def test_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    assert "empty" in refused(tmp_path / "empty.mp4")


@pytest.mark.parametrize("name", ["text.mp4", "text.txt", "text.nfo"])
def test_text(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("no film\n" * 500)
    assert "not a video" in refused(tmp_path / name)


def test_sound_only(write_sound: Callable[[str], Path]) -> None:
    assert "only sound" in refused(write_sound("sound.m4a"))


def test_a_video_format_that_nobody_knows(write_video: WriteVideo) -> None:
    """FFmpeg has no decoder for such a track, and PyAV none of a video's properties."""
    path = write_video("strange.flv", TEN, codec="flv1", pixel_format="yuv420p")
    content = bytearray(path.read_bytes())
    place = 13  # after the file's header and a size
    while place + 11 < len(content):
        kind, size = content[place], int.from_bytes(content[place + 1 : place + 4], "big")
        if kind == 9:  # video, whose first byte ends in its codec's number
            content[place + 11] |= 0x0F
        place += 11 + size + 4
    path.write_bytes(content)
    with pytest.raises(PoseNet3DError, match=r"unknown format; export it as H\.264 in an \.mp4"):
        open_footage(path)


def test_single_frame(write_video: WriteVideo) -> None:
    assert "single frame" in refused(write_video("one.mp4", TEN[:1]))


def test_still_picture(write_video: WriteVideo) -> None:
    assert "single frame" in refused(write_video("one.png", TEN[:1], codec="png", pixel_format="rgb24"))


def test_edit_list_is_obeyed(shared_folder: Path) -> None:
    footage = open_footage(shared_folder / "video" / "opencap_walk.mp4")
    assert footage.image_size == (720, 1280)
    assert footage.frame_count == 75
    assert footage.standard_rate == 60
    assert [frame.index for frame in read_frames(footage)] == list(range(75))
