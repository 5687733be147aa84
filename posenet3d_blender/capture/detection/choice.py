"""Choice of the shots and the people to capture, and what is left out by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final, Generic, Protocol, TypeVar

import numpy as np

from ...arrays import Array
from ...errors import PoseNet3DError
from ..keypoints.presence import LONGEST_ABSENCE
from ..video.timecode import timespan

SHORTEST_LEFT_OUT: Final = 0.5
"""Seconds; a shorter stretch is not worth a warning."""


class Candidate(Protocol):
    """A person to choose from."""

    @property
    def first_x(self) -> float:
        """Place at first sight, pixels from the picture's left."""

    @property
    def prominence(self) -> float:
        """Size times presence."""

    @property
    def duration(self) -> float:
        """Seconds from first to last sight."""

    @property
    def body_seconds(self) -> float:
        """Seconds in view, weighted by the part of the body that is."""

    @property
    def visible_span(self) -> tuple[float, float]:
        """First and last sight, seconds."""


Person = TypeVar("Person", bound=Candidate)


@dataclass(frozen=True)
class Shot(Generic[Person]):
    """A stretch of the footage without a cut, and everyone in it."""

    frames: slice
    people: tuple[Person, ...]

    @property
    def visible_span(self) -> tuple[float, float]:
        """First and last sight of anybody, seconds."""
        spans = [person.visible_span for person in self.people]
        return min(first for first, _ in spans), max(last for _, last in spans)


@dataclass(frozen=True)
class Choice(Generic[Person]):
    """The shots to capture, in the order of time, each with the people to capture."""

    shots: tuple[Shot[Person], ...]
    others: tuple[tuple[Person, ...], ...]
    """Everyone else in each of the shots."""
    left_out: tuple[Shot[Person], ...]
    """The other shots, with everyone in them."""


def choose(people: Sequence[Person], person: str, path: Path) -> list[Person]:
    """Select the people that `person` names.

    Args:
        people: everyone who was found; at least one.
        person: "largest" (the most prominent: size times presence), "longest" (in view), "all", or "1", "2" and so
            on. They are counted, and "all" ordered, from the picture's left to right, by their first regions.
        path: the footage, or the file that people come from, for the message.

    Raises:
        PoseNet3DError: there is no such person.
    """
    from_left = sorted(people, key=lambda one: one.first_x)
    if person == "largest":
        return [max(from_left, key=lambda one: one.prominence)]
    if person == "longest":
        return [max(from_left, key=lambda one: (one.duration, one.prominence))]
    if person == "all":
        return from_left
    if not person.isdecimal() or int(person) == 0:
        raise PoseNet3DError(f"person '{person}' is not known; use largest, longest, all, or 1, 2 and so on")
    if int(person) > len(from_left):
        raise PoseNet3DError(f"{path}: there is no person {person}; {len(from_left)} found, counted from the left")
    return [from_left[int(person) - 1]]


def choose_shots(shots: Sequence[Shot[Person]], only_longest: bool, person: str, path: Path) -> Choice[Person]:
    """Select the shots to capture and the people in them.

    Args:
        shots: in the order of time, each with somebody in it; at least one.
        only_longest: select the one in which the chosen people's whole bodies are in view for longest, not all.
        person: as for `choose`, in each shot by itself.
        path: the footage, or the file that people come from, for the message.

    Raises:
        PoseNet3DError: there is no such person in any shot.
    """
    most = max(len(shot.people) for shot in shots)
    possible = [shot for shot in shots if not person.isdecimal() or len(shot.people) >= min(int(person), most)]
    chosen = [Shot(shot.frames, tuple(choose(shot.people, person, path))) for shot in possible]
    kept = list(range(len(chosen)))
    if only_longest:
        kept = [max(kept, key=lambda index: sum(one.body_seconds for one in chosen[index].people))]
    captured = tuple(chosen[index] for index in kept)
    of_captured = [possible[index] for index in kept]
    others = tuple(
        tuple(one for one in shot.people if not any(one is own for own in selected.people))
        for shot, selected in zip(of_captured, captured, strict=True)
    )
    left_out = [shot for shot in shots if not any(shot is own for own in of_captured)]
    return Choice(captured, others, tuple(left_out))


def left_out_shots(spans: Sequence[tuple[float, float]]) -> list[str]:
    """The sentence that names shots which are not captured; none if there are none.

    Args:
        spans: when each shows somebody, seconds.
    """
    if not spans:
        return []
    verb, was, them = ("shows", "was", "it") if len(spans) == 1 else ("show", "were", "them")
    return [
        f"{_join(spans)} {verb} a person in another shot and {was} left out; capture {them} with --shots all, or with "
        "--start and --end"
    ]


def left_out_people(shot: Shot[Person], others: Sequence[Person]) -> list[str]:
    """The sentence that names stretches which show others, but nobody who is captured; none if there are none."""
    spans = _seen_alone(shot, others)
    if not spans:
        return []
    verb = "shows" if len(spans) == 1 else "show"
    return [
        f"{_join(spans)} {verb} somebody who may not be the captured person and was left out; capture everyone with "
        "--person all"
    ]


def split_at_absences(shot: Shot[Person], time: Array) -> list[Shot[Person]]:
    """Split a shot where nobody is in view for longer than LONGEST_ABSENCE.

    Args:
        shot: with somebody in it.
        time: (N,) seconds of the footage's frames.
    """
    groups: list[list[Person]] = []
    last_seen = -np.inf
    for one in sorted(shot.people, key=lambda one: one.visible_span):
        first, last = one.visible_span
        if first - last_seen > LONGEST_ABSENCE or not groups:
            groups.append([])
        groups[-1].append(one)
        last_seen = max(last_seen, last)
    parts = [Shot(shot.frames, tuple(group)) for group in groups]
    limits = [shot.frames.start]
    for before, after in pairwise(parts):
        limits.append(int(np.searchsorted(time, (before.visible_span[1] + after.visible_span[0]) / 2)))
    limits.append(shot.frames.stop)
    return [Shot(slice(*ends), part.people) for ends, part in zip(pairwise(limits), parts, strict=True)]


def _seen_alone(shot: Shot[Person], others: Sequence[Person]) -> list[tuple[float, float]]:
    """Stretches in which others are in view and nobody who is captured, seconds."""
    captured = sorted(one.visible_span for one in shot.people)
    alone: list[tuple[float, float]] = []
    for other in sorted(others, key=lambda one: one.visible_span):
        first, last = other.visible_span
        for begin, end in [*captured, (last, last)]:
            if min(begin, last) - first >= SHORTEST_LEFT_OUT:
                alone.append((first, min(begin, last)))
            first = max(first, end)
    return alone


def _join(spans: Sequence[tuple[float, float]]) -> str:
    parts = [timespan(*span) for span in spans]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
