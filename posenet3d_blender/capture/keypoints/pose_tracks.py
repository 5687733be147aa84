"""Tracks of everyone in another detector's file: whose pose is whose, frame after frame.

As the person detector's tracker does with regions: who is expected where, gated in distance, size and time. Poses say
more than regions, so the distance is that of the points. A person's number in the file says more than their place.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

import numpy as np

from ...arrays import Array
from .pose_measures import displacement, distance, height_ratio, person_height, same_person

LONGEST_GAP: Final = 1.0
"""Seconds for which somebody who is not detected is expected near their last place."""
NEAREST_REACH: Final = 0.15
"""Distance from the expected place, in body heights, at which somebody may be found at once ..."""
NEAREST_REACH_PER_SECOND: Final = 2.0
"""... and its growth with time: fast people, and cameras that move, ..."""
REACH: Final = 0.3
REACH_PER_SECOND: Final = 0.5
"""... but no farther than this distance with its growth."""
LARGEST_RATIO: Final = 1.8
"""People don't grow or shrink by more than this from one detection to the next."""
VELOCITY_WINDOW: Final = 0.35
"""Seconds of detections from which the velocity is taken, and for which it holds."""
HEIGHT_WINDOW: Final = 1.0
"""Seconds of detections over which the height is the median."""
LEAST_NEW: Final = 1.5
"""Sum of the points' confidence that a new person must have; weaker ones are a detector's ghosts."""
RETURN_INTERVAL: Final = 6.0
"""Seconds in which somebody who was lost may come back as the same person."""
RETURN_PER_SECOND: Final = 0.8
"""Body heights for each second that they may have walked meanwhile."""
LONGEST_RETURN: Final = 3.0
"""Body heights: no farther."""
RETURN_RATIO: Final = 1.6
SIDE: Final = 0.03
"""Part of the picture's width: who was last seen so near to its side left it."""
SHARED_NUMBERS: Final = 0.1
"""A number that several people have at once in more than this part of its frames tells nobody."""


@dataclass(frozen=True)
class SeenPose:
    """One person in one frame."""

    frame: int
    pose: Array
    """(25, 3) x and y in pixels and confidence, in the order of KEYPOINT_NAMES."""
    track_id: int | None = None
    """The person's number in the file."""


@dataclass(eq=False)
class PoseTrack:
    """One person's poses so far, in order of time; at least one."""

    poses: list[SeenPose]
    times: list[float]
    """Seconds of each pose."""
    numbers: set[int] = field(init=False)
    """The person's numbers in the file."""
    _heights: list[float] = field(init=False)

    def __post_init__(self) -> None:
        """Measure the first poses."""
        self.numbers = {seen.track_id for seen in self.poses if seen.track_id is not None}
        self._heights = [person_height(seen.pose) for seen in self.poses]

    @property
    def first(self) -> SeenPose:
        """The earliest pose."""
        return self.poses[0]

    @property
    def last(self) -> SeenPose:
        """The latest pose."""
        return self.poses[-1]

    @property
    def height(self) -> float:
        """Body height in pixels: the median over the last second."""
        return median(self._heights[bisect_left(self.times, self.times[-1] - HEIGHT_WINDOW) :])

    def append(self, seen: SeenPose, time: float) -> None:
        """Add the next pose, at `time`, seconds."""
        self.poses.append(seen)
        self.times.append(time)
        self._heights.append(person_height(seen.pose))
        if seen.track_id is not None:
            self.numbers.add(seen.track_id)

    def extend(self, later: PoseTrack) -> None:
        """Add all poses of a track that begins after this one's end."""
        self.poses += later.poses
        self.times += later.times
        self._heights += later._heights
        self.numbers |= later.numbers

    def predict(self, time: float) -> Array:
        """(25, 3) the pose expected at `time`, seconds: the last one, moved on with the person's velocity."""
        start = bisect_left(self.times, self.times[-1] - VELOCITY_WINDOW)
        elapsed = self.times[-1] - self.times[start]
        expected = self.last.pose.copy()
        if elapsed > 0:
            ahead = min(time - self.times[-1], VELOCITY_WINDOW) / elapsed
            expected[:, :2] += ahead * displacement(self.poses[start].pose, self.last.pose)
        return expected


