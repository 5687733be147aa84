"""Signs that a video file was cut off before its end: a copy or a recording that was interrupted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import av

_HEADER_STATES_LENGTH: Final = ("matroska", "flv", "asf", "mxf")
"""Formats whose header states how long the whole file lasts."""
_SHORTFALL: Final = 0.05
"""Seconds by which a track may well be shorter than its file's header says."""
_TRANSPORT_PACKETS: Final = ((188, 0), (192, 4), (204, 0))
"""Bytes of a packet in the kinds of MPEG transport streams, and where in it its mark stands."""
_TRANSPORT_MARK: Final = b"\x47"
_PACK_MARK: Final = b"\x00\x00\x01\xba"
_PACK_BLOCK: Final = 2048
"""Bytes at whose multiples most MPEG program streams start their packs."""
_EBML: Final = b"\x1a\x45\xdf\xa3"
_MATROSKA_SEGMENT: Final = b"\x18\x53\x80\x67"
_ASF_FILE_PROPERTIES: Final = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_TAIL: Final = 128 * 1024
"""Bytes; an Ogg page is at most half as long."""


def promised_seconds(container: av.container.InputContainer, stream: av.VideoStream) -> float | None:
    """Seconds for which the track lasts by the file's index or header; None where the file does not state that."""
    if "avi" in container.format.name and stream.frames and stream.average_rate:
        return float(stream.frames / stream.average_rate)
    if "mp4" in container.format.name and stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if container.duration and any(name in container.format.name for name in _HEADER_STATES_LENGTH):
        return container.duration / 1e6
    return None


def lacks_its_end(container: av.container.InputContainer, stream: av.VideoStream, seconds: float, path: Path) -> bool:
    """Tell whether the file is shorter than it states, or than its format asks for.

    Args:
        container: the file.
        stream: the track that is captured.
        seconds: at which its last packet ends, by the file's own clock.
        path: the file.
    """
    size = path.stat().st_size
    if "mp4" in container.format.name:
        return max((entry.pos + entry.size for entry in stream.index_entries), default=0) > size
    promised = promised_seconds(container, stream)
    is_only_track = len(container.streams) == 1 and "matroska" not in container.format.name
    if promised is not None and is_only_track and seconds < promised - _SHORTFALL:
        return True
    with path.open("rb") as file:
        head = file.read(64 * 1024)
        file.seek(max(0, size - _TAIL))
        tail = file.read()
    return _ends_early(head, tail, size)


def _ends_early(head: bytes, tail: bytes, size: int) -> bool:
    """By the format itself: blocks, trailers, sizes; from the file's first and last bytes and its size."""
    for length, place in _TRANSPORT_PACKETS:
        if head[place : place + 1] == head[place + length : place + length + 1] == _TRANSPORT_MARK:
            return size % length != 0
    if head.startswith(_PACK_MARK):
        next_pack = head.find(_PACK_MARK, len(_PACK_MARK))
        return next_pack > 0 and next_pack % _PACK_BLOCK == 0 and size % _PACK_BLOCK != 0
    if head.startswith(_EBML):
        return _matroska_end(head) > size
    if head.startswith(b"GIF8"):
        return not tail.endswith(b";")
    if head.startswith(b"OggS"):
        last_page = tail.rfind(b"OggS")
        return last_page < 0 or not tail[last_page + 5] & 0x04
    properties = head.find(_ASF_FILE_PROPERTIES)
    if properties >= 0:
        return int.from_bytes(head[properties + 40 : properties + 48], "little") > size
    return False


def _matroska_end(head: bytes) -> int:
    """The byte at which a Matroska file ends by its first bytes; 0 where it was written without knowing."""
    header_size, place = _ebml_size(head, len(_EBML))
    place += header_size
    if head[place : place + 4] != _MATROSKA_SEGMENT:
        return 0
    segment_size, start = _ebml_size(head, place + len(_MATROSKA_SEGMENT))
    return start + segment_size if segment_size else 0


def _ebml_size(head: bytes, place: int) -> tuple[int, int]:
    """A size as EBML writes it (RFC 8794, 0 where it is unknown), and the place after it."""
    first = head[place] if place < len(head) else 0
    length = 9 - first.bit_length()
    if not 1 <= length <= 8:
        return 0, place + 1
    marked = int.from_bytes(head[place : place + length], "big")
    value = marked & (1 << 7 * length) - 1
    return (0 if value == (1 << 7 * length) - 1 else value), place + length
