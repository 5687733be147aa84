"""Footage as Blender has to be told of it, to show it behind the scene.

Capture knows how the pictures lie in the file and when they are shown; the scene knows Blender's ways to show them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .arrays import Array

Matrix2: TypeAlias = tuple[float, float, float, float]
"""a, b, c, d of a 2 x 2 matrix as videos store it: (x, y) goes to (a x + c y, b x + d y), y down."""


@dataclass(frozen=True)
class Background:
    """The footage behind the scene."""

    path: Path
    """The video, or an image sequence's first picture."""
    name: str
    """For the scene's objects."""
    time: Array
    """(N,) seconds of the footage at which each picture is first shown, strictly rising."""
    file_time: Array
    """(N,) seconds by the file's own clock since the start of its video track; this clock may jump."""
    numbers: NDArray[np.intp] | None = None
    """(N,) of an image sequence, the numbers in the pictures' names; of a video without a clock, from 0; else None."""
    is_sequence: bool = False
    """It is an image sequence."""
    display_matrix: Matrix2 = (1, 0, 0, 1)
    """As stored in the file."""
    orientation: Matrix2 = (1, 0, 0, 1)
    """The display matrix of the nearest quarter turn or mirroring, by which captured pictures were made upright."""
    pixel_aspect: float = 1.0
    """Width of a stored pixel over its height."""
    obstacle: str = ""
    """Why Blender can't show it, as the end of a sentence; empty: it can, as far as the file tells."""

    def picture_at(self, time: Array) -> NDArray[np.intp]:
        """(K,) index of the picture that is nearest to each of some times (K,), seconds."""
        after = np.clip(np.searchsorted(self.time, time), 1, len(self.time) - 1)
        is_before_nearer = time - self.time[after - 1] < self.time[after] - time
        return np.asarray(after - is_before_nearer, dtype=np.intp)
