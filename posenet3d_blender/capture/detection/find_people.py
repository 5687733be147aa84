"""Find and track everyone with the person detector alone, before the expensive landmark pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import Array
from ...errors import PoseNet3DError
from ...progress import Progress, silent
from ..keypoints.presence import LONGEST_ABSENCE
from ..video.cuts import COPY_SIZE, CutDetector
from ..video.footage import Footage, Frame, read_frames
from .blazepose.detector import Detection, PersonDetector, Window
from .blazepose.regions import Region
from .choice import Shot, split_at_absences
from .person_tracker import PersonTracker, Track, TrackedDetection, same_person

TRACKING_INTERVAL: Final = 0.1
"""Seconds of footage between two updates of the tracked people."""
SWEEP_INTERVAL: Final = 0.5
"""Seconds of footage between two sweeps of the whole picture for new people."""
FOCUS: Final = 1.3
"""A person is sought in a window this much larger than their region: there the detector is most reliable."""
WIDER_FOCUS: Final = 2.0
"""The window where FOCUS shows nothing: they may have moved faster than expected."""
MOST_TRACKED: Final = 6
"""In a crowd only the largest people are updated between two sweeps."""
CONFIDENT_SCORE: Final = 0.7
"""Score that a new person must reach in a close-up, and a tracked one where they are not expected."""
TILE_STEP: Final = 0.5
"""Between the squares that a sweep goes through, as a part of their side."""
STILL_IN_VIEW: Final = 0.35
"""Seconds since the last detection in which somebody counts as in view, where a cut is sought."""
SHORTEST_TRACK: Final = 0.25
"""Seconds; a shorter track is a false alarm, unless the footage is as short."""


@dataclass(frozen=True)
class PersonTrack:
    """One person's regions over time, by the person detector."""

    time: Array
    """(K,) seconds, strictly rising."""
    regions: tuple[Region, ...]
    """K regions, pixels of the upright picture."""
    scores: Array
    """(K,) the detector's scores."""

    @property
    def first_x(self) -> float:
        """Centre of the first region, pixels from the picture's left."""
        return self.regions[0].x

    @property
    def prominence(self) -> float:
        """Sum of the regions' sizes, pixels: largest for the person whom the footage is about."""
        return float(np.sum([region.size for region in self.regions]))

    @property
    def duration(self) -> float:
        """Seconds from the first to the last detection."""
        return float(self.time[-1] - self.time[0])

    @property
    def visible_span(self) -> tuple[float, float]:
        """Times of the first and the last detection, seconds."""
        return float(self.time[0]), float(self.time[-1])

    def seconds_from_detection(self, time: float) -> float:
        """Seconds between `time` and the nearest detection."""
        return float(np.abs(self.time - time).min())

    def region_at(self, time: float) -> Region:
        """The region at `time`, seconds: interpolated between detections, held before the first and after the last."""
        after = int(np.searchsorted(self.time, time))
        if after == 0:
            return self.regions[0]
        if after == len(self.time):
            return self.regions[-1]
        before_time, after_time = self.time[after - 1], self.time[after]
        part = (time - before_time) / (after_time - before_time)
        return self.regions[after - 1].towards(self.regions[after], float(part))


def find_people(
    footage: Footage, frames: slice, detector: PersonDetector, progress: Progress = silent
) -> list[Shot[PersonTrack]]:
    """Find everyone in some frames of the footage, shot by shot, in the order of their first detection.

    Args:
        footage: the video.
        frames: the frames to look at, from `Footage.frames_between`.
        detector: the person detector.
        progress: told of the stage "people".

    Returns:
        The shots that show somebody; where nobody is in view for a long time, one ends and another begins.

    Raises:
        PoseNet3DError: nobody is found, or nobody for long enough.
    """
    short_side = min(footage.image_size)
    time = footage.time[frames]
    shortest = min(SHORTEST_TRACK, (time[-1] - time[0]) / 2)
    any_track = False
    # In smaller windows if need be: perhaps everyone is far away.
    for tile_side in (short_side, short_side / 2):
        shots: list[Shot[PersonTrack]] = []
        for shot in _track_people(footage, frames, detector, tile_side, progress):
            any_track = any_track or bool(shot.tracks)
            long_tracks = [track for track in shot.tracks if track.last.time - track.first.time >= shortest]
            if long_tracks:
                people = Shot(shot.frames, tuple(_person_track(track) for track in long_tracks))
                shots += split_at_absences(people, footage.time)
        if shots:
            return shots
    if any_track:
        raise PoseNet3DError(
            f"{footage.path}: nobody is visible for long enough; give footage that shows a whole person"
        )
    raise PoseNet3DError(
        f"{footage.path}: no person found; the whole body should be in view, a tenth of the picture high or more"
    )


