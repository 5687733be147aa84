"""Video files with several tracks, odd pixels, or no clock of their own."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from posenet3d_blender.capture.video.footage import Footage, open_footage, read_frames

from ..conftest import WriteVideo, quarters

SMALL, LARGE = (64, 48), (128, 96)


def write_tracks(path: Path, sizes: Sequence[tuple[int, int]], default: int | None, kinds: Sequence[int] = ()) -> Path:
    """One grey track for each size; its brightness is 50 times its place."""
    disposition = av.stream.Disposition
    with av.open(str(path), "w") as container:
        streams = []
        for place, (width, height) in enumerate(sizes):
            stream = container.add_stream("mpeg4", rate=30)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            kind = disposition(kinds[place]) if kinds else disposition(0)
            stream.disposition = kind | (disposition.default if place == default else disposition(0))
            streams.append(stream)
        for index in range(12):
            for place, stream in enumerate(streams):
                picture = np.full((stream.height, stream.width, 3), 50 * (place + 1), np.uint8)
                frame = av.VideoFrame.from_ndarray(picture)
                frame.pts, frame.time_base = index, Fraction(1, 30)
                container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode(None))
    return path


def brightness(footage: Footage) -> int:
    return round(float(next(read_frames(footage)).image.mean()) / 50)


@pytest.mark.parametrize(
    ("sizes", "default", "chosen"),
    [([SMALL, LARGE], 0, 1), ([SMALL, LARGE], 1, 2), ([LARGE, SMALL], 1, 2), ([SMALL, LARGE], None, 2)],
)
def test_the_default_track_is_captured(
    tmp_path: Path, sizes: list[tuple[int, int]], default: int | None, chosen: int
) -> None:
    footage = open_footage(write_tracks(tmp_path / "two.mkv", sizes, default))
    assert footage.image_size == sizes[chosen - 1]
    assert brightness(footage) == chosen
    (warning,) = footage.warnings(slice(0, footage.frame_count))
    assert f"2 video tracks; number {chosen} ({'x'.join(map(str, sizes[chosen - 1]))})" in warning
    assert bool(footage.background.obstacle) == (chosen == 2), "Blender shows the first track"


def test_two_tracks_of_the_shared_case(shared_folder: Path) -> None:
    path = shared_folder / "cases" / "two_streams.mkv"
    if not path.is_file():
        pytest.skip("../shared/cases is not beside this checkout")
    assert open_footage(path).image_size == (720, 540)


def write_parts(path: Path, parts: Sequence[Path]) -> Path:
    """MPEG transport streams, one after the other, as recorders and broadcasts leave them."""
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def copy_stream(source_path: Path, path: Path) -> None:
    """Copy a video's stream to another container without encoding it anew, as most tools do."""
    with av.open(str(source_path)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)


def write_part(write_video: WriteVideo, name: str, size: tuple[int, int], start: float, codec: str = "libx264") -> Path:
    times = [start + index / 25 for index in range(15)]
    return write_video(name, [quarters(*size)] * 15, times, codec=codec, pixel_format="yuv420p", rate=25)


@pytest.mark.parametrize(("restart", "jump"), [(3600.0, "+59:59.44 min"), (0.0, "-0.56 s"), (-500.0, "-8:20.56 min")])
def test_recordings_joined_without_mending_their_clock(
    tmp_path: Path, write_video: WriteVideo, restart: float, jump: str
) -> None:
    first = [np.full((48, 64, 3), 5 * index, np.uint8) for index in range(15)]
    second = [np.full((48, 64, 3), 5 * index, np.uint8) for index in range(15, 30)]
    start = 1000.0
    parts = [
        write_video(name, pictures, [begin + index / 25 for index in range(15)], pixel_format="yuv420p")
        for name, pictures, begin in (("one.ts", first, start), ("two.ts", second, start + restart))
    ]
    footage = open_footage(write_parts(tmp_path / "jump.ts", parts))
    np.testing.assert_allclose(footage.time, np.arange(30) / 25, atol=1e-3)
    assert [round(float(frame.image.mean()) / 5) for frame in read_frames(footage)] == list(range(30))
    (warning,) = footage.warnings(slice(0, 30))
    assert f"clock jumps by {jump} at 0.60 s" in warning
    late = list(read_frames(footage, footage.frames_between(0.7, 0.8)))
    assert [round(float(frame.image.mean()) / 5) for frame in late] == [18, 19, 20]
    step = footage.background.file_time[15] - footage.background.file_time[14]
    assert (step - restart + 14 / 25) % (2**33 / 90_000) == pytest.approx(0, abs=1e-3)


