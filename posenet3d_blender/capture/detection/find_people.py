"""Who is in the footage: everyone is found and followed by the detector alone, before the dear landmark pass."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import Array
from ...errors import PoseNet3DError
from ...progress import Progress, silent
from ..video.footage import Footage, Frame, read_frames
from .blazepose.detector import Detection, PersonDetector, Window
from .blazepose.regions import Region
from .person_tracker import Follower, Sight, Trail, same_person

LOOK_INTERVAL: Final = 0.1
"""Seconds of footage between two looks at those who are known."""
SWEEP_INTERVAL: Final = 0.5
"""Seconds of footage between two looks at the whole picture, for those who are new."""
FOCUS: Final = 1.3
"""A look at one person takes in a window this much larger than their region: there the detector is surest."""
WIDER_FOCUS: Final = 2.0
"""Where that look finds nothing: they may have moved faster than expected."""
MOST_FOLLOWED: Final = 6
"""In a crowd only the largest are looked at between two sweeps."""
SURE_SCORE: Final = 0.7
"""What strangers must score in a second look from near, and those we know where they are not expected."""
TILE_STEP: Final = 0.5
"""Between the squares that a sweep goes through, as a part of their side."""
SHORTEST_STAY: Final = 0.25
"""Seconds; whoever is seen more briefly is a false alarm, unless the footage is as short."""


@dataclass(frozen=True)
class PersonTrack:
    """Where one person was seen by the detector."""

    time: Array
    """(K,) seconds, strictly rising."""
    regions: tuple[Region, ...]
    """K regions, pixels of the upright picture."""
    scores: Array
    """(K,) the detector's scores."""

    @property
    def prominence(self) -> float:
        """Sum of the sizes in which they were seen: whom the footage is about has the most."""
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
        part = (time - before_time) / (after_time - before_time)
        return self.regions[after - 1].towards(self.regions[after], float(part))


def find_people(
    footage: Footage,
    start: float | None,
    end: float | None,
    detector: PersonDetector,
    progress: Progress = silent,
) -> list[PersonTrack]:
    """Everyone in the footage between `start` and `end`, seconds, those first seen first.

    Raises:
        PoseNet3DError: no frame lies in the range, or nobody is seen, or nobody for long enough.
    """
    short_side = min(footage.image_size)
    shown = footage.time[footage.frames_between(start, end)]
    shortest = min(SHORTEST_STAY, (shown[-1] - shown[0]) / 2)
    anybody = False
    # In smaller windows if need be: perhaps everyone is far away.
    for tile_side in (short_side, short_side / 2):
        trails = _follow(footage, start, end, detector, tile_side, progress)
        staying = [trail for trail in trails if trail.last.time - trail.first.time >= shortest]
        if staying:
            return [_track(trail) for trail in staying]
        anybody = anybody or bool(trails)
    if anybody:
        raise PoseNet3DError(f"{footage.path}: nobody is seen long enough; give footage that shows a whole person")
    raise PoseNet3DError(
        f"{footage.path}: no person found; the whole body should be in view, a tenth of the picture high or more"
    )


def choose(tracks: list[PersonTrack], person: str, path: Path) -> list[PersonTrack]:
    """The people that `person` names.

    Args:
        tracks: those who were found; at least one.
        person: "largest" (the most prominent: size times presence), "longest" (in view), "all", or "1", "2" and so
            on. They are counted, and "all" ordered, from the picture's left to right, where each is first seen.
        path: the footage, for the message.

    Raises:
        PoseNet3DError: there is no such person.
    """
    from_left = sorted(tracks, key=lambda track: track.regions[0].x)
    if person == "largest":
        return [max(from_left, key=lambda track: track.prominence)]
    if person == "longest":
        return [max(from_left, key=lambda track: (track.duration, track.prominence))]
    if person == "all":
        return from_left
    if not person.isdecimal() or int(person) == 0:
        raise PoseNet3DError(f"person '{person}' is not known; use largest, longest, all, or 1, 2 and so on")
    if int(person) > len(from_left):
        raise PoseNet3DError(f"{path}: there is no person {person}; {len(from_left)} found, counted from the left")
    return [from_left[int(person) - 1]]


def _follow(
    footage: Footage,
    start: float | None,
    end: float | None,
    detector: PersonDetector,
    tile_side: float,
    progress: Progress,
) -> list[Trail]:
    """Everyone's trail, however short; the whole picture is swept by squares of `tile_side` pixels for new people."""
    span = footage.frames_between(start, end)
    first_time, last_time = footage.time[span.start], footage.time[span.stop - 1]
    watch = _Watch(detector, sweep_windows(footage.image_size, tile_side))
    looks, sweeps = _Rhythm(first_time, LOOK_INTERVAL), _Rhythm(first_time, SWEEP_INTERVAL)
    for frame in read_frames(footage, start, end):
        last = frame.index == span.stop - 1
        if looks.due(frame.time) or last:
            watch.look_at_the_known(frame)
            if sweeps.due(frame.time) or last:
                watch.look_for_new(frame)
            progress("people", (frame.time - first_time) / max(last_time - first_time, 1e-6))
    return watch.follower.trails()


