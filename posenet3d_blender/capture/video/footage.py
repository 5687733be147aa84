"""Footage: a video file's frames, their times and their orientation.

Time is in seconds since the video's first shown frame, from the file's own timestamps (variable rate, edit lists).
Pictures are upright: the rotation that a phone stores beside the video is applied, and pixels are square.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import Array
from ...errors import PoseNet3DError
from .frame_rates import sample_times, standard_rate
from .lens import equivalent_focal_length

if TYPE_CHECKING:
    import av

__all__ = ["Footage", "Frame", "open_footage", "read_frames", "sample_times", "standard_rate"]

MINIMUM_FRAME_COUNT: Final = 2
CHECKED_PICTURES: Final = 20
"""Count of decoded pictures whose timestamps must equal the packets'; in some AVI files they do not."""


@dataclass(frozen=True)
class Footage:
    """A readable video and the times of its frames."""

    path: Path
    width: int
    """Pixels of the upright picture."""
    height: int
    """Pixels of the upright picture."""
    rotation: int
    """Degrees, counterclockwise, by which the stored picture is turned to stand upright: 0, 90, 180 or 270."""
    time: Array
    """(N,) seconds since the first shown frame, strictly rising."""
    standard_rate: Fraction
    """The constant frame rate at which this footage's motion is sampled."""
    first_timestamp: int = 0
    """The first shown frame's timestamp in the stream's own ticks."""
    counted: bool = False
    """The file has no usable timestamps: its frames are counted, at the rate that the file states."""
    equivalent_focal_length: float | None = None
    """Millimetres on 35 mm film; None: not in the file."""

    @property
    def image_size(self) -> tuple[int, int]:
        """Width and height of the upright picture, pixels."""
        return self.width, self.height

    @property
    def frame_count(self) -> int:
        """N."""
        return len(self.time)

    def frames_between(self, start: float | None = None, end: float | None = None) -> slice:
        """The frames whose time lies in [start, end], seconds; None leaves that side open.

        Raises:
            PoseNet3DError: no frame lies there.
        """
        tolerance = 1e-6
        first = 0 if start is None else int(np.searchsorted(self.time, start - tolerance))
        stop = len(self.time) if end is None else int(np.searchsorted(self.time, end + tolerance))
        if stop <= first:
            raise PoseNet3DError(
                f"{self.path}: no frame lies between {start or 0:g} s and {self.time[-1] if end is None else end:g} s; "
                f"the footage lasts {self.time[-1]:.2f} s"
            )
        return slice(first, stop)


