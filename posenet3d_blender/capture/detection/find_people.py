"""Find and track everyone with the person detector alone, before the expensive landmark pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ...arrays import Array
from ...errors import PoseNet3DError
from ...progress import Progress, silent
from ...threads import read_ahead
from ..keypoints.presence import LONGEST_ABSENCE
from ..video.cuts import COPY_SIZE, CutDetector
from ..video.footage import Footage, Frame, read_frames
from ..video.sources.orientation import Pixels
from .blazepose.detector import PersonDetector, Window
from .blazepose.regions import Region
from .choice import Shot, split_at_absences
from .person_search import PersonSearch, sweep_windows
from .person_tracker import Track

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
    parts_in_picture: Array
    """(K,) part of the body's length that lies in the picture, 0 to 1."""

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
    def body_seconds(self) -> float:
        """Seconds in view, weighted by the part of the body that is."""
        return self.duration * float(self.parts_in_picture.mean())

    @property
    def visible_span(self) -> tuple[float, float]:
        """Times of the first and the last detection, seconds."""
        return float(self.time[0]), float(self.time[-1])

    def seconds_from_detection(self, time: float) -> float:
        """Seconds between `time` and the nearest detection."""
        after = int(np.searchsorted(self.time, time))
        return float(np.abs(self.time[max(0, after - 1) : after + 1] - time).min())

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
                people = Shot(shot.frames, tuple(_person_track(track, footage.image_size) for track in long_tracks))
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
    first_time, last_time = float(footage.time[frames.start]), float(footage.time[frames.stop - 1])
    tracking = _Tracking(footage, frames, detector, sweep_windows(footage.image_size, tile_side))
    for frame, copy in read_ahead((frame, frame.small_copy(COPY_SIZE)) for frame in read_frames(footage, frames)):
        tracking.update(frame, copy)
        progress("people", (frame.time - first_time) / max(last_time - first_time, 1e-6))
    return tracking.finish()


class _Tracking:
    """Tracks everyone through frame after frame, and starts anew after each cut and each pause of the recording."""

    def __init__(self, footage: Footage, frames: slice, detector: PersonDetector, windows: list[Window]) -> None:
        self._footage = footage
        self._frames = frames
        self._detector = detector
        self._windows = windows
        self._cuts = CutDetector()
        self._shots: list[_TrackedShot] = []
        self._start = frames.start
        self._last_time = float(footage.time[frames.start])
        self._search = self._new_search(self._last_time)

    def update(self, frame: Frame, copy: Pixels) -> None:
        """Look at the next frame, and at its copy of COPY_SIZE."""
        squares = self._search.squares(self._last_time, max(self._footage.image_size))
        cut = self._cuts.update(frame.index, frame.time, copy, squares)
        is_last = frame.index == self._frames.stop - 1
        if frame.time - self._last_time > LONGEST_ABSENCE:
            self._end_shot(frame.index, self._new_search(frame.time))
        elif cut is not None and cut.frame > self._start:
            search = self._new_search(frame.time)
            search.update(frame, is_last)
            if cut.is_everywhere or search.tracker.active_tracks(frame.time):
                self._end_shot(cut.frame, search)
        self._search.update(frame, is_last)
        self._last_time = frame.time

    def finish(self) -> list[_TrackedShot]:
        """All shots, after the last frame."""
        cut = self._cuts.finish()
        if cut is not None and cut.frame > self._start:
            self._end_shot(cut.frame, self._new_search(self._last_time))
        return [*self._shots, _TrackedShot(slice(self._start, self._frames.stop), self._search.tracks_before(np.inf))]

    def _new_search(self, time: float) -> PersonSearch:
        return PersonSearch(self._detector, self._windows, time, self._footage.width)

    def _end_shot(self, stop: int, following: PersonSearch) -> None:
        """End the shot before the frame `stop`, and go on with another search."""
        tracks = self._search.tracks_before(float(self._footage.time[stop]))
        self._shots.append(_TrackedShot(slice(self._start, stop), tracks))
        self._start, self._search = stop, following


def _person_track(track: Track, image_size: tuple[int, int]) -> PersonTrack:
    return PersonTrack(
        np.array([one.time for one in track.detections]),
        tuple(one.region for one in track.detections),
        np.array([one.detection.score for one in track.detections]),
        np.array([one.region.part_in_picture(image_size) for one in track.detections]),
    )