class _Watch:
    """Looks at frame after frame and gives what it sees to a follower."""

    def __init__(self, detector: PersonDetector, sweep: list[Window]) -> None:
        self.follower = Follower()
        self._detector = detector
        self._sweep = sweep

    def look_at_the_known(self, frame: Frame) -> None:
        """Look where those should be who were seen a moment ago."""
        for scale, least_score in ((FOCUS, 0.0), (WIDER_FOCUS, SURE_SCORE)):
            missing = self._missing(frame)
            near = [
                detection
                for region in sorted(missing, key=lambda region: -region.size)[:MOST_FOLLOWED]
                for detection in self._detector.detect(frame.image, Window.around(region, scale))
                if detection.score >= least_score
            ]
            self.follower.see(frame.time, _sights(frame, near))

    def look_for_new(self, frame: Frame) -> None:
        """Look everywhere; whoever is new must also be seen from near, where a false alarm looks like nobody."""
        anywhere = merge([one for window in self._sweep for one in self._detector.detect(frame.image, window)])
        sure = [detection for detection in anywhere if detection.score >= SURE_SCORE]
        self.follower.see(frame.time, _sights(frame, sure))
        known = [trail.last.region for trail in self.follower.waiting(frame.time)]
        strangers = [one for one in anywhere if not any(same_person(one.region, region) for region in known)]
        certain = [near for one in strangers if (near := self._second_look(frame, one)) is not None]
        for sight in self.follower.see(frame.time, _sights(frame, certain)):
            self.follower.start(sight)

    def _missing(self, frame: Frame) -> list[Region]:
        """Where those are expected who were not yet seen in this frame."""
        waiting = self.follower.waiting(frame.time)
        return [trail.expected(frame.time) for trail in waiting if trail.last.time < frame.time]

    def _second_look(self, frame: Frame, seen: Detection) -> Detection | None:
        again = self._detector.detect(frame.image, Window.around(seen.region, FOCUS))
        sure = [one for one in again if one.score >= SURE_SCORE and same_person(one.region, seen.region)]
        return sure[0] if sure else None


def sweep_windows(image_size: tuple[int, int], tile_side: float) -> list[Window]:
    """The whole picture and overlapping squares over all of it."""
    width, height = image_size
    side = max(width, height)
    windows = [Window((width - side) / 2, (height - side) / 2, side)]
    if tile_side * 1.2 < side:
        counts = [int(np.ceil((length / tile_side - 1) / TILE_STEP - 0.1)) + 1 for length in image_size]
        lefts, tops = (
            np.linspace(0, length - tile_side, count) for length, count in zip(image_size, counts, strict=True)
        )
        windows += [Window(float(left), float(top), tile_side) for top in tops for left in lefts]
    return windows


def merge(detections: list[Detection]) -> list[Detection]:
    """One detection for each person, the surest, where overlapping windows showed them several times."""
    kept: list[Detection] = []
    for detection in sorted(detections, key=lambda detection: -detection.score):
        if not any(same_person(detection.region, other.region) for other in kept):
            kept.append(detection)
    return kept


def _sights(frame: Frame, detections: list[Detection]) -> list[Sight]:
    return [Sight(frame.time, one, mean_colours(frame.image, one.region)) for one in merge(detections)]


def mean_colours(image: NDArray[np.uint8], region: Region) -> Array:
    """(2, 3) mean RGB, 0 to 1, of a strip over the chest and of one over the legs."""
    along = np.linspace(0.05, 0.18, 14)
    across = np.linspace(-0.03, 0.03, 7)
    up = np.array([np.sin(region.rotation), -np.cos(region.rotation)])
    right = np.array([-up[1], up[0]])
    height, width = image.shape[:2]
    means = []
    for sign in (1, -1):
        offsets = sign * along[:, None, None] * up + across[:, None] * right
        places = np.array([region.x, region.y]) + region.size * offsets
        columns, rows = np.clip(np.floor(places), 0, [width - 1, height - 1]).astype(int).reshape(-1, 2).T
        means.append(image[rows, columns].mean(axis=0) / 255)
    return np.array(means)


def _track(trail: Trail) -> PersonTrack:
    return PersonTrack(
        np.array([sight.time for sight in trail.sights]),
        tuple(sight.region for sight in trail.sights),
        np.array([sight.detection.score for sight in trail.sights]),
    )


class _Rhythm:
    """Says when a time on an even grid is reached, so that odd frame rates don't stretch the interval."""

    def __init__(self, start: float, interval: float) -> None:
        self._start = start
        self._interval = interval
        self._next = 0

    def due(self, time: float) -> bool:
        step = (time - self._start) / self._interval + 1e-6
        if step < self._next:
            return False
        self._next = int(step) + 1
        return True
