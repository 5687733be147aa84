"""Pictures as footage gives them, one at a time: upright, with square pixels, each with its place in the footage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np

from .orientation import Pixels


@dataclass(frozen=True)
class StoredPicture:
    """A picture that could be read."""

    index: int
    """Position in `Footage.time`."""
    upright: Callable[[], Pixels]
    """Converts it to (H, W, 3) RGB, upright, with square pixels; its size may differ from other pictures'."""
    small: Callable[[int], Pixels]
    """Converts it to the same with the longer side scaled down to so many pixels, much faster."""
    is_damaged: bool = False
    """It was decoded with errors."""


SizeChanges: TypeAlias = tuple[tuple[int | None, tuple[int, int]], ...]
"""Frames from which on pictures have another width and height, and these; None: it is not known from which on."""


def real_changes(first: tuple[int, int], sizes: Iterable[tuple[int | None, tuple[int, int] | None]]) -> SizeChanges:
    """The changes of the pictures' size after the first picture, of this size.

    Args:
        first: width and height.
        sizes: frames in rising order, and the width and height from each one on; None: as before.
    """
    changes: list[tuple[int | None, tuple[int, int]]] = []
    for frame, size in sizes:
        if size is not None and frame != 0 and size != (changes[-1][1] if changes else first):
            changes.append((frame, size))
    return tuple(changes)


class PictureSource(Protocol):
    """A video file or an image sequence."""

    @property
    def can_seek(self) -> bool:
        """True if reading may start at any picture, without all of those before it."""
        ...

    def pictures(self, first: int) -> Iterator[StoredPicture]:
        """Every picture that can be read, in order, from index `first` or somewhat before it."""
        ...

    def check_present(self) -> None:
        """Check that the footage is still there: called where its last pictures can't be read.

        Raises:
            PoseNet3DError: it is gone, or has changed.
        """
        ...


class NoPictures:
    """A source of nothing, for footage that is known by its times alone."""

    can_seek = False

    def pictures(self, first: int) -> Iterator[StoredPicture]:
        """None."""
        return iter(())

    def check_present(self) -> None:
        """Nothing can be gone."""


def scale_down(pixels: Pixels, longer_side: int) -> Pixels:
    """A picture (H, W, 3) with the longer side of so many pixels, if it has more."""
    import cv2

    height, width = pixels.shape[:2]
    scale = longer_side / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def fit_into(pixels: Pixels, size: tuple[int, int], diagonal: float) -> Pixels:
    """A picture in the middle of an image of another size; what it does not cover is black.

    A camera that is turned, or a stream that goes on in another resolution, keeps its lens: pictures of one diagonal
    show the same field of view.

    Args:
        pixels: (H, W, 3).
        size: width and height of the image.
        diagonal: of the scaled picture, pixels; less where it would not fit.

    Returns:
        (size[1], size[0], 3).
    """
    height, width = pixels.shape[:2]
    if (width, height) == size:
        return pixels
    import cv2

    scale = min(diagonal / float(np.hypot(width, height)), size[0] / width, size[1] / height)
    scaled_size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if scaled_size != (width, height):
        interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        pixels = np.asarray(cv2.resize(pixels, scaled_size, interpolation=interpolation), dtype=np.uint8)
    fitted = np.zeros((size[1], size[0], 3), dtype=np.uint8)
    left, top = (size[0] - scaled_size[0]) // 2, (size[1] - scaled_size[1]) // 2
    fitted[top : top + scaled_size[1], left : left + scaled_size[0]] = pixels
    return fitted


def common_size(sizes: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The width and height of an image that holds pictures of all these sizes, each scaled to the first's diagonal."""
    scaled = np.array(sizes) * np.hypot(*sizes[0]) / np.hypot(*np.transpose(sizes))[:, None]
    width, height = scaled.max(axis=0).round().astype(int).tolist()
    return width, height