def test_a_clock_that_runs_over(write_video: WriteVideo) -> None:
    """Transport streams count 33 bits: after 26.5 hours they begin at 0 again."""
    start = 2**33 / 90_000 - 0.4
    times = [start + index / 25 for index in range(25)]
    path = write_video("over.ts", [quarters()] * 25, times, pixel_format="yuv420p")
    footage = open_footage(path)
    np.testing.assert_allclose(footage.time, np.arange(25) / 25, atol=1e-4)
    assert not footage.warnings(slice(0, 25))


def test_a_repeated_timestamp_costs_no_frame(write_video: WriteVideo) -> None:
    """30 a second, then 15; the first frame after that is said to be shown with the one before it."""
    times = [*np.arange(20) / 30, *(20 / 30 + np.arange(10) / 15)]
    pictures = [np.full((48, 64, 3), 8 * index, np.uint8) for index in range(30)]
    path = write_video("twice.mkv", pictures, times, pixel_format="yuv420p", options={}, codec="mpeg4")
    repeat_block(path, 10)
    footage = open_footage(path)
    np.testing.assert_allclose(footage.time, times, atol=0.002)
    read = list(read_frames(footage, footage.frames_between(0.2, 0.4)))
    assert [round(float(frame.image.mean()) / 8) for frame in read] == [6, 7, 8, 9, 10, 11, 12]
    (warning,) = footage.warnings(slice(0, 30))
    assert warning.startswith("1 frame is without a timestamp")


def repeat_block(path: Path, number: int) -> None:
    """Give a Matroska block the time of the one before it (RFC 9559: id A3, size, track 81, time in 16 bits, flags)."""
    content = bytearray(path.read_bytes())
    places: list[int] = [0]
    with av.open(str(path)) as container:
        for packet in container.demux(video=0):
            if packet.size:
                places.append(content.index(bytes(packet), places[-1]) - 3)
    place, earlier = places[number + 1], places[number]
    content[place : place + 2] = content[earlier : earlier + 2]
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("aspect", "size", "warned"),
    [(Fraction(4, 3), (128, 72), False), (Fraction(1, 2), (48, 72), False), (Fraction(1, 60), (96, 72), True)],
)
def test_pixels_that_are_not_square(tmp_path: Path, aspect: Fraction, size: tuple[int, int], warned: bool) -> None:
    path = tmp_path / "pixels.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 72, "yuv444p"
        stream.codec_context.sample_aspect_ratio = aspect
        for index in range(5):
            frame = av.VideoFrame.from_ndarray(quarters(96, 72))
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    footage = open_footage(path)
    assert footage.image_size == size
    assert next(read_frames(footage)).image.shape == (size[1], size[0], 3)
    assert bool(footage.notes) == warned
    assert footage.background.pixel_aspect == pytest.approx(1.0 if warned else float(aspect))


def raw_pictures() -> list[NDArray[np.uint8]]:
    return [np.full((64, 64, 3), 5 * index, np.uint8) for index in range(30)]


def times_at(rate: float) -> list[float]:
    return [index / rate for index in range(30)]


