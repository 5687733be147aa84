"""Progress of a whole task with several stages, and the time that is left. No bpy here."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

STAGE_NAMES: Final = {
    "starting": "Loading",
    "people": "Finding people",
    "cuts": "Looking for cuts",
    "landmarks": "Tracking the body",
    "camera": "Following the camera",
    "student": "Estimating poses",
    "solve": "Solving the motion",
    "preview": "Drawing the preview",
    "building the scene": "Building the scene",
    "retargeting": "Keying the character",
}
SHARES: Final = {"starting": 2.0, "people": 22.0, "landmarks": 48.0, "camera": 8.0, "student": 2.0, "solve": 16.0}
"""Usual durations of a capture's stages, to each other; "building the scene" is the rest."""
_REST: Final = 2.0
_SHORTEST_SAMPLE: Final = 2.0
"""Seconds that a stage has run before the time left is told."""


@dataclass
class _Stage:
    name: str
    began: float
    """Seconds on the clock."""
    first: float
    """Fraction at its first report: a stage may begin late, with people known from elsewhere."""
    fraction: float


class Estimate(Protocol):
    """Progress of a whole."""

    @property
    def total(self) -> float:
        """Part that is done, 0 to 1."""

    @property
    def seconds_left(self) -> float | None:
        """None while too little is known."""


class ProgressEstimate:
    """Fed with the stage and its fraction whenever they are looked at; stages may be left out."""

    def __init__(self, stages: dict[str, float] | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        """Start with the task; `stages` are the durations of its stages to each other, in their order."""
        self._shares = dict(stages or SHARES) | {"building the scene": _REST}
        self._order = list(self._shares)
        self._clock = clock
        self._stage = _Stage("starting", clock(), 0.0, 0.0)
        self._total = 0.0

    def update(self, stage: str, fraction: float) -> None:
        """Take note of the stage and its fraction, 0 to 1."""
        if stage != self._stage.name:
            self._stage = _Stage(stage, self._clock(), fraction, fraction)
        self._stage.fraction = max(self._stage.fraction, min(fraction, 1.0))
        if stage in self._shares:
            before = sum(self._shares[name] for name in self._order[: self._order.index(stage)])
            done = before + self._shares[stage] * self._stage.fraction
            self._total = max(self._total, done / sum(self._shares.values()))

    @property
    def total(self) -> float:
        """Part of the whole task that is done, 0 to 1; never falls."""
        return self._total

    @property
    def seconds_left(self) -> float | None:
        """Estimated from the present stage's own speed; None while too little is known."""
        stage = self._stage
        done = stage.fraction - stage.first
        elapsed = self._clock() - stage.began
        if stage.name not in self._shares or elapsed < _SHORTEST_SAMPLE or done < 0.02:
            return None
        whole = elapsed / done
        after = sum(self._shares[name] for name in self._order[self._order.index(stage.name) + 1 :])
        return whole * (1.0 - stage.fraction) + whole * after / self._shares[stage.name]


class EstimateOfSeveral:
    """Of tasks that run one after the other and are taken to be equally long."""

    def __init__(self, count: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Start with the first of `count` tasks."""
        self._count = count
        self._clock = clock
        self._began = clock()
        self._done = 0
        self._present: Estimate = ProgressEstimate(clock=clock)

    def begin(self, number: int, present: Estimate) -> None:
        """Take note of the task that runs, after `number` others."""
        self._done, self._present = number, present

    @property
    def total(self) -> float:
        """Part of all tasks that is done, 0 to 1."""
        return (self._done + self._present.total) / self._count

    @property
    def seconds_left(self) -> float | None:
        """The present task's, and for each later one the mean of those so far; None while too little is known."""
        of_present = self._present.seconds_left
        if of_present is None:
            return None
        mean = (self._clock() - self._began + of_present) / (self._done + 1)
        return of_present + mean * (self._count - self._done - 1)


def stage_name(stage: str) -> str:
    """Plain words for a stage."""
    return STAGE_NAMES.get(stage, stage.capitalize())


def time_left(seconds: float | None) -> str:
    """The time left in words, rounded as estimates are; empty if it is not known."""
    if seconds is None:
        return ""
    if seconds < 10:
        return "a few seconds left"
    if seconds < 55:
        return f"about {5 * round(seconds / 5)} s left"
    minutes = round(seconds / 60)
    return f"about {max(minutes, 1)} min left"
