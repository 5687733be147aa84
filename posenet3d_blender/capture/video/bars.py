"""Black bars that an edit put around a picture of another shape: the lens is that of the picture between them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import AnyArray
from ...camera import Camera
from ...progress import Warn
from .footage import Footage, Pixels, read_frames

SAMPLE_STEP: Final = 4
"""Frames from one that is looked at to the next, ..."""
SAMPLE_COUNT: Final = 4
"""... and how many of them."""
BLACK: Final = 20
"""Brightness, of 255, that no pixel of a bar exceeds."""
BRIGHT: Final = 40
"""Brightness that pixels of a picture's edge exceed, ..."""
BRIGHT_PART: Final = 0.5
"""... at least this part of them: a dark scene has no such edge."""
EDGE: Final = 6
"""Pixels of a picture's edge, the blurred ones included."""
LEAST_WIDTH: Final = 0.03
"""Of the frame, that each of two bars has."""
LARGEST_DIFFERENCE: Final = 0.05
"""Of the frame, between both bars."""


def lens_between_bars(footage: Footage, frames: slice, guessed: Camera, warn: Warn) -> Camera:
    """The guessed camera, or one with the same field of view along the longer side of the picture between black bars.

    Args:
        footage: the video.
        frames: that are captured; the first ones are looked at.
        guessed: its field of view is along the longer side of the whole frame.
        warn: told of bars that change the guess.
    """
    size = size_between_bars(footage, frames)
    if max(size) == max(footage.image_size):
        return guessed
    warn(
        f"The footage has black bars; its lens is guessed from the picture between them, {size[0]} x {size[1]} pixels; "
        "state it if you know it (--fov, Field of View)"
    )
    return replace(guessed, focal_length=guessed.focal_length * max(size) / max(footage.image_size))


def size_between_bars(footage: Footage, frames: slice) -> tuple[int, int]:
    """Width and height, pixels, of the picture between black bars, which are on both sides alike; else the footage's.

    Args:
        footage: the video.
        frames: whose start is looked at.
    """
    brightest: NDArray[np.uint8] | None = None  # (H, W) over all frames that are looked at
    stop = min(frames.stop, frames.start + SAMPLE_STEP * (SAMPLE_COUNT - 1) + 1)
    for frame in read_frames(footage, slice(frames.start, stop)):
        if (frame.index - frames.start) % SAMPLE_STEP == 0:
            pixels: Pixels = frame.image.max(axis=2)
            brightest = pixels if brightest is None else np.maximum(brightest, pixels)
    if brightest is None:
        return footage.image_size
    across = _bar_width(brightest)
    down = _bar_width(brightest.T)
    return footage.width - 2 * across, footage.height - 2 * down


def _bar_width(brightest: AnyArray) -> int:
    """Width of the bars left and right of a picture (H, W); 0 where there are none."""
    width = brightest.shape[1]
    is_lit = np.flatnonzero(brightest.max(axis=0) > BLACK)
    if not len(is_lit):
        return 0
    left, right = int(is_lit[0]), int(width - 1 - is_lit[-1])
    if min(left, right) < LEAST_WIDTH * width or abs(left - right) > LARGEST_DIFFERENCE * width:
        return 0
    rows = brightest[brightest.max(axis=1) > BLACK]  # without bars above and below
    edges = (rows[:, left : left + EDGE], rows[:, width - right - EDGE : width - right])
    is_sharp = all((edge.max(axis=1) > BRIGHT).mean() >= BRIGHT_PART for edge in edges)
    return (left + right) // 2 if is_sharp else 0
