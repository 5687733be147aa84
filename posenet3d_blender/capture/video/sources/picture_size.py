"""Width and height of picture files from their first bytes, without decoding them."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

from .orientation import EXIF_SEARCHED, ORIENTATIONS, TIFF_MARKS, exif_orientation

Size: TypeAlias = tuple[int, int]

_PNM: Final = re.compile(rb"P[1-6]\s(?:\s|#[^\n]*\n)*(\d+)\s(?:\s|#[^\n]*\n)*(\d+)\s")
_JPEG_FRAMES: Final = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
"""Marks of the JPEG segments that hold the size."""
_DIRECTORY: Final = 4096
"""Bytes of a TIFF file's directory that are read."""


def upright_size(path: Path) -> Size | None:
    """Width and height of a picture as it is to be shown, pixels; None where the file's start does not tell them."""
    try:
        with path.open("rb") as stream:
            head = stream.read(EXIF_SEARCHED)
            if head[:4] in TIFF_MARKS:
                return _tiff(stream, head)
            size = _stored_size(path, head)
            if size is None and head.startswith(b"\xff\xd8"):  # a large preview or colour profile comes first
                size = _jpeg(head + stream.read())
    except (OSError, struct.error):
        return None
    if size is None or min(size) < 1:
        return None
    return _turned(size, exif_orientation(head).swaps_sides)


def _stored_size(path: Path, head: bytes) -> Size | None:
    for mark, read in _READERS.items():
        if head.startswith(mark):
            return read(head)
    if pnm := _PNM.match(head):
        return int(pnm[1]), int(pnm[2])
    return struct.unpack_from("<HH", head, 12) if path.suffix.lower() == ".tga" else None


def _turned(size: Size, swaps_sides: bool) -> Size:
    return (size[1], size[0]) if swaps_sides else size


def _png(head: bytes) -> Size:
    return struct.unpack_from(">II", head, 16)


def _bmp(head: bytes) -> Size:
    width, height = struct.unpack_from("<ii", head, 18)
    return width, abs(height)  # negative: its rows run downwards


def _jpeg(head: bytes) -> Size | None:
    place = 2
    while place + 9 <= len(head) and head[place] == 0xFF:
        mark = head[place + 1]
        if mark in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", head, place + 5)
            return width, height
        # Any number of bytes FF may stand before a mark.
        place += 1 if mark == 0xFF else 2 + int.from_bytes(head[place + 2 : place + 4], "big")
    return None


def _webp(head: bytes) -> Size | None:
    kind = head[8:16]
    if kind == b"WEBPVP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if kind == b"WEBPVP8L":
        (bits,) = struct.unpack_from("<I", head, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"WEBPVP8 ":
        width, height = struct.unpack_from("<HH", head, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _jpeg_2000(head: bytes) -> Size | None:
    place = head.find(b"ihdr")
    if place < 0:
        return None
    height, width = struct.unpack_from(">II", head, place + 4)
    return width, height


def _dpx(head: bytes) -> Size:
    return struct.unpack_from(">II" if head.startswith(b"SDPX") else "<II", head, 772)


def _tiff(stream: BinaryIO, head: bytes) -> Size | None:
    order = "<" if head.startswith(b"II") else ">"
    (place,) = struct.unpack_from(f"{order}I", head, 4)
    stream.seek(place)
    directory = stream.read(_DIRECTORY)
    (count,) = struct.unpack_from(f"{order}H", directory)
    values = {}
    for entry in range(min(count, (len(directory) - 2) // 12)):
        tag, kind = struct.unpack_from(f"{order}HH", directory, 2 + 12 * entry)
        (values[tag],) = struct.unpack_from(f"{order}{'H' if kind == 3 else 'I'}", directory, 10 + 12 * entry)
    size = values.get(256, 0), values.get(257, 0)
    number = values.get(274, 1)
    swaps_sides = 1 <= number <= len(ORIENTATIONS) and ORIENTATIONS[number - 1].swaps_sides
    return _turned(size, swaps_sides) if min(size) > 0 else None


_READERS: Final[dict[bytes, Callable[[bytes], Size | None]]] = {
    b"\x89PNG\r\n\x1a\n": _png,
    b"\xff\xd8": _jpeg,
    b"BM": _bmp,
    b"RIFF": _webp,
    b"\0\0\0\x0cjP": _jpeg_2000,
    b"SDPX": _dpx,
    b"XPDS": _dpx,
}
"""By the bytes with which a file begins."""
