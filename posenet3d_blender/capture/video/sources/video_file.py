"""A video file as a source of pictures: which track, which frames, when they are shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from ....background import Matrix2
from ....cores import usable_cores
from ....errors import PoseNet3DError
from ..lens import equivalent_focal_length
from .clock import Clock, clock_of
from .container import check_present, choose_track, decoded, opened, states_no_times, video_tracks
from .orientation import Pixels, display_matrix, orientation_of
from .packets import Packets, display_order, read_packets
from .pictures import SizeChanges, StoredPicture, real_changes

if TYPE_CHECKING:
    import av
    from av.video.reformatter import VideoReformatter

CHECKED_PICTURES: Final = 20
"""So many decoded pictures must have the timestamps that the packets promise; some AVI files promise wrong ones."""
MOST_LEADING: Final = 64
"""Pictures at the start that may be missing, because what they build on was cut off before them."""
WIDEST_PIXEL: Final = 4
"""A pixel stated to be more than so many times wider than high, or higher than wide, is an error in the file."""
TRANSPORT_OVERFLOW: Final = 2**33
"""Ticks after which the clock of MPEG transport and program streams begins at 0 again."""
MOST_THREADS: Final = 16
"""Of a decoder, which keeps some pictures for each."""
HIGHEST_RATE: Final = 1000
"""Frames per second; a stream's header that states more counts something else."""


@dataclass(frozen=True)
class VideoFile:
    """A video file that was looked through."""

    path: Path
    stamps: tuple[int | None, ...] | None
    """Each picture's timestamp, ticks, in the order in which they are shown; None: they are counted."""
    pixel_aspect: Fraction
    """Width of a stored pixel over its height."""
    can_seek: bool
    """As `PictureSource` has it."""
    size: int
    """Bytes."""

    def check_present(self) -> None:
        """Check that the file is as it was; as `PictureSource` has it."""
        check_present(self.path, self.size)

    def pictures(self, first: int) -> Iterator[StoredPicture]:
        """Every picture that can be decoded, in order, from index `first` or somewhat before it."""
        if first > 0 and self.can_seek and self.stamps is not None:
            pictures = self._read(self.stamps[first])
            earliest = next(pictures, None)
            if earliest is not None and earliest.index <= first:
                yield earliest
                yield from pictures
                return
            # The file's index sent us too far: read it from the beginning instead.
        yield from self._read(None)

    def _read(self, seek_to: int | None) -> Iterator[StoredPicture]:
        """From the start, or from the key frame before a timestamp, ticks."""
        import av
        from av.video.reformatter import VideoReformatter

        with opened(self.path) as container:
            stream = choose_track(container, self.path)
            stream.thread_type = "AUTO"
            stream.codec_context.thread_count = min(usable_cores(), MOST_THREADS)
            if seek_to is not None:
                with suppress(av.error.FFmpegError):  # then it is read from its beginning
                    container.seek(seek_to, stream=stream)
            expected, scaler = 0, VideoReformatter()
            for picture in decoded(container, stream):
                index = self._index(picture.pts, expected)
                if index is not None:
                    expected = index + 1
                    upright = partial(self._upright, picture)
                    small = partial(self._small, picture, scaler)
                    yield StoredPicture(index, upright, small, picture.is_corrupt)

    def _index(self, stamp: int | None, expected: int) -> int | None:
        """The picture with this timestamp that is not before `expected`; None where there is none."""
        if self.stamps is None:
            return expected
        return next((index for index in self._indices.get(stamp, ()) if index >= expected), None)

    def _upright(self, picture: av.VideoFrame) -> Pixels:
        width = max(1, round(picture.width * self.pixel_aspect))
        with self._convertible(picture):
            pixels = picture.to_ndarray(format="rgb24", width=width, height=picture.height)
        return orientation_of(picture).apply(np.asarray(pixels, dtype=np.uint8))

    def _small(self, picture: av.VideoFrame, scaler: VideoReformatter, longer_side: int) -> Pixels:
        """The upright picture, scaled down straight from the decoder's; the scaler serves one size after another."""
        width = max(1, round(picture.width * self.pixel_aspect))
        scale = min(1.0, longer_side / max(width, picture.height))
        size = (max(1, round(width * scale)), max(1, round(picture.height * scale)))
        with self._convertible(picture):
            pixels = scaler.reformat(picture, *size, format="rgb24", interpolation="AREA").to_ndarray()
        return orientation_of(picture).apply(np.asarray(pixels, dtype=np.uint8))

    @contextmanager
    def _convertible(self, picture: av.VideoFrame) -> Iterator[None]:
        """Report pixels of a format that can't be converted in one line."""
        import av

        try:
            yield
        except (av.error.FFmpegError, ValueError) as error:
            raise PoseNet3DError(
                f"{self.path}: its pixels ({picture.format.name}) can't be converted; export it as H.264 in an .mp4"
            ) from error

    @cached_property
    def _indices(self) -> dict[int | None, list[int]]:
        indices: dict[int | None, list[int]] = {}
        for index, stamp in enumerate(self.stamps or ()):
            indices.setdefault(stamp, []).append(index)
        return indices


