"""Who is in the footage: everyone is found and followed by the detector alone, before the dear landmark pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..errors import PoseNet3DError
from ..progress import Progress, silent
from .blazepose.detector import Detection, PersonDetector
from .blazepose.regions import Region
from .footage import Footage, read_frames

LOOK_INTERVAL: Final = 0.1
"""Seconds of footage between two looks of the detector."""
LOST_AFTER: Final = 1.5
"""Seconds after which a person who was not seen is not waited for at the same place."""
REACH: Final = 0.35
"""How far from where they are expected a person may be found, as a part of their region's size ..."""
REACH_PER_SECOND: Final = 0.5
"""... and how much farther for each second that they were not seen."""
LARGEST_SIZE_RATIO: Final = 1.8
"""People don't grow or shrink by more than this between two looks."""
SHORTEST_STAY: Final = 0.15
"""Seconds; whoever is seen more briefly is a false alarm."""
RETURN_WITHIN: Final = 6.0
"""Seconds in which someone who left the picture may come back as the same person."""
RETURN_SIZE_RATIO: Final = 1.6


@dataclass(frozen=True)
class PersonTrack:
    """Where one person was seen by the detector."""

    time: NDArray[np.float64]
    """(K,) seconds, strictly rising."""
    regions: tuple[Region, ...]
    """K regions, pixels of the upright picture."""
    scores: NDArray[np.float64]
    """(K,) the detector's scores."""

    @property
    def prominence(self) -> float:
        """Mean size times the number of times seen: the one whom the footage is about has the most."""
        return float(np.sum([region.size for region in self.regions]))

    @property
    def duration(self) -> float:
        """Seconds from the first to the last time seen."""
        return float(self.time[-1] - self.time[0])

    def seconds_from_sight(self, time: float) -> float:
        """How far in time the nearest sight of the person lies."""
        return float(np.abs(self.time - time).min())

    def region_at(self, time: float) -> Region:
        """The region between sights by interpolation, before the first and after the last held still."""
        after = int(np.searchsorted(self.time, time))
        if after == 0:
            return self.regions[0]
        if after == len(self.time):
            return self.regions[-1]
        before_time, after_time = self.time[after - 1], self.time[after]
        return _between(self.regions[after - 1], self.regions[after], (time - before_time) / (after_time - before_time))


def find_people(
    footage: Footage,
    start: float | None,
    end: float | None,
    detector: PersonDetector,
    progress: Progress = silent,
) -> list[PersonTrack]:
    """Everyone in the footage between `start` and `end`, seconds, those first seen first.

    Raises:
        PoseNet3DError: no frame lies in the range, or nobody is seen.
    """
    span = footage.frames_between(start, end)
    first_time, last_time = footage.time[span.start], footage.time[span.stop - 1]
    follower = Follower()
    next_look = first_time
    for frame in read_frames(footage, start, end):
        if frame.time < next_look - 1e-6 and frame.index != span.stop - 1:
            continue
        # On the grid of looks, not a step after the last one: 59.94 fps must not turn 0.1 s into 0.117 s.
        next_look += LOOK_INTERVAL * max(1, np.ceil((frame.time - next_look + 1e-6) / LOOK_INTERVAL))
        follower.see(frame.time, detector.detect(frame.image))
        progress("people", (frame.time - first_time) / max(last_time - first_time, 1e-6))
    tracks = follower.tracks()
    if not tracks:
        raise PoseNet3DError(
            f"{footage.path}: no person found; the whole body should be in view, a fifth of the picture high or more"
        )
    return tracks


def choose(tracks: list[PersonTrack], person: str, path: Path) -> list[PersonTrack]:
    """The people that `person` names.

    Args:
        tracks: those who were found; at least one.
        person: "largest" (the most prominent: size times presence), "longest" (in view), "all" (the most prominent
            first), or "1", "2" and so on: counted from the picture's left to right, where each is first seen.
        path: the footage, for the message.

    Raises:
        PoseNet3DError: there is no such person.
    """
    by_prominence = sorted(tracks, key=lambda track: -track.prominence)
    if person == "largest":
        return by_prominence[:1]
    if person == "longest":
        return [max(by_prominence, key=lambda track: track.duration)]
    if person == "all":
        return by_prominence
    if not person.isdecimal() or person == "0":
        raise PoseNet3DError(f"person '{person}' is not known; use largest, longest, all, or 1, 2 and so on")
    from_left = sorted(tracks, key=lambda track: track.regions[0].x)
    if int(person) > len(from_left):
        raise PoseNet3DError(
            f"{path}: person {person} was asked for, but only {len(from_left)} found; use 1 to {len(from_left)}"
        )
    return [from_left[int(person) - 1]]