@dataclass(frozen=True)
class _TrackedShot:
    """The frames between two cuts, and everyone's track in them, however short."""

    frames: slice
    tracks: tuple[Track, ...]


def _track_people(
    footage: Footage, frames: slice, detector: PersonDetector, tile_side: float, progress: Progress
) -> list[_TrackedShot]:
    """Everyone's tracks, shot by shot; the whole picture is swept by squares of `tile_side` pixels for new people."""
    first_time, last_time = footage.time[frames.start], footage.time[frames.stop - 1]
    windows = sweep_windows(footage.image_size, tile_side)
    search, cuts = _PersonSearch(detector, windows, first_time), CutDetector()
    shots: list[_TrackedShot] = []
    start, last = frames.start, first_time

    def end_shot(cut: int) -> None:
        nonlocal start
        shots.append(_TrackedShot(slice(start, cut), search.tracks_before(float(footage.time[cut]))))
        start = cut

    for frame in read_frames(footage, frames):
        copy = frame.small_copy(COPY_SIZE)
        cut = cuts.update(frame.index, frame.time, copy, search.squares(last, max(footage.image_size)))
        if frame.time - last > LONGEST_ABSENCE:
            cut = frame.index
        if cut is not None and cut > start:
            end_shot(cut)
            search = _PersonSearch(detector, windows, frame.time)
        search.update(frame, is_last=frame.index == frames.stop - 1)
        progress("people", (frame.time - first_time) / max(last_time - first_time, 1e-6))
        last = frame.time
    cut = cuts.finish()
    if cut is not None and cut > start:
        end_shot(cut)
        search = _PersonSearch(detector, windows, last)
    return [*shots, _TrackedShot(slice(start, frames.stop), tuple(search.tracker.tracks()))]


class _PersonSearch:
    """Runs the detector on frame after frame of a shot and feeds a tracker."""

    def __init__(self, detector: PersonDetector, sweep: list[Window], start: float) -> None:
        self.tracker = PersonTracker()
        self._detector = detector
        self._sweep = sweep
        self._updates, self._sweeps = _IntervalTimer(start, TRACKING_INTERVAL), _IntervalTimer(start, SWEEP_INTERVAL)

    def update(self, frame: Frame, is_last: bool) -> None:
        """Look at a frame, if it is due."""
        if self._updates.is_due(frame.time) or is_last:
            self.update_tracked(frame)
            if self._sweeps.is_due(frame.time) or is_last:
                self.sweep_for_new(frame)

    def squares(self, time: float, longer_side: int) -> list[tuple[float, float, float]]:
        """Centre and side of everyone's region who is in view at `time`, seconds, as parts of the longer side."""
        tracks = self.tracker.active_tracks(time)
        regions = [track.last.region for track in tracks if time - track.last.time <= STILL_IN_VIEW]
        return [(region.x / longer_side, region.y / longer_side, region.size / longer_side) for region in regions]

    def tracks_before(self, end: float) -> tuple[Track, ...]:
        """Everyone's tracks, as far as they lie before a time, seconds."""
        parts = [Track([one for one in track.detections if one.time < end]) for track in self.tracker.tracks()]
        return tuple(part for part in parts if part.detections)

    def update_tracked(self, frame: Frame) -> None:
        """Look for the tracked people near their expected regions."""
        for scale, least_score in ((FOCUS, 0.0), (WIDER_FOCUS, CONFIDENT_SCORE)):
            largest_first = sorted(self._expected_regions(frame), key=lambda region: -region.size)
            detections = [
                detection
                for region in largest_first[:MOST_TRACKED]
                for detection in self._detector.detect(frame.image, Window.around(region, scale))
                if detection.score >= least_score
            ]
            self.tracker.update(frame.time, _tracked_detections(frame, detections))

    def sweep_for_new(self, frame: Frame) -> None:
        """Look for new people in the whole picture; a close-up must confirm them, which no false alarm survives."""
        detections = merge([one for window in self._sweep for one in self._detector.detect(frame.image, window)])
        confident = [detection for detection in detections if detection.score >= CONFIDENT_SCORE]
        self.tracker.update(frame.time, _tracked_detections(frame, confident))
        active = [track.last.region for track in self.tracker.active_tracks(frame.time)]
        unknown = [one for one in detections if not any(same_person(one.region, region) for region in active)]
        confirmed = [close_up for one in unknown if (close_up := self._confirm(frame, one)) is not None]
        for detection in self.tracker.update(frame.time, _tracked_detections(frame, confirmed)):
            self.tracker.start_track(detection)

    def _expected_regions(self, frame: Frame) -> list[Region]:
        """Predicted regions of the active tracks that have no detection in this frame yet."""
        active = self.tracker.active_tracks(frame.time)
        return [track.predict(frame.time) for track in active if track.last.time < frame.time]

    def _confirm(self, frame: Frame, candidate: Detection) -> Detection | None:
        """The candidate's detection in a close-up, or None where it shows no such person."""
        close_ups = self._detector.detect(frame.image, Window.around(candidate.region, FOCUS))
        confident = [one for one in close_ups if one.score >= CONFIDENT_SCORE]
        return next((one for one in confident if same_person(one.region, candidate.region)), None)