@dataclass(frozen=True)
class VideoTrack:
    """Statements of a file about the track that is captured."""

    track_count: int
    number: int
    """From 1, among all the video in the file."""
    stored_size: tuple[int, int]
    """Width and height of the first picture, pixels."""
    pixel_aspect: Fraction
    stated_aspect: Fraction
    """Of a pixel, before what can't be was left out."""
    matrix: Matrix2
    """The first picture's display matrix."""
    tick: float
    """Seconds."""
    start: int
    """Timestamp at which the track starts, ticks."""
    overflow: int
    """Ticks after which timestamps begin at 0 again; 0: they don't."""
    is_raw: bool
    """It is a stream without timestamps."""
    stated_rate: Fraction | None
    """Frames per second by the container's or the stream's header."""
    early_stamps: tuple[int | None, ...]
    """Timestamps of the first pictures as they are decoded."""
    equivalent_focal_length: float | None


@dataclass(frozen=True)
class SurveyedVideo:
    """A video file, its track, and the pictures' times."""

    file: VideoFile
    track: VideoTrack
    packets: Packets
    clock: Clock | None
    """None: the pictures have no usable times and are counted."""
    frame_count: int
    size_changes: SizeChanges = ()
    """Of the stored pictures."""


def survey_video(path: Path, count_frames: bool = False) -> SurveyedVideo:
    """Look through a video file.

    Args:
        path: an existing file.
        count_frames: count a raw stream's pictures even where it seems to have timestamps.

    Raises:
        PoseNet3DError: it is no video, only sound, or nothing of it can be decoded.
    """
    size = path.stat().st_size
    track = _read_track(path)
    packets = read_packets(path)
    stamps = _agreeing(display_order(packets.times), track.early_stamps)
    changes: list[tuple[int | None, tuple[int, int]]]
    if stamps:
        changes = [
            (stamps.index(change.stamp) if change.stamp in stamps else None, change.size)
            for change in packets.size_changes
        ]
    else:
        stamps, sizes = _decode_all(path)
        changes = list(enumerate(sizes))
    is_counted = track.is_raw and (count_frames or track.stated_rate is None)
    clock = None if is_counted else clock_of(stamps, track.tick, track.overflow)
    rising = all(one is not None for one in stamps) and np.all(np.diff(np.array(stamps, dtype=np.float64)) > 0)
    can_seek = clock is not None and bool(rising) and not track.is_raw
    file = VideoFile(path, tuple(stamps) if clock else None, track.pixel_aspect, can_seek, size)
    return SurveyedVideo(file, track, packets, clock, len(stamps), real_changes(track.stored_size, changes))


def _decode_all(path: Path) -> tuple[list[int | None], list[tuple[int, int]]]:
    """Timestamp, and width and height as stored, of every picture that can be decoded."""
    stamps, sizes = [], []
    with opened(path) as container:
        stream = choose_track(container, path)
        stream.thread_type = "AUTO"
        for picture in decoded(container, stream):
            stamps.append(picture.pts)
            sizes.append((picture.width, picture.height))
    return stamps, sizes


def _agreeing(stamps: list[int | None], early: Sequence[int | None]) -> list[int | None]:
    """The timestamps from the packets, from the first picture on that can be decoded; empty where they are wrong."""
    for lead in range(min(MOST_LEADING, len(stamps))):
        if tuple(stamps[lead : lead + len(early)]) == tuple(early):
            return stamps[lead:]
    return []


def _read_track(path: Path) -> VideoTrack:
    with opened(path) as container:
        stream = choose_track(container, path)
        first, early = _first_pictures(container, stream, path)
        aspect = stream.sample_aspect_ratio or Fraction(1)
        is_raw = states_no_times(container)
        return VideoTrack(
            track_count=len(video_tracks(container)),
            number=1 + [one.index for one in container.streams.video].index(stream.index),
            stored_size=(first.width, first.height),
            pixel_aspect=aspect if 1 / WIDEST_PIXEL <= aspect <= WIDEST_PIXEL else Fraction(1),
            stated_aspect=aspect,
            matrix=display_matrix(first),
            tick=float(stream.time_base or Fraction(1, 1000)),
            start=stream.start_time or 0,
            overflow=TRANSPORT_OVERFLOW if "mpeg" in container.format.name else 0,
            is_raw=is_raw,
            stated_rate=_stated_rate(stream, is_raw),
            early_stamps=early,
            equivalent_focal_length=equivalent_focal_length({**container.metadata, **stream.metadata}),
        )


def _stated_rate(stream: av.VideoStream, is_raw: bool) -> Fraction | None:
    """Frames per second; of a raw stream only what its own headers say, for FFmpeg makes up the rest."""
    rates = [stream.codec_context.framerate] if is_raw else [stream.average_rate, stream.guessed_rate]
    return next((Fraction(rate) for rate in rates if rate and 1 <= rate <= HIGHEST_RATE), None)


def _first_pictures(
    container: av.container.InputContainer, stream: av.VideoStream, path: Path
) -> tuple[av.VideoFrame, tuple[int | None, ...]]:
    """The first picture, and the timestamps of the first few."""
    first, stamps = None, []
    for picture in islice(decoded(container, stream), CHECKED_PICTURES):
        first = first or picture
        stamps.append(picture.pts)
    if first is None:
        raise PoseNet3DError(
            f"{path}: no frame of it ({stream.codec_context.name}) can be decoded; it is damaged, cut off or of an "
            "unknown kind; copy it again, or export it as H.264 in an .mp4"
        )
    return first, tuple(stamps)
