"""Tracking by detection: join the person detector's results over time into one track for each person."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import takewhile
from typing import Final

import numpy as np

from ...arrays import Array
from ..keypoints.presence import LONGEST_ABSENCE
from .blazepose.detector import Detection
from .blazepose.regions import Region

LONGEST_GAP: Final = 1.0
"""Seconds for which a person who is not detected is expected near their last place."""
REACH: Final = 0.3
"""Distance from the expected place at which a person may be found, as a part of their region's size ..."""
REACH_PER_SECOND: Final = 0.5
"""... and its growth for each second without a detection."""
LARGEST_SIZE_RATIO: Final = 1.8
"""People don't grow or shrink by more than this between two updates."""
SAME_PERSON_DISTANCE: Final = 0.25
SAME_PERSON_RATIO: Final = 1.6
"""Detections of one frame that are no farther apart (centres, as a part of the size; sizes) show one person."""
TURN: Final = np.radians(45)
FASTEST_TURN: Final = np.radians(600)
"""Radians that people may turn over between two updates, and how much more for each second between them: a somersault
takes 0.6 s."""
VELOCITY_WINDOW: Final = 0.35
"""Seconds of detections from which the velocity is taken: the detector's centres jitter too much for two of them."""
LONGEST_UNCHECKED: Final = 0.5
OTHER_COLOURS: Final = 0.2
"""After so many seconds without a detection, one whose colours differ by so much is somebody else's."""
RETURN_SIZE_RATIO: Final = 1.6
UNDETECTED_INTERVAL: Final = 6.0
UNDETECTED_DISTANCE: Final = 0.5
UNDETECTED_COLOURS: Final = 0.15
"""Somebody found again within this time (seconds), near the old place (as a part of the region's size) and in much the
same colours was there all the while, lying down perhaps, where the detector finds nobody ..."""
EDGE: Final = 0.35
"""... unless they were this near to the picture's left or right edge, as a part of the region's size: they had left."""
RETURN_SPEED: Final = 2.5
RETURN_COLOURS: Final = 0.12
"""Somebody found again elsewhere must have got there at a runner's speed (sizes per second) within LONGEST_ABSENCE, in
the same colours (root mean square of chest's and legs', of 1): different people's clothes differ by 0.1 to 0.2."""


@dataclass
class TrackedDetection:
    """A person's detection at one time, with the colours that identify them."""

    time: float
    """Seconds."""
    detection: Detection
    colours: Array
    """(2, 3) mean RGB of the chest and of the legs, 0 to 1."""

    @property
    def region(self) -> Region:
        """The person's region, pixels of the upright picture."""
        return self.detection.region


@dataclass
class Track:
    """A person's detections so far, in order of time; at least one."""

    detections: list[TrackedDetection] = field(default_factory=list)

    @property
    def first(self) -> TrackedDetection:
        """The earliest detection."""
        return self.detections[0]

    @property
    def last(self) -> TrackedDetection:
        """The latest detection."""
        return self.detections[-1]

    @property
    def colours(self) -> Array:
        """(2, 3) the median over the detections, against arms and passers-by before the chest."""
        median: Array = np.median([detection.colours for detection in self.detections], axis=0)
        return median

    def predict(self, time: float) -> Region:
        """The region expected at `time`, seconds, if the person kept their velocity."""
        # From the latest back: the track of an hour has 36,000 detections.
        recent = takewhile(lambda one: self.last.time - one.time <= VELOCITY_WINDOW, reversed(self.detections))
        *_, earliest = recent
        region = self.last.region
        elapsed = self.last.time - earliest.time
        if elapsed <= 0:
            return region
        ahead = min(time - self.last.time, VELOCITY_WINDOW) / elapsed
        start = earliest.region
        return Region(
            region.x + (region.x - start.x) * ahead,
            region.y + (region.y - start.y) * ahead,
            region.size,
            region.rotation,
        )


