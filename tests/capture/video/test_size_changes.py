"""Pictures whose size changes on the way, in videos and in image sequences."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from posenet3d_blender.capture.video.footage import open_footage, read_frames
from posenet3d_blender.capture.video.lens import field_of_view
from posenet3d_blender.capture.video.notes import size_notes
from posenet3d_blender.capture.video.sources.picture_size import upright_size

from ..conftest import WriteVideo, corners, quarters
from .test_orientation import exif_data, tiff
from .test_video_file import copy_stream, write_part, write_parts


@pytest.mark.parametrize("codec", ["libx264", "mpeg2video"])
def test_a_size_that_changes(tmp_path: Path, write_video: WriteVideo, codec: str) -> None:
    parts = [
        write_part(write_video, "wide.ts", (96, 64), 10, codec),
        write_part(write_video, "high.ts", (64, 96), 10.6, codec),
    ]
    footage = open_footage(write_parts(tmp_path / "turn.ts", parts))
    assert footage.image_size == (96, 96)
    images = [frame.image for frame in read_frames(footage)]
    # FFmpeg's MPEG-2 decoder drops the picture that it holds back when the size changes.
    assert len(images) == footage.frame_count >= 29
    assert {image.shape for image in images} == {(96, 96, 3)}
    for image in (images[0], images[13]):
        assert corners(image[16:80]) == ["red", "green", "blue", "white"]
        assert image[:16].max() == image[80:].max() == 0
    for image in (images[-15], images[-1]):
        assert corners(image[:, 16:80]) == ["red", "green", "blue", "white"]
        assert image[:, :16].max() == image[:, 80:].max() == 0
    (warning,) = footage.warnings(slice(0, len(images)))
    assert "changes from 96x64 to 64x96 at 0." in warning
    assert footage.background.obstacle


def test_a_resolution_that_changes(tmp_path: Path, write_video: WriteVideo) -> None:
    """A call over a slow line: half the pixels show the same."""
    parts = [write_part(write_video, "large.ts", (96, 64), 10), write_part(write_video, "small.ts", (48, 32), 10.6)]
    footage = open_footage(write_parts(tmp_path / "call.ts", parts))
    assert footage.image_size == (96, 64)
    for frame in read_frames(footage):
        assert corners(frame.image) == ["red", "green", "blue", "white"]
        assert frame.image[0, 0].max() > 200


def test_each_part_of_a_changing_size_by_itself(tmp_path: Path, write_video: WriteVideo) -> None:
    parts = [write_part(write_video, "wide.ts", (96, 64), 10), write_part(write_video, "high.ts", (64, 96), 10.6)]
    footage = open_footage(write_parts(tmp_path / "turn.ts", parts))
    frames = footage.frames_between(0.6)
    part = footage.sized_for(frames)
    assert part.image_size == (64, 96)
    assert not part.warnings(frames)
    assert {frame.image.shape for frame in read_frames(part, frames)} == {(96, 64, 3)}
    assert footage.sized_for(footage.frames_between(0, 0.5)).image_size == (96, 64)


def test_the_lens_stays_where_the_camera_is_turned(tmp_path: Path, write_video: WriteVideo) -> None:
    """A focal length that is stated for the picture's diagonal does not grow with the image around it."""
    parts = [write_part(write_video, "wide.ts", (96, 64), 10), write_part(write_video, "high.ts", (64, 96), 10.6)]
    turned = open_footage(write_parts(tmp_path / "turn.ts", parts))
    assert turned.diagonal == pytest.approx(np.hypot(96, 64))
    assert field_of_view(turned.image_size, 28, turned.diagonal) == pytest.approx(field_of_view((96, 64), 28))


@pytest.mark.parametrize("ending", [".mkv", ".mp4"])
def test_a_size_that_changes_in_other_containers(tmp_path: Path, write_video: WriteVideo, ending: str) -> None:
    """Copied from a transport stream without encoding anew, as most tools do."""
    parts = [write_part(write_video, "wide.ts", (96, 64), 10), write_part(write_video, "high.ts", (64, 96), 10.6)]
    stream_path, path = write_parts(tmp_path / "turn.ts", parts), tmp_path / f"turn{ending}"
    copy_stream(stream_path, path)
    footage = open_footage(path)
    assert [size for _, size in footage.size_changes] == [(96, 64), (64, 96)]
    assert footage.time[footage.size_changes[1][0]] == pytest.approx(0.6, abs=0.002)


@pytest.mark.parametrize("rate", [None, 24])
@pytest.mark.parametrize(("name", "codec"), [("h264", "libx264"), ("hevc", "libx265"), ("m2v", "mpeg2video")])
def test_a_raw_streams_size_that_changes(
    tmp_path: Path, write_video: WriteVideo, name: str, codec: str, rate: float | None
) -> None:
    """Its frames are counted: no timestamp tells where the change is."""
    parts = [
        write_part(write_video, f"large.{name}", (192, 128), 0, codec),
        write_part(write_video, f"small.{name}", (96, 64), 0, codec),
    ]
    footage = open_footage(write_parts(tmp_path / f"call.{name}", parts), rate)
    frames = slice(0, footage.frame_count)
    assert footage.image_size == (192, 128)
    assert {frame.image.shape for frame in read_frames(footage)} == {(128, 192, 3)}
    first = footage.frame_count - 15
    assert footage.size_changes == ((0, (192, 128)), (first, (96, 64)))
    (warning,) = (one for one in footage.warnings(frames) if "size" in one)
    assert f"changes from 192x128 to 96x64 at {footage.time[first]:.2f} s" in warning
    assert footage.sized_for(slice(first, frames.stop)).image_size == (96, 64)
    assert footage.sized_for(slice(0, first)).image_size == (192, 128)
    assert footage.background.obstacle


