"""Rotations of the pictures between those whose poses are adjusted: by directions in which points of both are seen.

Turns that are fitted without the camera's translation jump from one depth to another; a few points of each picture
tell better.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import Array
from ...body.rotations import unit
from .observations import Integers, Observations
from .turn import fit_turn

FEWEST_COMMON: Final = 12
"""Points of a picture, and of both adjusted ones beside it, that tell its rotation."""


def turned_between(
    time: Array,
    rotations: Array,
    adjusted: NDArray[np.intp],
    observations: Observations,
    few: Observations,
    focal_length: float,
) -> Array:
    """(F, 3, 3) with the pictures between the adjusted ones turned to where their points must be seen.

    Args:
        time: (F,) seconds.
        rotations: (F, 3, 3) to camera, from which to start; those of the adjusted pictures stay.
        adjusted: (M,) which pictures are.
        observations: in the adjusted pictures.
        few: points in the pictures between.
        focal_length: pixels.
    """
    turned = rotations.copy()
    for first, last in pairwise(adjusted):
        numbers, before, after = _directions(observations, first, last, rotations, focal_length)
        for row in range(first + 1, last):
            own = few.between(row, row)
            _, common, seen = np.intersect1d(numbers, own.numbers, return_indices=True)
            if len(common) < FEWEST_COMMON:
                continue
            part = (time[row] - time[first]) / (time[last] - time[first])
            # Within a tenth of a second a direction changes evenly: a camera has mass.
            expected = ((1 - part) * before[common] + part * after[common]) @ rotations[row].T  # (N, 3)
            pixels = focal_length * expected[:, :2] / expected[:, 2:]
            turn = fit_turn(pixels, own.places[seen].astype(np.float64), focal_length, may_zoom=False)
            turned[row] = turn.rotation @ rotations[row]
    return turned


def _directions(
    observations: Observations, first: int, last: int, rotations: Array, focal_length: float
) -> tuple[Integers, Array, Array]:
    """Numbers (N,) of the points that two pictures show, and the directions (N, 3) from both, in the path's frame."""
    views = [observations.between(row, row) for row in (first, last)]
    numbers, *rows = np.intersect1d(views[0].numbers, views[1].numbers, return_indices=True)
    before, after = (
        unit(np.column_stack([view.places[part] / focal_length, np.ones(len(part))]) @ rotations[row])
        for view, part, row in zip(views, rows, (first, last), strict=True)
    )
    return numbers, before, after
