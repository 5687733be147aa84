"""The landmark pass: one chosen person's 2D joints in every frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from ...progress import Progress, silent
from ..keypoints.keypoints import KEYPOINT_COUNT, Keypoints
from ..keypoints.layouts import BLAZEPOSE_33, indices
from ..video.footage import Footage, Frame, read_frames
from .blazepose.landmarks import LandmarkFinder, Landmarks
from .blazepose.regions import Region
from .find_people import PersonTrack

MINIMUM_PRESENCE: Final = 0.5
"""BlazePose's own figure: below it there is nobody in the region."""
TRUSTED_FOR: Final = 0.6
"""Seconds from the nearest sight up to which the detector's track says where the person is."""
LARGEST_DISTANCE: Final = 0.25
LARGEST_SIZE_RATIO: Final = 1.5
LARGEST_TURN: Final = np.radians(75)
"""Landmarks that disagree more than this with the detector's track (centres, as a part of the size; sizes; radians)
have gone astray or over to somebody else."""

USED, OURS = indices(BLAZEPOSE_33)


def track_keypoints(
    footage: Footage,
    track: PersonTrack,
    landmark_finder: LandmarkFinder,
    start: float | None = None,
    end: float | None = None,
    progress: Progress = silent,
    others: Sequence[PersonTrack] = (),
) -> Keypoints:
    """The person's 2D joints in every frame from `start` to `end`, seconds.

    Each frame is looked at where the frame before says, as BlazePose does, but never far from where the detector saw
    this person, so that nobody who passes takes over. Confidence is 0 in frames where the person is not seen.

    Raises:
        PoseNet3DError: no frame lies in the range.
    """
    span = footage.frames_between(start, end)
    count = span.stop - span.start
    points = np.zeros((count, KEYPOINT_COUNT, 2))
    confidence = np.zeros((count, KEYPOINT_COUNT))
    walker = _Walker(track, others, landmark_finder)
    for frame in read_frames(footage, start, end):
        row = frame.index - span.start
        seen = walker.look(frame)
        if seen is not None:
            points[row, OURS] = seen.points[USED]
            confidence[row, OURS] = seen.confidence[USED]
        progress("landmarks", (row + 1) / count)
    return Keypoints(footage.time[span], points, confidence, footage.image_size)


class _Walker:
    """Goes through the frames and remembers where to look next."""

    def __init__(self, track: PersonTrack, others: Sequence[PersonTrack], finder: LandmarkFinder) -> None:
        self._track = track
        self._others = others
        self._finder = finder
        self._next: Region | None = None

    def look(self, frame: Frame) -> Landmarks | None:
        """The person's landmarks in this frame, or None where they are not seen."""
        seen = self._look(frame)
        self._next = seen.next_region if seen is not None else None
        return seen

    def _look(self, frame: Frame) -> Landmarks | None:
        expected = self._track.region_at(frame.time) if _seen_around(self._track, frame.time) else None
        rivals = [other.region_at(frame.time) for other in self._others if _seen_around(other, frame.time)]
        followed = self._find(frame, self._next)
        if followed is not None and _nearer_to_rival(followed.next_region, expected, rivals):
            followed = None
        if expected is None or (followed is not None and _agree(followed.next_region, expected)):
            return followed
        sought = self._find(frame, expected)
        if sought is not None and _agree(sought.next_region, expected):
            return sought
        # The detector may be wrong for a moment: nobody is where it points, and the one we follow is still there.
        return followed

    def _find(self, frame: Frame, region: Region | None) -> Landmarks | None:
        if region is None:
            return None
        seen = self._finder.find(frame.image, region)
        return seen if seen.presence >= MINIMUM_PRESENCE else None


def _seen_around(track: PersonTrack, time: float) -> bool:
    return track.seconds_from_sight(time) <= TRUSTED_FOR


def _nearer_to_rival(region: Region, expected: Region | None, rivals: list[Region]) -> bool:
    own_distance = region.distance(expected) if expected is not None else LARGEST_DISTANCE
    return any(region.distance(rival) < min(own_distance, LARGEST_DISTANCE) for rival in rivals)


def _agree(region: Region, expected: Region) -> bool:
    return (
        region.distance(expected) <= LARGEST_DISTANCE
        and region.size_ratio(expected) <= LARGEST_SIZE_RATIO
        and region.turn(expected) <= LARGEST_TURN
    )