def track_poses(frames: Sequence[Sequence[SeenPose]], time: Array, width: float) -> list[PoseTrack]:
    """Join everyone's poses into one track for each person, by the time of their first pose.

    Args:
        frames: everyone in each of T frames.
        time: (T,) seconds of the frames.
        width: of the picture, pixels.
    """
    telling = [_distinct_people(people) for people in _telling_numbers(frames)]
    tracker = _PoseTracker(_simultaneous_numbers(telling))
    for people, moment in zip(telling, time.tolist(), strict=True):
        tracker.update(moment, people)
    return _join_returns(tracker, width)


class _PoseTracker:
    """Assigns poses to tracks, frame after frame."""

    def __init__(self, simultaneous: Mapping[int, set[int]]) -> None:
        self.tracks: list[PoseTrack] = []
        self._recent: list[PoseTrack] = []
        self._by_number: dict[int, PoseTrack] = {}
        self._simultaneous = simultaneous

    def update(self, time: float, people: list[SeenPose]) -> None:
        """Add each pose of the frame at `time`, seconds, to the track that it fits, best overall, or begin a track."""
        self._recent = [track for track in self._recent if time - track.times[-1] <= LONGEST_GAP]
        unnumbered = []
        for seen in people:
            track = self._by_number.get(seen.track_id) if seen.track_id is not None else None
            if track is not None and track.times[-1] < time:
                track.append(seen, time)
                self._recent += [track] if track not in self._recent else []
            else:
                unnumbered.append(seen)
        # Ghosts come second, so that they don't take the place of the person on whom they lie.
        for certain in (True, False):
            some = [seen for seen in unnumbered if (seen.pose[:, 2].sum() >= LEAST_NEW) == certain]
            for seen, match in zip(some, self._best_matches(time, some), strict=True):
                if match is not None:
                    match.append(seen, time)
                elif certain:
                    match = PoseTrack([seen], [time])
                    self.tracks.append(match)
                    self._recent.append(match)
                if match is not None and seen.track_id is not None:
                    self._by_number.setdefault(seen.track_id, match)

    def may_be_same(self, track: PoseTrack, numbers: set[int]) -> bool:
        """Whether nobody with these numbers is ever seen together with the person of the track."""
        return not any(track.numbers & self._simultaneous.get(number, set()) for number in numbers)

    def _best_matches(self, time: float, people: list[SeenPose]) -> list[PoseTrack | None]:
        """The waiting track of each person, or None where none fits."""
        from scipy.optimize import linear_sum_assignment

        waiting = [track for track in self._recent if track.times[-1] < time]
        matches: list[PoseTrack | None] = [None] * len(people)
        if not people or not waiting:
            return matches
        cost = np.array([self._costs(time, track, people) for track in waiting]).T
        for row, column in zip(*linear_sum_assignment(np.minimum(cost, 1e3)), strict=True):
            if np.isfinite(cost[row, column]):
                matches[row] = waiting[column]
        return matches

    def _costs(self, time: float, track: PoseTrack, people: list[SeenPose]) -> list[float]:
        """Cost of assigning each pose to the track; infinite where it can't be the same person."""
        pause = time - track.times[-1]
        reach = min(NEAREST_REACH + NEAREST_REACH_PER_SECOND * pause, REACH + REACH_PER_SECOND * pause)
        expected, height = track.predict(time), track.height
        costs = []
        for seen in people:
            moved = distance(expected, seen.pose) / height
            fits = moved <= reach and (seen.track_id is None or self.may_be_same(track, {seen.track_id}))
            ratio = height_ratio(track.last.pose, seen.pose) if fits else np.inf
            costs.append(moved + 0.5 * float(np.log(ratio)) if ratio <= LARGEST_RATIO else np.inf)
        return costs


