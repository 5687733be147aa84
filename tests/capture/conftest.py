"""Small videos of every kind, made on the spot."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
WriteVideo = Callable[..., Path]


def quarters(width: int = 64, height: int = 48) -> Picture:
    """A picture whose corners tell them apart: red, green / blue, white."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[: height // 2, : width // 2] = 255, 0, 0
    picture[: height // 2, width // 2 :] = 0, 255, 0
    picture[height // 2 :, : width // 2] = 0, 0, 255
    picture[height // 2 :, width // 2 :] = 255, 255, 255
    return picture


@pytest.fixture
def write_video(tmp_path: Path) -> WriteVideo:
    """A function that writes pictures, shown at given seconds, and returns the path."""

    def write(
        name: str,
        pictures: Sequence[Picture],
        times: Sequence[float] | None = None,
        codec: str = "libx264",
        pixel_format: str = "yuv444p",
        options: dict[str, str] | None = None,
        rate: int | None = None,
    ) -> Path:
        path = tmp_path / name
        if times is None:
            times = [index / 25 for index in range(len(pictures))]
        # Old formats count frames: their clock ticks once a frame.
        clock = Fraction(1, rate or 30_000)
        with av.open(str(path), "w", options=options or {}) as container:
            stream = container.add_stream(codec, rate=Fraction(rate or 25))
            assert isinstance(stream, av.VideoStream)
            stream.height, stream.width = pictures[0].shape[:2]
            stream.pix_fmt = pixel_format
            stream.gop_size = 10
            stream.time_base = stream.codec_context.time_base = clock
            for picture, time in zip(pictures, times, strict=True):
                source = "rgba" if picture.shape[2] == 4 else "rgb24"
                frame = av.VideoFrame.from_ndarray(picture, format=source)
                frame.pts, frame.time_base = round(time / clock), clock
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    return write


@pytest.fixture
def write_sound(tmp_path: Path) -> Callable[[str], Path]:
    """A function that writes a second of sound without pictures."""

    def write(name: str) -> Path:
        path = tmp_path / name
        with av.open(str(path), "w") as container:
            stream = container.add_stream("aac", rate=44_100)
            stream.layout = "mono"
            for _ in range(40):
                frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
                frame.sample_rate = 44_100
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    return write


def write_matrix(path: Path, matrix: tuple[float, float, float, float]) -> None:
    """Write a, b, c, d into the track's header (ISO 14496-12, box `tkhd`, version 0)."""
    data = bytearray(path.read_bytes())
    header = data.index(b"tkhd")
    # After the type: version and flags 4, times and track 20, reserved 8, layer to volume 8; then nine numbers.
    place = header + 4 + 4 + 20 + 8 + 8
    a, b, c, d = (round(value * 0x10000) for value in matrix)
    struct.pack_into(">9i", data, place, a, b, 0, c, d, 0, 0, 0, 0x40000000)
    path.write_bytes(data)


def corners(image: Picture) -> list[str]:
    """The colours at top left, top right, bottom left and bottom right of a picture such as `quarters`."""
    names = {(255, 0, 0): "red", (0, 255, 0): "green", (0, 0, 255): "blue", (255, 255, 255): "white"}
    places = [image[8, 8], image[8, -8], image[-8, 8], image[-8, -8]]
    return [names[min(names, key=lambda colour: int(np.abs(np.subtract(colour, place)).sum()))] for place in places]
