"""Orientation of stored pictures: turns and mirrorings that make them stand upright.

Videos state it as a display matrix (ISO 14496-12), pictures as a number (Exif 2.3, tag 0x0112).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from ....background import Matrix2

if TYPE_CHECKING:
    import av
    from av.buffer import Buffer

DOUBTFUL_ANGLE: Final = 1.0
"""Degrees off a quarter turn from which the nearest one is only a guess."""
_FIXED_POINT: Final = 1 << 16
_EXIF_TAG: Final = 0x0112
EXIF_SEARCHED: Final = 256 * 1024
"""Bytes at the start of a picture file, of TIFF aside, in which its Exif data are sought."""

Pixels: TypeAlias = NDArray[np.uint8]


@dataclass(frozen=True)
class Orientation:
    """One of the eight ways in which a picture can lie: a turn by quarters, mirrored or not."""

    matrix: Matrix2 = (1, 0, 0, 1)
    """a, b, c, d as in a display matrix: a stored pixel (x, y), y down, is shown at (a x + c y, b x + d y)."""

    @property
    def swaps_sides(self) -> bool:
        """The stored width is the upright picture's height."""
        return self.matrix[0] == 0

    def apply(self, pixels: Pixels) -> Pixels:
        """Stored pixels (H, W, 3) as the upright picture, (H, W, 3) or (W, H, 3)."""
        a, b, c, d = self.matrix
        if self.swaps_sides:
            pixels = pixels.swapaxes(0, 1)
        across, down = (c, b) if self.swaps_sides else (a, d)
        return np.ascontiguousarray(pixels[:: int(down), :: int(across)])


UPRIGHT: Final = Orientation()

ORIENTATIONS: Final = (
    *(UPRIGHT, Orientation((-1, 0, 0, 1)), Orientation((-1, 0, 0, -1)), Orientation((1, 0, 0, -1))),
    *(Orientation((0, 1, 1, 0)), Orientation((0, 1, -1, 0)), Orientation((0, -1, -1, 0)), Orientation((0, -1, 1, 0))),
)
"""All eight, in the order of Exif's numbers 1 to 8."""


def nearest_orientation(matrix: Matrix2) -> tuple[Orientation, float]:
    """The orientation nearest to a display matrix of any angle and scale.

    Returns:
        It, and the degrees by which the matrix deviates from it. A matrix of zeros means upright.
    """
    axes = np.array(matrix, dtype=np.float64).reshape(2, 2)  # rows: where the stored x and y axes point
    lengths = np.linalg.norm(axes, axis=1, keepdims=True)
    if not np.isfinite(axes).all() or (lengths == 0).any():
        return UPRIGHT, 0.0
    axes = axes / lengths
    mirrored = np.linalg.det(axes) < 0
    candidates = [one for one in ORIENTATIONS if (np.linalg.det(np.reshape(one.matrix, (2, 2))) < 0) == mirrored]
    nearest = max(candidates, key=lambda one: float((np.reshape(one.matrix, (2, 2)) * axes).sum()))
    cosines = (np.reshape(nearest.matrix, (2, 2)) * axes).sum(axis=1)
    return nearest, float(np.degrees(np.arccos(np.clip(cosines.min(), -1, 1))))


def display_matrix(picture: av.VideoFrame) -> Matrix2:
    """a, b, c, d of a decoded picture's display matrix; that of an upright picture where it has none."""
    from av.sidedata.sidedata import SideDataContainer

    try:
        # `picture.side_data` would refer to the picture and the picture to it: neither is freed until Python looks for
        # such circles, and hundreds of pictures wait for that.
        matrix = SideDataContainer(picture).get("DISPLAYMATRIX")  # type: ignore[call-arg]  # its stub lacks it
    except ValueError:  # PyAV can't list side data of a kind that it does not know (stereo views, Exif)
        return _turn(picture.rotation)
    return (1, 0, 0, 1) if matrix is None else _parse(bytes(cast("Buffer", matrix))[:36])


def orientation_of(picture: av.VideoFrame) -> Orientation:
    """The orientation nearest to a decoded picture's display matrix."""
    return _nearest(display_matrix(picture))


def exif_orientation(content: bytes) -> Orientation:
    """The orientation that Exif data in a picture file's content state; upright where there are none."""
    found = _exif_number(content)
    return UPRIGHT if found is None else ORIENTATIONS[found.value - 1]


def without_orientation(content: bytes) -> bytes:
    """A TIFF file's content that states to lie upright; any other as it is.

    OpenCV's decoder of TIFF, unlike its others, turns the picture whatever it is told.
    """
    found = _exif_number(content)
    if found is None or found.value == 1 or content[:4] not in TIFF_MARKS:
        return content
    return b"".join((content[: found.place], struct.pack(f"{found.order}H", 1), content[found.place + 2 :]))


class _Number(NamedTuple):
    """A picture's orientation as Exif data state it."""

    value: int
    """1 to 8."""
    place: int
    """Byte at which its 16 bits stand."""
    order: str
    """Of its bytes, as `struct` writes it."""


def _exif_number(content: bytes) -> _Number | None:
    for start, stop in _tiff_parts(content):
        part = content[:stop]
        order = "<" if part[start : start + 2] == b"II" else ">"
        try:
            (directory,) = struct.unpack_from(f"{order}I", part, start + 4)
            (count,) = struct.unpack_from(f"{order}H", part, start + directory)
            for entry in range(count):
                place = start + directory + 2 + 12 * entry
                tag, _, _, number = struct.unpack_from(f"{order}HHIH", part, place)
                if tag == _EXIF_TAG and 1 <= number <= len(ORIENTATIONS):
                    return _Number(number, place + 8, order)
        except struct.error:
            continue
    return None


@lru_cache(maxsize=64)
def _parse(content: bytes) -> Matrix2:
    a, b, _, c, d, *_ = struct.unpack("=9i", content)
    return a / _FIXED_POINT, b / _FIXED_POINT, c / _FIXED_POINT, d / _FIXED_POINT


@lru_cache(maxsize=64)
def _nearest(matrix: Matrix2) -> Orientation:
    return nearest_orientation(matrix)[0]


def _turn(counterclockwise: float) -> Matrix2:
    """A display matrix that turns by an angle in degrees."""
    cosine, sine = np.cos(np.radians(counterclockwise)), np.sin(np.radians(counterclockwise))
    return float(cosine), -float(sine), float(sine), float(cosine)


def _tiff_parts(content: bytes) -> list[tuple[int, int]]:
    """Start and end of TIFF structures: the file itself, or after the marks of Exif data in JPEG, PNG and WebP.

    A TIFF file may have its directory at its very end.
    """
    if content[:4] in TIFF_MARKS:
        return [(0, len(content))]
    head = content[:EXIF_SEARCHED]
    places = ((head.find(mark), skip) for mark, skip in _EXIF_MARKS)
    starts = [place + skip for place, skip in places if place >= 0]
    return [(start, len(head)) for start in starts if head[start : start + 4] in TIFF_MARKS]


TIFF_MARKS: Final = (b"II*\0", b"MM\0*")
_EXIF_MARKS: Final = ((b"Exif\0\0", 6), (b"eXIf", 4), (b"EXIF", 8))
"""Marks, and bytes from each one's start to the TIFF header."""