def _telling_numbers(frames: Sequence[Sequence[SeenPose]]) -> list[list[SeenPose]]:
    """The same people without the numbers that tell nobody apart: one that all have, or that several have at once."""
    frames_with, shared = Counter[int](), Counter[int]()
    for people in frames:
        counts = Counter(seen.track_id for seen in people if seen.track_id is not None)
        frames_with.update(counts.keys())
        shared.update(number for number, count in counts.items() if count > 1)
    telling = {number for number, count in frames_with.items() if shared[number] <= SHARED_NUMBERS * count}
    if len(frames_with) == 1:
        telling = set()
    return [
        [seen if seen.track_id in telling else SeenPose(seen.frame, seen.pose) for seen in people] for people in frames
    ]


def _distinct_people(people: list[SeenPose]) -> list[SeenPose]:
    """Everybody once: the surest of poses that lie on each other, unless their numbers differ; none without points."""
    kept: list[SeenPose] = []
    for seen in sorted(people, key=lambda seen: -float(seen.pose[:, 2].sum())):
        doubles = (one for one in kept if None in (one.track_id, seen.track_id) or one.track_id == seen.track_id)
        if (seen.pose[:, 2] > 0).any() and not any(same_person(one.pose, seen.pose) for one in doubles):
            kept.append(seen)
    return kept


def _simultaneous_numbers(frames: Sequence[Sequence[SeenPose]]) -> dict[int, set[int]]:
    """For each number those that are in some frame together with it."""
    together: dict[int, set[int]] = {}
    for people in frames:
        numbers = {seen.track_id for seen in people if seen.track_id is not None}
        for number in numbers:
            together.setdefault(number, set()).update(numbers - {number})
    return together


def _join_returns(tracker: _PoseTracker, width: float) -> list[PoseTrack]:
    """Join tracks that go on with the same person after a longer gap, the nearest pairs first."""
    tracks = sorted(tracker.tracks, key=lambda track: track.times[0])
    pairs = [
        (distance, first, later)
        for later, track in enumerate(tracks)
        for first, earlier in enumerate(tracks[:later])
        if np.isfinite(distance := _return_distance(earlier, track, width))
        and tracker.may_be_same(earlier, track.numbers)
    ]
    successors: dict[int, int] = {}
    for _, first, later in sorted(pairs):
        if first not in successors and later not in successors.values():
            successors[first] = later
    joined = []
    for index in sorted(set(range(len(tracks))) - set(successors.values())):
        person = tracks[index]
        while index in successors:
            index = successors[index]
            person.extend(tracks[index])
        joined.append(person)
    return joined


def _return_distance(earlier: PoseTrack, later: PoseTrack, width: float) -> float:
    """Body heights between the places where a person was lost and found; infinite where it can't be the same one."""
    pause = later.times[0] - earlier.times[-1]
    ratio = max(earlier.height, later.height) / min(earlier.height, later.height)
    if not 0 < pause <= RETURN_INTERVAL or ratio > RETURN_RATIO:
        return np.inf
    if _at_side(earlier.last.pose, width) and _at_side(later.first.pose, width):
        return np.inf  # one left the picture, and somebody entered it
    gap = distance(earlier.last.pose, later.first.pose) / earlier.height
    return gap if gap <= min(REACH + RETURN_PER_SECOND * pause, LONGEST_RETURN) else np.inf


def _at_side(pose: Array, width: float) -> bool:
    """Whether some of the points (25, 3) touch the picture's left or right side."""
    x = pose[pose[:, 2] > 0, 0]
    return bool(x.min() < SIDE * width or x.max() > (1 - SIDE) * width)