class PersonTracker:
    """Assigns detections to tracks, update after update."""

    def __init__(self, picture_width: float = np.inf) -> None:
        """Start without tracks, in pictures of this width, pixels."""
        self._tracks: list[Track] = []
        self._picture_width = picture_width

    def active_tracks(self, time: float) -> list[Track]:
        """Tracks whose last detection is at most LONGEST_GAP before `time`, seconds."""
        return [track for track in self._tracks if time - track.last.time <= LONGEST_GAP]

    def update(self, time: float, detections: list[TrackedDetection]) -> list[TrackedDetection]:
        """Assign each detection to the track that it fits, best overall; return those that fit none.

        May be called again for the same time: tracks already updated then keep their detections.
        """
        from scipy.optimize import linear_sum_assignment

        active = self.active_tracks(time)
        occupied = [track.last.region for track in active if track.last.time == time]
        free = [one for one in detections if not any(same_person(one.region, region) for region in occupied)]
        tracks = [track for track in active if track.last.time < time]
        cost = np.array([[_cost(track, detection) for detection in free] for track in tracks])
        cost = cost.reshape(len(tracks), len(free))
        rows, columns = linear_sum_assignment(np.minimum(cost, 1e3))
        matches = [(row, column) for row, column in zip(rows, columns, strict=True) if np.isfinite(cost[row, column])]
        for row, column in sorted(matches, key=lambda match: cost[match]):
            region, expected = free[column].region, tracks[row].predict(time)
            # A detection nearer to a better match than to where this person is expected is a part of that other person.
            if all(region.distance(rival) > region.distance(expected) for rival in occupied):
                tracks[row].detections.append(free[column])
                occupied.append(region)
        matched = {column for _, column in matches}
        return [detection for column, detection in enumerate(free) if column not in matched]

    def start_track(self, detection: TrackedDetection) -> None:
        """Begin a new person's track."""
        self._tracks.append(Track([detection]))

    def tracks(self) -> list[Track]:
        """All tracks by the time of their first detection; a person who left and came back has one."""
        joined: list[Track] = []
        for track in sorted(self._tracks, key=lambda track: track.first.time):
            candidates = [earlier for earlier in joined if _may_continue(earlier, track, self._picture_width)]
            if candidates:
                max(candidates, key=lambda earlier: earlier.last.time).detections.extend(track.detections)
            else:
                joined.append(track)
        return joined


def same_person(first: Region, second: Region) -> bool:
    """Two regions of one frame show the same person: near each other and of similar size."""
    return first.distance(second) <= SAME_PERSON_DISTANCE and first.size_ratio(second) <= SAME_PERSON_RATIO


def _cost(track: Track, detection: TrackedDetection) -> float:
    """Cost of assigning the detection to the track; infinite where it can't be the same person."""
    expected, region = track.predict(detection.time), detection.region
    pause = detection.time - track.last.time
    distance, ratio = expected.distance(region), expected.size_ratio(region)
    if (
        distance > REACH + REACH_PER_SECOND * pause
        or ratio > LARGEST_SIZE_RATIO
        or expected.turn(region) > FASTEST_TURN * pause + TURN
        or (pause > LONGEST_UNCHECKED and _colour_difference(track.colours, detection.colours) > OTHER_COLOURS)
    ):
        return np.inf
    # A head stays in place, even where an arm or a neighbour drags the hips' estimate away.
    top_distance = float(np.hypot(*(expected.top - region.top))) / expected.size
    return distance + 0.5 * top_distance + 0.5 * float(np.log(ratio))


def _may_continue(earlier: Track, later: Track, picture_width: float) -> bool:
    """The later track may be the same person's: soon after, of similar size, in the same colours, within reach."""
    pause = later.first.time - earlier.last.time
    ratio = earlier.last.region.size_ratio(later.first.region)
    if not 0 < pause <= UNDETECTED_INTERVAL or ratio > RETURN_SIZE_RATIO:
        return False
    distance = earlier.last.region.distance(later.first.region)
    difference = _colour_difference(earlier.colours, later.colours)
    is_inside = all(_is_inside(one.region, picture_width) for one in (earlier.last, later.first))
    if distance <= UNDETECTED_DISTANCE and (is_inside or pause <= LONGEST_ABSENCE):
        return difference < UNDETECTED_COLOURS
    within_reach = distance <= UNDETECTED_DISTANCE + RETURN_SPEED * pause
    return pause <= LONGEST_ABSENCE and within_reach and difference < RETURN_COLOURS


def _colour_difference(first: Array, second: Array) -> float:
    """Root mean square difference of chest's and legs' colours (2, 3), from 0 to 1."""
    return float(np.sqrt(np.mean((first - second) ** 2)))


def _is_inside(region: Region, picture_width: float) -> bool:
    """The person stands well inside the picture, not where they could have left it."""
    return EDGE * region.size <= region.x <= picture_width - EDGE * region.size
