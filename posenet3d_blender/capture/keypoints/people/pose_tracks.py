"""Tracks of everyone in another detector's file: whose pose is whose, frame after frame.

As the person detector's tracker does with regions: who is expected where, gated in distance, size and time. Poses say
more than regions, so the distance is that of the points. A person's id in the file says more than their place.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from statistics import median
from typing import Final

import numpy as np

from ....arrays import Array
from .pose_measures import body_height, displacement, distance, height_ratio, same_person

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
LEAST_NEW_CONFIDENCE: Final = 1.5
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
MOST_SHARED: Final = 0.1
"""An id that several people have at once in more than this part of its frames identifies nobody."""


@dataclass(frozen=True)
class TrackedPose:
    """One person in one frame."""

    frame: int
    pose: Array
    """(25, 3) x and y in pixels and confidence, in the order of KEYPOINT_NAMES."""
    track_id: int | None = None
    """The person's id in the file; None where it gives none."""


@dataclass(eq=False)
class PoseTrack:
    """One person's poses so far, in order of time; at least one."""

    poses: list[TrackedPose]
    times: list[float]
    """Seconds of each pose."""
    track_ids: set[int] = field(init=False)
    """The person's ids in the file."""
    swapped_at: list[float] = field(default_factory=list, init=False)
    """Seconds at which the ids of this person and another one change places."""
    _heights: list[float] = field(init=False)

    def __post_init__(self) -> None:
        """Measure the first poses."""
        self.track_ids = {seen.track_id for seen in self.poses if seen.track_id is not None}
        self._heights = [body_height(seen.pose) for seen in self.poses]

    @property
    def first(self) -> TrackedPose:
        """The earliest pose."""
        return self.poses[0]

    @property
    def last(self) -> TrackedPose:
        """The latest pose."""
        return self.poses[-1]

    @property
    def height(self) -> float:
        """Body height in pixels: the median over the last second."""
        return median(self._heights[bisect_left(self.times, self.times[-1] - HEIGHT_WINDOW) :])

    def append(self, seen: TrackedPose, time: float) -> None:
        """Add the next pose, at `time`, seconds."""
        self.poses.append(seen)
        self.times.append(time)
        self._heights.append(body_height(seen.pose))
        if seen.track_id is not None:
            self.track_ids.add(seen.track_id)

    def extend(self, later: PoseTrack) -> None:
        """Add all poses of a track that begins after this one's end."""
        self.poses += later.poses
        self.times += later.times
        self._heights += later._heights
        self.track_ids |= later.track_ids
        self.swapped_at += later.swapped_at

    def predict(self, time: float) -> Array:
        """(25, 3) the pose expected at `time`, seconds: the last one, moved on with the person's velocity."""
        start = bisect_left(self.times, self.times[-1] - VELOCITY_WINDOW)
        elapsed = self.times[-1] - self.times[start]
        expected = self.last.pose.copy()
        if elapsed > 0:
            ahead = min(time - self.times[-1], VELOCITY_WINDOW) / elapsed
            expected[:, :2] += ahead * displacement(self.poses[start].pose, self.last.pose)
        return expected


def track_poses(frames: Sequence[Sequence[TrackedPose]], time: Array, width: float) -> list[PoseTrack]:
    """Join everyone's poses into one track for each person, by the time of their first pose.

    Args:
        frames: everyone in each of T frames.
        time: (T,) seconds of the frames.
        width: of the picture, pixels.
    """
    cleaned = [_drop_duplicates(people) for people in _drop_ambiguous_ids(frames)]
    tracker = _PoseTracker(_concurrent_ids(cleaned))
    for people, moment in zip(cleaned, time.tolist(), strict=True):
        tracker.update(moment, people)
    return _join_returns(tracker, width)


class _PoseTracker:
    """Assigns poses to tracks, frame after frame."""

    def __init__(self, concurrent: Mapping[int, set[int]]) -> None:
        self.tracks: list[PoseTrack] = []
        self._recent: list[PoseTrack] = []
        self._by_id: dict[int, PoseTrack] = {}
        self._concurrent = concurrent

    def update(self, time: float, people: list[TrackedPose]) -> None:
        """Add each pose of the frame at `time`, seconds, to the track that it fits, best overall, or begin a track."""
        self._recent = [track for track in self._recent if time - track.times[-1] <= LONGEST_GAP]
        self._note_swaps(time, people)
        unassigned = []
        for seen in people:
            track = self._by_id.get(seen.track_id) if seen.track_id is not None else None
            if track is not None and track.times[-1] < time:
                track.append(seen, time)
                self._recent += [track] if track not in self._recent else []
            else:
                unassigned.append(seen)
        # Ghosts come second, so that they don't take the place of the person on whom they lie.
        for certain in (True, False):
            some = [seen for seen in unassigned if (seen.pose[:, 2].sum() >= LEAST_NEW_CONFIDENCE) == certain]
            for seen, match in zip(some, self._best_matches(time, some), strict=True):
                if match is not None:
                    match.append(seen, time)
                elif certain:
                    match = PoseTrack([seen], [time])
                    self.tracks.append(match)
                    self._recent.append(match)
                if match is not None and seen.track_id is not None:
                    self._by_id.setdefault(seen.track_id, match)

    def _note_swaps(self, time: float, people: list[TrackedPose]) -> None:
        """Note where the ids of two people change places from one frame to the next."""
        by_id = [(seen, self._by_id.get(seen.track_id)) for seen in people if seen.track_id is not None]
        jumps = [
            (seen, track)
            for seen, track in by_id
            if track is not None and track in self._recent and not _is_within_reach(track, seen, time)
        ]
        for (seen, track), (other_seen, other) in combinations(jumps, 2):
            if _is_within_reach(other, seen, time) and _is_within_reach(track, other_seen, time):
                track.swapped_at.append(time)

    def may_be_same(self, track: PoseTrack, track_ids: set[int]) -> bool:
        """Test that nobody with these ids is ever in one frame with the person of the track."""
        return not any(track.track_ids & self._concurrent.get(track_id, set()) for track_id in track_ids)

    def _best_matches(self, time: float, people: list[TrackedPose]) -> list[PoseTrack | None]:
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

    def _costs(self, time: float, track: PoseTrack, people: list[TrackedPose]) -> list[float]:
        """Cost of assigning each pose to the track; infinite where it can't be the same person."""
        reach = _reach(time - track.times[-1])
        expected, height = track.predict(time), track.height
        costs = []
        for seen in people:
            moved = distance(expected, seen.pose) / height
            fits = moved <= reach and (seen.track_id is None or self.may_be_same(track, {seen.track_id}))
            ratio = height_ratio(track.last.pose, seen.pose) if fits else np.inf
            costs.append(moved + 0.5 * float(np.log(ratio)) if ratio <= LARGEST_RATIO else np.inf)
        return costs


