"""Points of the background in the pictures from which a camera's path is found: as few as an hour's memory allows."""

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
FEW: Final = 50
"""Points of a picture between those."""
_PARTS: Final = 8
_TOLERANCE: Final = 1e-3


@dataclass(frozen=True)
class Observations:
    """Points of the background, as O single observations, in the order of their pictures."""

    rows: Integers
    """(O,) picture."""
    numbers: Integers
    """(O,) point."""
    places: FloatArray
    """(O, 2) pixels from the principal point."""

    def between(self, first: int, last: int) -> Observations:
        """Those in the pictures from `first` to `last`, included."""
        part = slice(*np.searchsorted(self.rows, [first, last + 1]))
        return Observations(self.rows[part], self.numbers[part], self.places[part])


class ObservationLog:
    """Keeps the observations of pictures that are INTERVAL apart, or a few of every picture."""

    def __init__(self, interval: float = INTERVAL, most_kept: int = MOST_KEPT) -> None:
        """Keep nothing yet.

        Args:
            interval: seconds between the pictures.
            most_kept: points of a picture above which some are left out; a log that keeps fewer keeps some of the same.
        """
        self._interval, self._most_kept = interval, most_kept
        self._due = -np.inf
        self._parts: list[tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]] = []

    def add(
        self,
        row: int,
        time: float,
        numbers: Integers,
        places: FloatArray,
        is_last: bool = False,
    ) -> bool:
        """Keep a picture's points, if it is due or the last; whether it is.

        Args:
            row: of the picture.
            time: seconds.
            numbers: (N,) of the points.
            places: (N, 2) pixels from the principal point.
            is_last: of the shot.
        """
        if not is_last and time < self._due - _TOLERANCE:
            return False
        self._due = time + self._interval
        if len(numbers) > self._most_kept:
            # The same ones in every picture.
            kept = numbers % _PARTS < max(1, _PARTS * self._most_kept // len(numbers))
            numbers, places = numbers[kept], places[kept]
        rows = np.full(len(numbers), row, dtype=np.int32)
        self._parts.append((rows, numbers.astype(np.int32), places.astype(np.float32)))
        return True

    def joined(self) -> Observations:
        """All that was kept; the log is empty then."""
        none = (np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros((0, 2), np.float32))
        rows, numbers, places = (np.concatenate([part[field] for part in [none, *self._parts]]) for field in range(3))
        self._parts.clear()
        return Observations(rows, numbers, places)
