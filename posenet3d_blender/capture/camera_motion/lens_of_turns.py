"""The focal length of a camera that turns in its place: with another one its views would not fit onto each other.

A lens that is only guessed is often far off in footage of sports, which is filmed from afar.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ...arrays import Array
from .turn import OUTLIER, fit_turn

MOST_PAIRS: Final = 12
MOST_KEPT: Final = 100
MOST_POINTS: Final = 150
"""Of a pair."""
FEWEST_POINTS: Final = 30
LEAST_SHIFT: Final = 40.0
"""Pixels by which the background must have moved between two views to tell the lens."""
SHORTEST, LONGEST = 0.35, 10.0
"""Of the guess: focal lengths that are tried."""
LEAST_CHANGE: Final = 0.08
"""Logarithm of the focal length: a lens's distortion looks like a smaller change."""
LARGEST_RESIDUAL: Final = 1.0
"""Pixels, the median, by which turns with the found lens may miss the background; more is parallax, or a zoom."""
MUCH_BETTER: Final = 0.5
"""Part of the guess's residual that the found lens's must not exceed."""


@dataclass(frozen=True)
class ViewPair:
    """Points of the background in two views."""

    before: Array
    """(N, 2) pixels from the principal point."""
    after: Array
    """(N, 2)"""

    @property
    def shift(self) -> float:
        """Median pixels by which the points move; 0: there are too few."""
        if len(self.before) < FEWEST_POINTS:
            return 0.0
        return float(np.median(np.linalg.norm(self.after - self.before, axis=1)))

    def thinned(self) -> ViewPair:
        """With MOST_POINTS points."""
        step = -(-len(self.before) // MOST_POINTS)
        return ViewPair(self.before[::step], self.after[::step])


class ViewPairs:
    """Of each key picture the view that has turned farthest from it."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self.kept: list[ViewPair] = []
        self._farthest: ViewPair | None = None

    def update(self, pair: ViewPair) -> None:
        """Take the next view of the same key picture."""
        shift = pair.shift
        if shift >= LEAST_SHIFT and (self._farthest is None or shift > self._farthest.shift):
            self._farthest = pair.thinned()

    def set_key(self) -> None:
        """Go on with another key picture, or end."""
        if self._farthest is not None and len(self.kept) < MOST_KEPT:
            self.kept.append(self._farthest)
        self._farthest = None


def lens_of_turns(pairs: Sequence[ViewPair], guess: float) -> float | None:
    """The focal length, pixels, with which turns explain the views; None: the guess does, or no lens does.

    Args:
        pairs: views of one lens.
        guess: pixels.
    """
    if not pairs:
        return None
    telling = [pairs[row] for row in np.unique(np.linspace(0, len(pairs) - 1, MOST_PAIRS).round().astype(int))]

    def errors(focal_length: float) -> Array:
        return np.concatenate(
            [fit_turn(pair.before, pair.after, focal_length, may_zoom=False).errors for pair in telling]
        )

    def residual(focal_length: float) -> float:
        square = errors(focal_length) ** 2
        return float(np.mean(square / (1 + square / OUTLIER**2)))

    tried = guess * np.geomspace(SHORTEST, LONGEST, 24)
    for step in (1.04, 1.01):
        best = float(min(tried, key=residual))
        tried = best * step ** np.arange(-4.0, 5.0)
    best = float(min(tried, key=residual))
    is_better = np.median(errors(best)) < min(LARGEST_RESIDUAL, MUCH_BETTER * np.median(errors(guess)))
    return best if is_better and abs(np.log(best / guess)) > LEAST_CHANGE else None