def sweep_windows(image_size: tuple[int, int], tile_side: float) -> list[Window]:
    """The whole picture and overlapping squares of `tile_side` pixels over all of it."""
    windows = [Window.whole(image_size)]
    if tile_side * 1.2 < max(image_size):
        counts = [int(np.ceil((length / tile_side - 1) / TILE_STEP - 0.1)) + 1 for length in image_size]
        lefts, tops = (
            np.linspace(0, length - tile_side, count) for length, count in zip(image_size, counts, strict=True)
        )
        windows += [Window(float(left), float(top), tile_side) for top in tops for left in lefts]
    return windows


def merge(detections: list[Detection]) -> list[Detection]:
    """Keep each person's best detection where overlapping windows showed them several times."""
    kept: list[Detection] = []
    for detection in sorted(detections, key=lambda detection: -detection.score):
        if not any(same_person(detection.region, other.region) for other in kept):
            kept.append(detection)
    return kept


def mean_colours(image: NDArray[np.uint8], region: Region) -> Array:
    """(2, 3) mean RGB, 0 to 1, of a strip over the chest and of one over the legs."""
    along = np.linspace(0.05, 0.18, 14)
    across = np.linspace(-0.03, 0.03, 7)
    up = np.array([np.sin(region.rotation), -np.cos(region.rotation)])
    right = np.array([-up[1], up[0]])
    height, width = image.shape[:2]
    means = []
    for sign in (1, -1):
        offsets = sign * along[:, None, None] * up + across[:, None] * right  # (14, 7, 2)
        places = np.array([region.x, region.y]) + region.size * offsets
        columns, rows = np.clip(np.floor(places), 0, [width - 1, height - 1]).astype(int).reshape(-1, 2).T
        means.append(image[rows, columns].mean(axis=0) / 255)
    return np.array(means)


def _tracked_detections(frame: Frame, detections: list[Detection]) -> list[TrackedDetection]:
    return [TrackedDetection(frame.time, one, mean_colours(frame.image, one.region)) for one in merge(detections)]


def _person_track(track: Track) -> PersonTrack:
    return PersonTrack(
        np.array([one.time for one in track.detections]),
        tuple(one.region for one in track.detections),
        np.array([one.detection.score for one in track.detections]),
    )


class _IntervalTimer:
    """Tells when a time on an even grid is reached, so that odd frame rates don't stretch the interval."""

    def __init__(self, start: float, interval: float) -> None:
        self._start = start
        self._interval = interval
        self._next = 0

    def is_due(self, time: float) -> bool:
        """Report each grid time once: at the first `time`, seconds, that reaches it."""
        step = (time - self._start) / self._interval + 1e-6
        if step < self._next:
            return False
        self._next = int(step) + 1
        return True