def _reach(pause: float) -> float:
    """Body heights from the expected place at which somebody may be after so many seconds."""
    return min(NEAREST_REACH + NEAREST_REACH_PER_SECOND * pause, REACH + REACH_PER_SECOND * pause)


def _is_within_reach(track: PoseTrack, seen: TrackedPose, time: float) -> bool:
    return distance(track.predict(time), seen.pose) / track.height <= _reach(time - track.times[-1])


def _drop_ambiguous_ids(frames: Sequence[Sequence[TrackedPose]]) -> list[list[TrackedPose]]:
    """Remove the ids that identify nobody: the only one of a file, and those that several people have at once."""
    frames_with, shared = Counter[int](), Counter[int]()
    for people in frames:
        counts = Counter(seen.track_id for seen in people if seen.track_id is not None)
        frames_with.update(counts.keys())
        shared.update(track_id for track_id, count in counts.items() if count > 1)
    kept = {track_id for track_id, count in frames_with.items() if shared[track_id] <= MOST_SHARED * count}
    if len(frames_with) == 1:
        kept = set()
    return [
        [seen if seen.track_id in kept else TrackedPose(seen.frame, seen.pose) for seen in people] for people in frames
    ]


def _drop_duplicates(people: list[TrackedPose]) -> list[TrackedPose]:
    """Everybody once: the surest of poses that lie on each other, unless their ids differ; none without points."""
    kept: list[TrackedPose] = []
    for seen in sorted(people, key=lambda seen: -float(seen.pose[:, 2].sum())):
        doubles = (one for one in kept if None in (one.track_id, seen.track_id) or one.track_id == seen.track_id)
        if (seen.pose[:, 2] > 0).any() and not any(same_person(one.pose, seen.pose) for one in doubles):
            kept.append(seen)
    return kept


def _concurrent_ids(frames: Sequence[Sequence[TrackedPose]]) -> dict[int, set[int]]:
    """The ids that are in some frame together with each id."""
    together: dict[int, set[int]] = {}
    for people in frames:
        track_ids = {seen.track_id for seen in people if seen.track_id is not None}
        for track_id in track_ids:
            together.setdefault(track_id, set()).update(track_ids - {track_id})
    return together


def _join_returns(tracker: _PoseTracker, width: float) -> list[PoseTrack]:
    """Join tracks that go on with the same person after a longer gap, the nearest pairs first."""
    tracks = sorted(tracker.tracks, key=lambda track: track.times[0])
    pairs = [
        (distance, first, later)
        for later, track in enumerate(tracks)
        for first, earlier in enumerate(tracks[:later])
        if 0 < track.times[0] - earlier.times[-1] <= RETURN_INTERVAL
        and np.isfinite(distance := _return_distance(earlier, track, width))
        and tracker.may_be_same(earlier, track.track_ids)
    ]
    successors: dict[int, int] = {}
    continued: set[int] = set()
    for _, first, later in sorted(pairs):
        if first not in successors and later not in continued:
            successors[first] = later
            continued.add(later)
    joined = []
    for index in sorted(set(range(len(tracks))) - continued):
        person = tracks[index]
        while index in successors:
            index = successors[index]
            person.extend(tracks[index])
        joined.append(person)
    return joined


def _return_distance(earlier: PoseTrack, later: PoseTrack, width: float) -> float:
    """Body heights between the places where a person was lost and found; infinite where it can't be the same one."""
    if max(earlier.height, later.height) > RETURN_RATIO * min(earlier.height, later.height):
        return np.inf
    if _at_side(earlier.last.pose, width) and _at_side(later.first.pose, width):
        return np.inf  # one left the picture, and somebody entered it
    gap = distance(earlier.last.pose, later.first.pose) / earlier.height
    pause = later.times[0] - earlier.times[-1]
    return gap if gap <= min(REACH + RETURN_PER_SECOND * pause, LONGEST_RETURN) else np.inf


def _at_side(pose: Array, width: float) -> bool:
    """Test for points (25, 3) that touch the picture's left or right side."""
    x = pose[pose[:, 2] > 0, 0]
    return bool(x.min() < SIDE * width or x.max() > (1 - SIDE) * width)
