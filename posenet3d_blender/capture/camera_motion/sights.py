"""Points of the background in the pictures from which a camera's way is found: as few as an hour's memory allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...arrays import FloatArray

Integers: TypeAlias = NDArray[np.integer[Any]]

INTERVAL: Final = 0.1
"""Seconds between the pictures whose points are kept."""
MOST_KEPT: Final = 240
"""Points of a picture above which some are left out."""
_PARTS: Final = 8
_TOLERANCE: Final = 1e-3


@dataclass(frozen=True)
class Sights:
    """Points of the background, as O single sights, in the order of their pictures."""

    rows: Integers
    """(O,) picture."""
    numbers: Integers
    """(O,) point."""
    places: FloatArray
    """(O, 2) pixels from the principal point."""

    def between(self, first: int, last: int) -> Sights:
        """Those in the pictures from `first` to `last`, included."""
        part = slice(*np.searchsorted(self.rows, [first, last + 1]))
        return Sights(self.rows[part], self.numbers[part], self.places[part])


class SightLog:
    """Keeps the sights of pictures that are INTERVAL apart."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._due = -np.inf
        self._parts: list[tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]] = []

    def add(
        self,
        row: int,
        time: float,
        numbers: Integers,
        places: FloatArray,
        is_last: bool = False,
    ) -> None:
        """Keep a picture's points, if it is due or the last.

        Args:
            row: of the picture.
            time: seconds.
            numbers: (N,) of the points.
            places: (N, 2) pixels from the principal point.
            is_last: of the shot.
        """
        if not is_last and time < self._due - _TOLERANCE:
            return
        self._due = time + INTERVAL
        if len(numbers) > MOST_KEPT:
            # The same ones in every picture.
            kept = numbers % _PARTS < _PARTS * MOST_KEPT // len(numbers)
            numbers, places = numbers[kept], places[kept]
        rows = np.full(len(numbers), row, dtype=np.int32)
        self._parts.append((rows, numbers.astype(np.int32), places.astype(np.float32)))

    def joined(self) -> Sights:
        """All that was kept; the log is empty then."""
        rows, numbers, places = (np.concatenate([part[field] for part in self._parts]) for field in range(3))
        self._parts.clear()
        return Sights(rows, numbers, places)
