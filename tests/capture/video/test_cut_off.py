"""Files that were cut off: read as far as they go, with a warning."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from posenet3d_blender.capture.video.footage import Footage, open_footage, read_frames
from posenet3d_blender.errors import PoseNet3DError

FRAMES = 60
CONTAINERS = {
    # ending: codec, muxer's options
    ".mp4": ("libx264", {"movflags": "faststart"}),
    ".mov": ("libx264", {"movflags": "frag_keyframe+empty_moov"}),
    ".mkv": ("libx264", {}),
    ".webm": ("libvpx", {}),
    ".avi": ("mpeg4", {}),
    ".flv": ("libx264", {}),
    ".wmv": ("wmv2", {}),
    ".ts": ("libx264", {}),
    ".m2ts": ("libx264", {}),
    ".mpg": ("mpeg2video", {}),
    ".mxf": ("mpeg2video", {}),
    ".gif": ("gif", {}),
    ".ogg": ("libvpx", {}),
}


def write_noise(path: Path, codec: str, options: dict[str, str]) -> Path:
    """Two seconds that don't compress well, so that each frame has its part of the file."""
    generator = np.random.default_rng(0)
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=30)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = 128, 96
        stream.pix_fmt = "rgb8" if codec == "gif" else "yuv420p"
        stream.gop_size = 15
        stream.bit_rate = 2_000_000
        stream.thread_count = 1  # the same file each time
        for index in range(FRAMES):
            picture = generator.integers(0, 255, (96, 128, 3), dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(picture).reformat(format=stream.pix_fmt)
            frame.pts, frame.time_base = index, Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def cut(path: Path, part: float) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part) | 1])
    return path


def warnings_of(footage: Footage) -> list[str]:
    frames = slice(0, footage.frame_count)
    return footage.warnings(frames)


@pytest.mark.parametrize("ending", CONTAINERS)
def test_a_whole_file_has_no_warning(tmp_path: Path, ending: str) -> None:
    footage = open_footage(write_noise(tmp_path / f"whole{ending}", *CONTAINERS[ending]))
    assert sum(1 for _ in read_frames(footage)) == footage.frame_count == FRAMES
    assert not warnings_of(footage)


@pytest.mark.parametrize("part", [0.45, 0.93])
@pytest.mark.parametrize("ending", CONTAINERS)
def test_a_cut_file_goes_as_far_as_it_goes(tmp_path: Path, ending: str, part: float) -> None:
    footage = open_footage(cut(write_noise(tmp_path / f"cut{ending}", *CONTAINERS[ending]), part))
    read = [frame.index for frame in read_frames(footage)]
    # What is stored of the file is not quite in step with time.
    assert footage.frame_count == pytest.approx(part * FRAMES, abs=12)
    assert len(read) >= footage.frame_count - 1
    assert any(f"cut off: it goes as far as {footage.time[-1]:.2f} s" in warning for warning in warnings_of(footage))


def test_the_warning_states_what_is_missing(tmp_path: Path) -> None:
    footage = open_footage(cut(write_noise(tmp_path / "cut.mkv", *CONTAINERS[".mkv"]), 0.5))
    (warning,) = warnings_of(footage)
    assert warning.endswith("of 2.00 s, which is captured; copy or export the video again for the rest")
    assert not footage.warnings(slice(0, 10)), "the range that is captured lies before the cut"


def test_mp4_whose_index_was_at_its_end(tmp_path: Path) -> None:
    path = cut(write_noise(tmp_path / "cut.mp4", "libx264", {}), 0.6)
    with pytest.raises(PoseNet3DError, match=r"cut.mp4: .*cut off; copy or export it again"):
        open_footage(path)


def test_a_raw_stream_that_ends_within_a_frame(tmp_path: Path) -> None:
    footage = open_footage(cut(write_noise(tmp_path / "cut.h264", "libx264", {}), 0.5))
    read = [frame.index for frame in read_frames(footage)]
    assert read == list(range(footage.frame_count))
    assert len(read) == pytest.approx(0.5 * FRAMES, abs=6)
    # By the timing of its threads, FFmpeg may conceal the end of the last frame without a flag.
    warnings = warnings_of(footage)
    assert len(warnings) <= 1
    assert all("1 of " in warning and "damaged" in warning for warning in warnings)


@pytest.mark.parametrize("ending", [".mkv", ".ts", ".mp4", ".avi"])
def test_damage_in_the_middle_is_named(tmp_path: Path, ending: str) -> None:
    path = write_noise(tmp_path / f"damaged{ending}", *CONTAINERS[ending])
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    size = len(content) // 10
    content[middle : middle + size] = np.random.default_rng(1).bytes(size)
    path.write_bytes(content)
    footage = open_footage(path)
    read = [frame.index for frame in read_frames(footage)]
    assert read == sorted(set(read))
    assert len(read) > FRAMES / 2
    assert 0.5 < footage.time[min(footage.damaged)] < 1.5
    (warning,) = [one for one in warnings_of(footage) if "damaged, the first at" in one]
    assert f"{len(footage.damaged)} of " in warning
    assert not [one for one in footage.warnings(slice(0, 10)) if "damaged" in one]
