"""Search for people with the person detector: known ones where they are expected, new ones in the whole picture."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import Array
from ..video.footage import Frame
from .blazepose.detector import Detection, PersonDetector, Window
from .blazepose.regions import Region
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


class PersonSearch:
    """Runs the detector on frame after frame of a shot and feeds a tracker."""

    def __init__(
        self, detector: PersonDetector, sweep: list[Window], start: float, picture_width: float = np.inf
    ) -> None:
        """Start at a time, seconds, with the windows in which new people are sought; width in pixels."""
        self.tracker = PersonTracker(picture_width)
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
