"""Video files as containers: opening them, choosing the track, decoding it past damage."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ....errors import PoseNet3DError
from ....footage_endings import PICTURE_ENDINGS

if TYPE_CHECKING:
    import av

_NO_TIMESTAMPS: Final = 0x0080
"""FFmpeg's AVFMT_NOTIMESTAMPS."""
_CLOCK_MAY_JUMP: Final = 0x0200
"""FFmpeg's AVFMT_TS_DISCONT: MPEG transport and program streams."""


def check_file(path: Path) -> None:
    """Check that there is a file with something in it.

    Raises:
        PoseNet3DError: it is missing, a folder, empty, or may not be read.
    """
    if not os.path.exists(path):
        raise PoseNet3DError(f"{path}: no such file; check the name")
    if not path.is_file():
        raise PoseNet3DError(f"{path}: is a device or a pipe; give a video file")
    try:
        with path.open("rb") as stream:
            head = stream.read(64)
    except OSError as error:
        raise PoseNet3DError(f"{path}: can't be read ({error.strerror or error}); check its permissions") from error
    if not head:
        raise PoseNet3DError(f"{path}: the file is empty; copy or export the video again")
    if head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and len(head) > 20 and head[20] & 0x02:
        raise PoseNet3DError(f"{path}: animated WebP can't be read; convert it to MP4, GIF or an image sequence")


def check_present(path: Path, size: int | None = None) -> None:
    """Check that a file of footage, once found, can still be read to its end.

    Args:
        path: the file.
        size: bytes that it had; None: any.

    Raises:
        PoseNet3DError: it is gone, with its drive perhaps, or has another size now.
    """
    try:
        with path.open("rb") as stream:
            now = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, now - 1))
            stream.read(1)
    except OSError as error:
        raise PoseNet3DError(
            f"{path}: can't be read any more ({error.strerror or error}); check its drive, then capture again"
        ) from error
    if size is not None and now != size:
        raise PoseNet3DError(f"{path}: has changed while it was read; capture again when it is complete")


@contextmanager
def opened(path: Path) -> Iterator[av.container.InputContainer]:
    """A video file, open.

    Raises:
        PoseNet3DError: it is no video, is damaged from its start, or is gone.
    """
    import av

    try:
        container = av.open(str(path.absolute()), metadata_errors="replace")
    except (av.error.FFmpegError, ValueError) as error:
        check_present(path)
        raise PoseNet3DError(
            f"{path}: not a video that can be read, or it is damaged or cut off; copy or export it again"
        ) from error
    with container:
        # The "tty" reader would show any .txt or .nfo file as a film of its text.
        if container.format.name == "tty":
            raise PoseNet3DError(f"{path}: a text file, not a video; give a video file")
        yield container


def video_tracks(container: av.container.InputContainer) -> list[av.VideoStream]:
    """The tracks that show the footage: no cover pictures, thumbnails or stills, unless there is nothing else.

    A track that FFmpeg has no decoder for has no context, and none of a video's properties.
    """
    import av

    kinds = av.stream.Disposition
    no_footage = kinds.attached_pic | kinds.timed_thumbnails | kinds.still_image
    decodable = [stream for stream in container.streams.video if stream.codec_context is not None]
    tracks = [stream for stream in decodable if not stream.disposition & no_footage]
    return [stream for stream in tracks if stream.frames != 1] or tracks


def choose_track(container: av.container.InputContainer, path: Path) -> av.VideoStream:
    """The track marked as the default one; of several, or where none is marked, the largest.

    Raises:
        PoseNet3DError: the file has no video.
    """
    import av

    tracks = video_tracks(container)
    if not tracks:
        if any(stream.codec_context is None for stream in container.streams.video):
            raise PoseNet3DError(f"{path}: its video is of an unknown format; export it as H.264 in an .mp4")
        kind = "only sound" if container.streams.audio else "no video"
        raise PoseNet3DError(f"{path}: holds {kind}; give a file with a video in it")
    default = av.stream.Disposition.default
    return max(tracks, key=lambda stream: (bool(stream.disposition & default), stream.width * stream.height))


def decoded(container: av.container.InputContainer, stream: av.VideoStream) -> Iterator[av.VideoFrame]:
    """Every picture that can be decoded; damaged packets are skipped, and an unreadable rest ends it."""
    import av

    is_broadcast = bool(container.format.flags & _CLOCK_MAY_JUMP)
    for packet in packets_of(container, stream):
        # Broadcasts mark packets after a gap; elsewhere it is the last one, of which the file has a part only. Trying
        # to decode that would cost the pictures that the decoder still holds back.
        if packet.is_corrupt and not is_broadcast:
            continue
        try:
            yield from packet.decode()
        except av.error.FFmpegError:
            continue


def packets_of(container: av.container.InputContainer, stream: av.VideoStream) -> Iterator[av.Packet[av.VideoStream]]:
    """The track's packets, as far as the file can be read, and the empty one that flushes the decoder."""
    import av

    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.error.FFmpegError:
            return
        if packet is None:
            return
        yield packet


def states_no_times(container: av.container.InputContainer) -> bool:
    """Tell whether it is a raw stream, without timestamps for its frames."""
    return bool(container.format.flags & _NO_TIMESTAMPS)


def single_picture_advice(path: Path) -> str:
    """Advice for a file that shows a single frame."""
    if path.suffix.lower() in PICTURE_ENDINGS:
        return "give the folder of an image sequence, or a pattern such as shot_%04d.png, and its rate with --input-fps"
    return "give a video with at least 2 frames"