def test_a_size_that_changes_nobody_knows_where(write_video: WriteVideo) -> None:
    footage = open_footage(write_video("even.mp4", [quarters()] * 10))
    note = next(size_notes((64, 48), ((None, (48, 64)),), footage.time))
    changed = replace(footage, size_changes=((0, (64, 48)), (None, (48, 64))), notes=(note,))
    for frames in (slice(0, 10), slice(5, 8)):
        assert changed.sized_for(frames).image_size == (64, 64)
        (warning,) = changed.warnings(frames)
        assert "changes from 64x48 to 48x64; it is taken as turned or scaled" in warning


def write_sequence(folder: Path, sizes: list[tuple[int, int]], ending: str = "png") -> Path:
    for number, size in enumerate(sizes):
        cv2.imwrite(str(folder / f"{number:02}.{ending}"), quarters(*size)[..., ::-1])
    return folder


def test_an_image_sequence_whose_pictures_are_turned(tmp_path: Path) -> None:
    footage = open_footage(write_sequence(tmp_path, [(96, 64)] * 3 + [(64, 96)] * 4), 10)
    assert footage.image_size == (96, 96)
    assert footage.diagonal == pytest.approx(np.hypot(96, 64))
    images = [frame.image for frame in read_frames(footage)]
    assert corners(images[2][16:80]) == corners(images[3][:, 16:80]) == ["red", "green", "blue", "white"]
    (warning,) = footage.warnings(slice(0, 7))
    assert "changes from 96x64 to 64x96 at 0.30 s" in warning
    assert footage.background.obstacle
    later = footage.frames_between(0.3)
    assert footage.sized_for(later).image_size == (64, 96)
    assert not footage.sized_for(later).warnings(later)


def test_an_image_sequence_with_one_smaller_picture(tmp_path: Path) -> None:
    folder = write_sequence(tmp_path, [(96, 64), (96, 64), (48, 32), (96, 64)])
    (folder / "04.png").write_bytes(b"no picture")
    footage = open_footage(folder, 10)
    assert footage.image_size == (96, 64)
    images = [frame.image for frame in read_frames(footage)]
    assert {image.shape for image in images} == {(64, 96, 3)}
    assert images[2][0, 0].max() > 200
    assert ["changes from" in warning for warning in footage.warnings(slice(0, 5))] == [True, True, False]


def test_a_size_that_changes_all_the_time_is_told_once(tmp_path: Path) -> None:
    footage = open_footage(write_sequence(tmp_path, [(96, 64 + 2 * (number % 3)) for number in range(9)]), 10)
    (warning,) = footage.warnings(slice(0, 9))
    assert "changes 8 times, at first from 96x64 to 96x66 at 0.10 s" in warning


def test_one_size_is_no_change(tmp_path: Path) -> None:
    footage = open_footage(write_sequence(tmp_path, [(96, 64)] * 4), 10)
    assert not footage.size_changes
    assert footage.diagonal is None
    assert not footage.notes


@pytest.mark.parametrize("ending", ["png", "jpg", "tif", "bmp", "webp", "jp2", "ppm"])
def test_the_size_is_in_a_pictures_first_bytes(tmp_path: Path, ending: str) -> None:
    write_sequence(tmp_path, [(130, 70)], ending)
    assert upright_size(tmp_path / f"00.{ending}") == (130, 70)


@pytest.mark.parametrize("quality", [80, 101], ids=["lossy", "lossless"])
def test_the_size_of_webp(tmp_path: Path, quality: int) -> None:
    path = tmp_path / "one.webp"
    cv2.imwrite(str(path), quarters(130, 70), [cv2.IMWRITE_WEBP_QUALITY, quality])
    assert upright_size(path) == (130, 70)
    path.write_bytes(b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x81\0\0\x45\0\0")
    assert upright_size(path) == (130, 70)


@pytest.mark.parametrize("ending", ["tga", "dpx"])
def test_the_size_of_pictures_that_ffmpeg_reads(tmp_path: Path, write_video: WriteVideo, ending: str) -> None:
    codec, pixel_format = {"tga": ("targa", "bgr24"), "dpx": ("dpx", "rgb24")}[ending]
    path = write_video(f"one.{ending}", [quarters(130, 70)], codec=codec, pixel_format=pixel_format)
    assert upright_size(path) == (130, 70)


@pytest.mark.parametrize("number", range(1, 9))
def test_a_size_is_that_of_the_upright_picture(tmp_path: Path, number: int) -> None:
    upright = (64, 48) if number < 5 else (48, 64)
    for place, order in enumerate("<>"):
        path = tmp_path / f"{place}.tif"
        path.write_bytes(tiff(quarters(), number, order, is_directory_last=bool(place)))
        assert upright_size(path) == upright
    encoded = cv2.imencode(".jpg", quarters())[1].tobytes()
    exif, profile = b"Exif\0\0" + exif_data(number), bytes(60_000)
    exif, profile = (mark + (len(data) + 2).to_bytes(2, "big") + data for mark, data in
                     ((b"\xff\xe1", exif), (b"\xff\xff\xe2", profile)))  # fmt: skip
    path = tmp_path / "large_profile.jpg"
    path.write_bytes(encoded[:2] + exif + 5 * profile + encoded[2:])
    assert upright_size(path) == upright


@pytest.mark.parametrize(
    "content",
    [b"", b"no picture", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF", b"BM", b"II*\0", b"MM\0*\0\0\0\x08\xff"],
)
def test_what_is_no_picture_has_no_size(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "one.png"
    path.write_bytes(content)
    assert upright_size(path) is None
    assert upright_size(tmp_path / "none.png") is None