@dataclass
class _Open:
    """A track that is being made."""

    time: list[float] = field(default_factory=list)
    detections: list[Detection] = field(default_factory=list)

    def add(self, time: float, detection: Detection) -> None:
        self.time.append(time)
        self.detections.append(detection)

    @property
    def last(self) -> Region:
        return self.detections[-1].region

    def expected(self, time: float) -> Region:
        """Where the person should be, by constant velocity, which fades while they are not seen."""
        if len(self.time) < 2:
            return self.last
        before = self.detections[-2].region
        step = self.time[-1] - self.time[-2]
        ahead = min(time - self.time[-1], 0.5) / step
        if step > 0.5:
            return self.last
        return Region(
            self.last.x + (self.last.x - before.x) * ahead,
            self.last.y + (self.last.y - before.y) * ahead,
            self.last.size,
            self.last.rotation,
        )


class Follower:
    """Joins detections of successive looks into tracks."""

    def __init__(self) -> None:
        self._tracks: list[_Open] = []

    def see(self, time: float, detections: list[Detection]) -> None:
        """Take one look's detections: the best overall assignment to those expected, the rest are new people."""
        from scipy.optimize import linear_sum_assignment

        waiting = [track for track in self._tracks if time - track.time[-1] <= LOST_AFTER]
        cost = np.array([[_cost(track, time, one.region) for one in detections] for track in waiting])
        cost = cost.reshape(len(waiting), len(detections))
        taken = set()
        for row, column in zip(*linear_sum_assignment(np.minimum(cost, 1e3)), strict=True):
            if np.isfinite(cost[row, column]):
                waiting[row].add(time, detections[column])
                taken.add(column)
        for column, detection in enumerate(detections):
            if column not in taken:
                track = _Open()
                track.add(time, detection)
                self._tracks.append(track)

    def tracks(self) -> list[PersonTrack]:
        """Everyone seen for long enough, returns joined to what was before, those first seen first."""
        stays = [track for track in self._tracks if track.time[-1] - track.time[0] >= SHORTEST_STAY]
        # Footage that is over at once has one look at each person.
        stays = _join_returns(stays or self._tracks)
        return [
            PersonTrack(
                np.array(track.time),
                tuple(detection.region for detection in track.detections),
                np.array([detection.score for detection in track.detections]),
            )
            for track in stays
        ]


def _cost(track: _Open, time: float, region: Region) -> float:
    expected = track.expected(time)
    reach = REACH + REACH_PER_SECOND * (time - track.time[-1])
    distance, ratio = expected.distance(region), expected.size_ratio(region)
    if distance > reach or ratio > LARGEST_SIZE_RATIO:
        return np.inf
    return distance + float(np.log(ratio))


def _join_returns(stays: list[_Open]) -> list[_Open]:
    """Someone who left and someone of like size who came soon after are one person, the nearest in time first."""
    stays = sorted(stays, key=lambda track: track.time[0])
    joined: list[_Open] = []
    for stay in stays:
        gone = [track for track in joined if _may_return(track, stay)]
        if gone:
            earlier = max(gone, key=lambda track: track.time[-1])
            earlier.time.extend(stay.time)
            earlier.detections.extend(stay.detections)
        else:
            joined.append(stay)
    return joined


def _may_return(gone: _Open, back: _Open) -> bool:
    pause = back.time[0] - gone.time[-1]
    return 0 < pause <= RETURN_WITHIN and gone.last.size_ratio(back.detections[0].region) <= RETURN_SIZE_RATIO


def _between(first: Region, second: Region, part: float) -> Region:
    turn = np.angle(np.exp(1j * (second.rotation - first.rotation)))
    return Region(
        first.x + (second.x - first.x) * part,
        first.y + (second.y - first.y) * part,
        first.size + (second.size - first.size) * part,
        first.rotation + float(turn) * part,
    )