class Frame:
    """One frame; its pixels are converted when they are first asked for."""

    def __init__(self, index: int, time: float, picture: av.VideoFrame, footage: Footage) -> None:
        """Wrap a decoded picture."""
        self.index = index
        """Position in `Footage.time`."""
        self.time = time
        """Seconds since the first shown frame."""
        self._picture = picture
        self._footage = footage

    @cached_property
    def image(self) -> NDArray[np.uint8]:
        """(height, width, 3) RGB, upright."""
        turned = self._footage.rotation in (90, 270)
        width, height = self._footage.image_size
        stored_width, stored_height = (height, width) if turned else (width, height)
        pixels = self._picture.to_ndarray(format="rgb24", width=stored_width, height=stored_height)
        return np.ascontiguousarray(np.rot90(pixels, self._footage.rotation // 90))


def open_footage(path: Path) -> Footage:
    """Read a video file's frame times, size and orientation.

    Raises:
        PoseNet3DError: the file is missing, empty, no video, only audio, cut off, or shows fewer than two frames.
    """
    path = Path(path)
    _check_file(path)
    with _opened(path) as container:
        stream = _video_stream(container, path)
        _check_complete(stream, path)
        first, early_timestamps = _first_pictures(container, stream, path)
        width, height = _square_pixel_size(first, stream)
        lens = equivalent_focal_length({**container.metadata, **stream.metadata})
        time_base = stream.time_base or Fraction(1, 1000)
        stated_rate = stream.average_rate or stream.guessed_rate or Fraction(25)
    timestamps = _timestamps_by_demuxing(path)
    counted = False
    if timestamps[: len(early_timestamps)] != early_timestamps:
        decoded = _timestamps_by_decoding(path)
        timestamps = [timestamp for timestamp in decoded if timestamp is not None]
        counted = len(timestamps) < len(decoded) or timestamps != sorted(set(timestamps))
        if counted:
            timestamps, time_base = list(range(len(decoded))), 1 / stated_rate
    if len(timestamps) < MINIMUM_FRAME_COUNT:
        raise PoseNet3DError(f"{path}: shows a single frame; give a video with at least {MINIMUM_FRAME_COUNT} frames")
    time = (np.array(timestamps) - timestamps[0]) * float(time_base)
    rotation = round(first.rotation / 90) * 90 % 360
    if rotation in (90, 270):
        width, height = height, width
    return Footage(path, width, height, rotation, time, standard_rate(time), timestamps[0], counted, lens)


def read_frames(footage: Footage, frames: slice | None = None) -> Iterator[Frame]:
    """Decode frames in order, one at a time; a frame that the file's index promises but can't be decoded is left out.

    Args:
        footage: the video.
        frames: from `Footage.frames_between`; None: all.

    Raises:
        PoseNet3DError: the file became unreadable.
    """
    first, stop = (frames.start, frames.stop) if frames is not None else (0, footage.frame_count)
    last_index = first - 1
    for index, picture in _pictures_from(footage, first):
        if index >= stop:
            return
        if index > last_index:
            last_index = index
            yield Frame(index, float(footage.time[index]), picture, footage)


def _pictures_from(footage: Footage, first: int) -> Iterator[tuple[int, av.VideoFrame]]:
    """Decoded pictures with their index in `footage.time`, from `first` or somewhat before it."""
    if first > 0:
        pictures = _pictures(footage, first)
        earliest = next(pictures, None)
        if earliest is not None and earliest[0] <= first:
            yield earliest
            yield from pictures
            return
        # The file's index points too far: read from the beginning instead.
    yield from _pictures(footage, None)


def _pictures(footage: Footage, seek_to: int | None) -> Iterator[tuple[int, av.VideoFrame]]:
    """Decoded pictures with their index in `footage.time`, from the start or from the key frame before `seek_to`."""
    with _opened(footage.path) as container:
        stream = _video_stream(container, footage.path)
        stream.thread_type = "AUTO"
        if footage.counted:
            yield from zip(range(footage.frame_count), _decoded(container, stream), strict=False)
            return
        time_base = stream.time_base or Fraction(1, 1000)
        if seek_to is not None:
            container.seek(footage.first_timestamp + round(footage.time[seek_to] / time_base), stream=stream)
        half_tick = float(time_base) / 2
        for picture in _decoded(container, stream):
            if picture.pts is None:
                continue
            time = (picture.pts - footage.first_timestamp) * float(time_base)
            index = int(np.searchsorted(footage.time, time - half_tick))
            if index < len(footage.time) and abs(footage.time[index] - time) <= half_tick:
                yield index, picture


def _decoded(container: av.container.InputContainer, stream: av.VideoStream) -> Iterator[av.VideoFrame]:
    """Every picture that can be decoded; damaged packets are skipped."""
    import av

    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            continue


def _check_file(path: Path) -> None:
    if not os.path.exists(path):
        raise PoseNet3DError(f"{path}: no such file; check the name")
    if path.is_dir():
        raise PoseNet3DError(f"{path}: is a folder; give a video file")
    if not path.is_file():
        raise PoseNet3DError(f"{path}: is a device or a pipe; give a video file")
    try:
        with path.open("rb") as stream:
            empty = not stream.read(1)
    except OSError as error:
        raise PoseNet3DError(f"{path}: can't be read ({error.strerror or error}); check its permissions") from error
    if empty:
        raise PoseNet3DError(f"{path}: the file is empty; copy or export the video again")


@contextmanager
def _opened(path: Path) -> Iterator[av.container.InputContainer]:
    import av

    try:
        container = av.open(str(path.absolute()), metadata_errors="replace")
    except (av.error.FFmpegError, ValueError) as error:
        raise PoseNet3DError(
            f"{path}: not a video that can be read, or it is damaged or cut off; copy or export it again"
        ) from error
    with container:
        # The "tty" reader would show any .txt or .nfo file as a film of its text.
        if container.format.name == "tty":
            raise PoseNet3DError(f"{path}: a text file, not a video; give a video file")
        yield container


def _video_stream(container: av.container.InputContainer, path: Path) -> av.VideoStream:
    import av

    still = av.stream.Disposition.attached_pic
    streams = [stream for stream in container.streams.video if not stream.disposition & still]
    if not streams:
        kind = "only sound" if container.streams.audio else "no video"
        raise PoseNet3DError(f"{path}: holds {kind}; give a file with a video in it")
    return max(streams, key=lambda stream: stream.width * stream.height)


def _check_complete(stream: av.VideoStream, path: Path) -> None:
    """MP4 and MOV list each frame's place: a file shorter than that was cut off, though its first part may play."""
    file_size = path.stat().st_size
    entries = stream.index_entries
    if not len(entries) or "mp4" not in stream.container.format.name:
        return
    if max(entry.pos + entry.size for entry in entries) > file_size:
        raise PoseNet3DError(f"{path}: the file is cut off before its end; copy or export it again")


def _first_pictures(
    container: av.container.InputContainer, stream: av.VideoStream, path: Path
) -> tuple[av.VideoFrame, list[int | None]]:
    """The first picture, and the timestamps of the first few."""
    import av

    first, timestamps = None, []
    try:
        for picture in islice(_decoded(container, stream), CHECKED_PICTURES):
            first = first or picture
            timestamps.append(picture.pts)
    except av.error.FFmpegError as error:
        raise PoseNet3DError(
            f"{path}: its video ({stream.name}) can't be decoded; export it as H.264 in an .mp4"
        ) from error
    if first is None:
        raise PoseNet3DError(
            f"{path}: no frame of it can be decoded; the file is damaged or cut off, copy or export it again"
        )
    return first, timestamps


def _square_pixel_size(picture: av.VideoFrame, stream: av.VideoStream) -> tuple[int, int]:
    """Stored width and height, the width stretched where pixels are not square."""
    aspect = stream.sample_aspect_ratio or Fraction(1)
    return max(1, round(picture.width * aspect)), picture.height


def _timestamps_by_demuxing(path: Path) -> list[int]:
    """Timestamps of all frames, in order, from the packets alone (fast); empty where a packet has none."""
    with _opened(path) as container:
        stream = _video_stream(container, path)
        packets = [packet for packet in container.demux(stream) if packet.size and not packet.is_discard]
        timestamps = [packet.pts for packet in packets]
    distinct = sorted({timestamp for timestamp in timestamps if timestamp is not None})
    return distinct if len(distinct) == len(timestamps) else []


def _timestamps_by_decoding(path: Path) -> list[int | None]:
    """Timestamps of all frames in the order in which they are decoded; None where a frame has none."""
    with _opened(path) as container:
        stream = _video_stream(container, path)
        stream.thread_type = "AUTO"
        return [picture.pts for picture in _decoded(container, stream)]
