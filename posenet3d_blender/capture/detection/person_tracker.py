"""Joining the detector's sights of successive looks into tracks, one for each person."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ...arrays import Array
from .blazepose.detector import Detection
from .blazepose.regions import Region

WAIT: Final = 1.0
"""Seconds for which someone who is not seen is expected near where they were."""
REACH: Final = 0.3
"""How far from where they are expected people may be found, as a part of their region's size ..."""
REACH_PER_SECOND: Final = 0.5
"""... and how much farther for each second for which they were not seen."""
LARGEST_SIZE_RATIO: Final = 1.8
"""People don't grow or shrink by more than this between two looks."""
SAME_PERSON_DISTANCE: Final = 0.25
SAME_PERSON_RATIO: Final = 1.6
"""Detections of one look that are no farther apart (centres, as a part of the size; sizes) show one person."""
TURN: Final = np.radians(45)
FASTEST_TURN: Final = np.radians(600)
"""How far people may turn over between two looks, radians, and how much more for each second between them: a somersault
takes 0.6 s."""
VELOCITY_OVER: Final = 0.35
"""Seconds of sights from which the velocity is taken: the detector's centres jitter too much for two sights."""
RETURN_WITHIN: Final = 6.0
"""Seconds in which someone who left may come back as the same person."""
RETURN_SIZE_RATIO: Final = 1.6
SAME_COLOURS: Final = 0.25
"""Mean colours of chest and legs that differ less than this (root mean square, of 1) may be the same clothes."""


@dataclass
class Sight:
    """A person seen in one look."""

    time: float
    """Seconds."""
    detection: Detection
    colours: Array
    """(2, 3) mean RGB of the chest and of the legs, 0 to 1."""

    @property
    def region(self) -> Region:
        return self.detection.region


@dataclass
class Trail:
    """A person's sights so far, in order of time."""

    sights: list[Sight] = field(default_factory=list)

    @property
    def first(self) -> Sight:
        return self.sights[0]

    @property
    def last(self) -> Sight:
        return self.sights[-1]

    @property
    def colours(self) -> Array:
        """(2, 3) the median over the sights, against arms and passers-by before the chest."""
        return np.median([sight.colours for sight in self.sights], axis=0)

    def expected(self, time: float) -> Region:
        """Where the person should be by now if they kept moving as they did."""
        recent = [sight for sight in self.sights if self.last.time - sight.time <= VELOCITY_OVER]
        region = self.last.region
        elapsed = self.last.time - recent[0].time
        if elapsed <= 0:
            return region
        ahead = min(time - self.last.time, VELOCITY_OVER) / elapsed
        start = recent[0].region
        return Region(
            region.x + (region.x - start.x) * ahead,
            region.y + (region.y - start.y) * ahead,
            region.size,
            region.rotation,
        )


class Follower:
    """Keeps everyone's trail while the looks come in."""

    def __init__(self) -> None:
        self._trails: list[Trail] = []

    def waiting(self, time: float) -> list[Trail]:
        """Those who were seen a moment ago."""
        return [trail for trail in self._trails if time - trail.last.time <= WAIT]

    def see(self, time: float, sights: list[Sight]) -> list[Sight]:
        """Give each sight to whom it fits, best overall; returns those of people not yet known.

        May be called again for the same look: those already seen in it keep their sights.
        """
        from scipy.optimize import linear_sum_assignment

        waiting = self.waiting(time)
        seen = [trail.last.region for trail in waiting if trail.last.time == time]
        sights = [sight for sight in sights if not any(same_person(sight.region, region) for region in seen)]
        trails = [trail for trail in waiting if trail.last.time < time]
        cost = np.array([[_cost(trail, sight) for sight in sights] for trail in trails])
        cost = cost.reshape(len(trails), len(sights))
        rows, columns = linear_sum_assignment(np.minimum(cost, 1e3))
        fitting = [(row, column) for row, column in zip(rows, columns, strict=True) if np.isfinite(cost[row, column])]
        for row, column in sorted(fitting, key=lambda place: cost[place]):
            region, expected = sights[column].region, trails[row].expected(time)
            # A sight nearer to somebody surer than to where this one is expected is a part of that other person.
            if all(region.distance(rival) > region.distance(expected) for rival in seen):
                trails[row].sights.append(sights[column])
                seen.append(region)
        taken = {column for _, column in fitting}
        return [sight for column, sight in enumerate(sights) if column not in taken]

    def start(self, sight: Sight) -> None:
        """Begin a new person's trail."""
        self._trails.append(Trail([sight]))

    def trails(self) -> list[Trail]:
        """Everyone's trail, those first seen first; whoever left and came back has one."""
        joined: list[Trail] = []
        for trail in sorted(self._trails, key=lambda trail: trail.first.time):
            gone = [earlier for earlier in joined if _may_be_back(earlier, trail)]
            if gone:
                max(gone, key=lambda earlier: earlier.last.time).sights.extend(trail.sights)
            else:
                joined.append(trail)
        return joined


def same_person(first: Region, second: Region) -> bool:
    """Whether two regions of one look show the same person."""
    return first.distance(second) <= SAME_PERSON_DISTANCE and first.size_ratio(second) <= SAME_PERSON_RATIO


def _cost(trail: Trail, sight: Sight) -> float:
    expected = trail.expected(sight.time)
    reach = REACH + REACH_PER_SECOND * (sight.time - trail.last.time)
    distance, ratio = expected.distance(sight.region), expected.size_ratio(sight.region)
    turn = expected.turn(sight.region)
    if distance > reach or ratio > LARGEST_SIZE_RATIO or turn > FASTEST_TURN * (sight.time - trail.last.time) + TURN:
        return np.inf
    # Somebody's head is where it was, even where an arm or a neighbour drags the hips' estimate away.
    top_distance = float(np.hypot(*(expected.top - sight.region.top))) / expected.size
    return distance + 0.5 * top_distance + 0.5 * float(np.log(ratio))


def _may_be_back(gone: Trail, back: Trail) -> bool:
    pause = back.first.time - gone.last.time
    if not 0 < pause <= RETURN_WITHIN or gone.last.region.size_ratio(back.first.region) > RETURN_SIZE_RATIO:
        return False
    return float(np.sqrt(np.mean((gone.colours - back.colours) ** 2))) < SAME_COLOURS
