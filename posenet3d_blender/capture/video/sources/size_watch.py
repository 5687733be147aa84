"""Changes of the picture's size within a video track, found at its key frames without decoding all of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import av

CHECK_INTERVAL: Final = 1.0
"""Seconds of footage between two key frames that are decoded for their size, where no header in the stream tells it."""
_SIZE_UNITS: Final = {"h264": (0, 0x1F, 7), "hevc": (1, 0x3F, 33)}
"""By codec, the units that hold the picture's size: shift and mask of their first byte, and the type that it gives."""


@dataclass(frozen=True)
class SizeChange:
    """From here on the stored pictures have another size."""

    stamp: int | None
    """The first such picture's timestamp, ticks."""
    size: tuple[int, int]
    """Width and height as stored, pixels."""


class SizeWatch:
    """Looks at a track's key frames, one after the other.

    A stream whose headers are the same as before goes on in the same size. Where the codec has no such headers, a
    key frame each second is decoded.
    """

    def __init__(self, stream: av.VideoStream) -> None:
        self._stream = stream
        self._size = (stream.width, stream.height)
        self._header = b""
        self._last_checked = float("-inf")
        self._length_size = _length_size(stream)
        self._filter = None if self._length_size else _header_filter(stream)

    def changes(self, packet: av.Packet, stamp: int | None) -> Iterator[SizeChange]:
        """The change that a key frame brings, if any; the packet can't be used afterwards."""
        if self._filter is not None:
            packet = next(iter(self._filter.filter(packet)), packet)
        if not packet.size or not self._is_due(packet, stamp):
            return
        size = self._decoded_size(packet)
        if size is not None and size != self._size:
            self._size = size
            yield SizeChange(stamp, size)

    def _is_due(self, packet: av.Packet, stamp: int | None) -> bool:
        if self._filter is None and not self._length_size:
            time = float((stamp or 0) * (self._stream.time_base or 1))
            is_due = abs(time - self._last_checked) >= CHECK_INTERVAL
            self._last_checked = time if is_due else self._last_checked
            return is_due
        header = _new_extradata(packet) or self._units(packet)
        is_due = bool(header) and bool(self._header) and header != self._header
        self._header = header or self._header
        return is_due

    def _units(self, packet: av.Packet) -> bytes:
        """The units of a length-prefixed packet that hold the picture's size, one after the other."""
        if not self._length_size:
            return b""
        shift, mask, wanted = _SIZE_UNITS[self._stream.codec_context.name]
        content, place, units = bytes(packet), 0, b""
        while place + self._length_size < len(content):
            start = place + self._length_size
            place = start + int.from_bytes(content[place:start], "big")
            if content[start] >> shift & mask == wanted:
                units += content[start:place]
        return units

    def _decoded_size(self, packet: av.Packet) -> tuple[int, int] | None:
        import av

        decoder = self._stream.codec_context
        try:
            pictures = [*decoder.decode(packet), *decoder.decode(None)]
        except av.error.FFmpegError:
            return None
        finally:
            decoder.flush_buffers()
        return (pictures[-1].width, pictures[-1].height) if pictures else None


def _length_size(stream: av.VideoStream) -> int:
    """Bytes of the length before each unit of H.264 or HEVC as MP4 and MKV store it; 0 for anything else."""
    extradata = stream.codec_context.extradata or b""
    place = {"h264": 4, "hevc": 21}.get(stream.codec_context.name, -1)
    return (extradata[place] & 3) + 1 if extradata[:1] == b"\x01" and len(extradata) > place >= 0 else 0


def _header_filter(stream: av.VideoStream) -> av.bitstream.BitStreamFilterContext | None:
    import av

    try:
        return av.bitstream.BitStreamFilterContext("extract_extradata", stream)
    except ValueError:  # a codec without headers of its own in the stream
        return None


def _new_extradata(packet: av.Packet) -> bytes:
    if not packet.has_sidedata("new_extradata"):
        return b""
    return bytes(packet.get_sidedata("new_extradata"))