@pytest.mark.parametrize(
    ("name", "codec"), [("raw.h264", "libx264"), ("raw.hevc", "libx265"), ("raw.m2v", "mpeg2video")]
)
def test_a_raw_streams_own_rate(write_video: WriteVideo, name: str, codec: str) -> None:
    path = write_video(name, raw_pictures(), times_at(50), codec=codec, pixel_format="yuv420p", rate=50)
    footage = open_footage(path)
    np.testing.assert_allclose(footage.time, np.arange(30) / 50, atol=1e-6)
    assert not footage.notes
    given = open_footage(path, 24)
    np.testing.assert_allclose(given.time, np.arange(30) / 24)
    assert given.standard_rate == 24
    (warning,) = given.warnings(slice(0, 30))
    assert "states 50 frames per second; 24 are taken, as --input-fps says" in warning
    read = list(read_frames(given, given.frames_between(10 / 24, 12 / 24)))
    assert [round(float(frame.image.mean()) / 5) for frame in read] == [10, 11, 12]
    assert not open_footage(path, 50).notes


def test_a_raw_stream_that_states_no_rate(write_video: WriteVideo) -> None:
    path = write_video("raw.mjpeg", raw_pictures(), times_at(30), codec="mjpeg", pixel_format="yuvj420p", rate=30)
    guessed = open_footage(path)
    np.testing.assert_allclose(guessed.time, np.arange(30) / 25)
    (warning,) = guessed.warnings(slice(0, 30))
    assert "states no frame rate; 25 frames per second are taken" in warning
    given = open_footage(path, 30)
    np.testing.assert_allclose(given.time, np.arange(30) / 30)
    assert not given.notes


def test_a_stated_rate_does_not_replace_timestamps(write_video: WriteVideo) -> None:
    footage = open_footage(write_video("phone.mp4", raw_pictures(), times_at(30)), 60)
    np.testing.assert_allclose(footage.time, np.arange(30) / 30, atol=1e-4)
    (warning,) = footage.warnings(slice(0, 30))
    assert warning.startswith("--input-fps 60 is ignored")


def test_a_stream_that_begins_between_key_frames(tmp_path: Path, write_video: WriteVideo) -> None:
    """Cut from a broadcast: what comes before the first key frame can't be decoded."""
    pictures = [np.full((48, 64, 3), 5 * index, np.uint8) for index in range(45)]
    whole = write_video("whole.ts", pictures, codec="mpeg2video", pixel_format="yuv420p", rate=25)
    with av.open(str(whole)) as container:
        places = [packet.pos for packet in container.demux(video=0) if packet.size]
    path = tmp_path / "cut.ts"
    content = whole.read_bytes()
    # the tables of the first three packets, then from the middle of the first group on
    path.write_bytes(content[: 3 * 188] + content[places[6] :])
    footage = open_footage(path)
    read = [(frame.time, round(float(frame.image.mean()) / 5)) for frame in read_frames(footage)]
    assert len(read) == footage.frame_count
    assert [number for _, number in read] == list(range(read[0][1], 45))
    np.testing.assert_allclose([time for time, _ in read], np.arange(len(read)) / 25, atol=1e-3)


def test_files_keep_milliseconds(tmp_path: Path, demo_clip: Path) -> None:
    """Times rounded to milliseconds must not cost the last sample of the motion."""
    from posenet3d_blender.capture.video.footage import sample_times

    path = tmp_path / "clip.mkv"
    copy_stream(demo_clip, path)
    footage = open_footage(path)
    assert footage.frame_count == 131
    assert len(sample_times(footage.time, footage.standard_rate)) == 131


def test_pictures_that_were_looked_at_are_freed_at_once(demo_clip: Path) -> None:
    """Pictures that wait for Python's search for circles of references pile up: gigabytes of large footage."""
    gc.collect()
    gc.disable()
    try:
        most = 0
        for frame in read_frames(open_footage(demo_clip)):
            assert frame.image.size
            assert frame.small_copy(64).size
            most = max(most, sum(isinstance(one, av.VideoFrame) for one in gc.get_objects()))
    finally:
        gc.enable()
    assert 0 < most < 10
