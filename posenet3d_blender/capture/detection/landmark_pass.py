"""The landmark pass: the chosen people's 2D joints in every frame."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final, TypeAlias

import numpy as np

from ...progress import Progress, silent
from ...threads import side_by_side
from ..keypoints.keypoints import Keypoints
from ..keypoints.layouts import BLAZEPOSE_33, PointLayout, Pose
from ..video.footage import Footage, Frame, read_frames
from ..video.grey_copies import GreyCopies
from .blazepose.landmarks import LandmarkFinder, Landmarks
from .blazepose.regions import Region
from .fast_motion import FoundFrame, frame_stride, interpolate, is_fast
from .find_people import PersonTrack
from .stretches import Stretch, divide

MINIMUM_PRESENCE: Final = 0.5
"""BlazePose's own figure: below it there is nobody in the region."""
UNDETECTED_PRESENCE: Final = 0.95
"""Presence below which there is nobody, where the detector sees nobody. Of people, also blurred ones, the network is
surer than that; in regions without anybody it was up to 0.91 sure of a clock, of coffee cups and of a motorcycle."""
TRUSTED_INTERVAL: Final = 0.6
"""Seconds from the nearest detection up to which the detector's track is trusted."""
LARGEST_DISTANCE: Final = 0.25
LARGEST_SIZE_RATIO: Final = 1.5
LARGEST_TURN: Final = np.radians(75)
"""Landmarks that disagree more than this with the detector's track (centres, as a part of the size; sizes; radians)
have gone astray or over to another person."""
WHOLE: Final = 0.95
"""Part of the body's length in the picture from which somebody is whole in view. The detector squeezes whom the
picture's edge cuts off into the picture, and so do the landmarks in its region, by up to half of the trunk."""
SETTLED: Final = 1.04
"""Growth of the region from one search to the next below which it is the person's ..."""
MOST_SEARCHES: Final = 5
"""... and how often the person is searched in a frame for that."""
LARGEST_CUT_OFF_RATIO: Final = 5.0
"""Size of the region of somebody who is cut off, over the one that the detector gives, up to which it is believed."""

Observe: TypeAlias = Callable[[Frame, Landmarks], None]
"""Told of frames that are searched, and of the person's landmarks there, in the order of time."""
Observer: TypeAlias = Callable[[slice], Observe]
"""Gives a listener for each stretch of a shot, by the frames whose results count; others are told of before them."""


def track_keypoints(
    footage: Footage,
    frames: slice,
    tracks: Sequence[PersonTrack],
    landmark_finder: LandmarkFinder,
    progress: Progress = silent,
    others: Sequence[PersonTrack] = (),
    copies: GreyCopies | None = None,
    observers: Sequence[Observer] = (),
    streams: int = 1,
) -> list[Keypoints]:
    """Each person's 2D joints in every one of some frames, which are read once for all of them.

    Each frame is searched at the region that the frame before gives, as BlazePose does, but never far from the
    detector's track of this person, so that a passer-by can not take over. At 50 frames per second and more only every
    second frame or fewer are searched, 25 a second at least; those between are interpolated, or searched too where the
    motion is fast. Long shots are searched in stretches. Confidence is 0 in frames where the person is not visible.

    Args:
        footage: the video.
        frames: from `Footage.frames_between`.
        tracks: the people.
        landmark_finder: the landmark network.
        progress: told of the stage "landmarks".
        others: everyone else in these frames.
        copies: keeps copies of the frames.
        observers: of each person, or none; told of frames that show them, not of those searched again for fast motion.
        streams: stretches at a time; 1 on a GPU.
    """
    stretches, stride = divide(footage, frames, tracks), frame_stride(footage.time[frames])
    poses: list[dict[int, Pose]] = [{} for _ in tracks]

    def search(stretch: Stretch) -> Iterator[None]:
        searches = []
        for track, observer in zip_longest(tracks, observers):
            rivals = [other for other in (*tracks, *others) if other is not track]
            tracker = _LandmarkTracker(track, rivals, landmark_finder)
            observe = observer(stretch.frames) if observer else None
            searches.append(_StridingSearch(tracker, stride, observe))
        read = read_frames(footage, stretch.read)
        for frame in copies.keep(footage, frames, read) if copies else read:
            is_last = frame.index == stretch.read.stop - 1
            for one, found in zip(searches, poses, strict=True):
                found.update(_within(stretch.frames, one.update(frame, is_last)))
            yield
        for one, found in zip(searches, poses, strict=True):
            found.update(_within(stretch.frames, one.finish()))

    steps = sum(stretch.read.stop - stretch.read.start for stretch in stretches)
    side_by_side(
        [search(stretch) for stretch in stretches], steps, streams, lambda fraction: progress("landmarks", fraction)
    )
    layout, time = PointLayout.in_pixels(BLAZEPOSE_33, footage.image_size), footage.time[frames]
    return [layout.keypoints(time, [found.get(index) for index in range(frames.start, frames.stop)]) for found in poses]


def _within(frames: slice, found: Iterable[tuple[int, Pose]]) -> list[tuple[int, Pose]]:
    """The poses of these frames; each frame belongs to one stretch alone."""
    return [(index, pose) for index, pose in found if frames.start <= index < frames.stop]


@dataclass(frozen=True)
class _Gap:
    """Frames between two that were searched."""

    earlier: FoundFrame | None
    """Searched before the gap's beginning."""
    before: FoundFrame
    after: FoundFrame
    between: list[Frame]


class _StridingSearch:
    """Searches every so many frames, and those between where they can't be interpolated."""

    def __init__(self, tracker: _LandmarkTracker, stride: int, observe: Observe | None) -> None:
        self._tracker = tracker
        self._stride = stride
        self._observe = observe
        self._earlier: FoundFrame | None = None
        self._before: FoundFrame | None = None
        self._between: list[Frame] = []
        self._open: _Gap | None = None
        """The gap before `_before`, which waits for the motion after it."""

    def update(self, frame: Frame, is_last: bool) -> Iterator[tuple[int, Pose]]:
        """Take the next frame; yields the frames whose poses are known by now, by index, not in their order."""
        if self._before is not None and not is_last and len(self._between) < self._stride - 1:
            self._between.append(frame)
            return
        found = FoundFrame(frame.time, self._tracker.update(frame))
        if found.landmarks is not None:
            if self._observe is not None:
                self._observe(frame, found.landmarks)
            yield frame.index, _pose(found.landmarks)
        yield from self._close(found)
        if self._before is not None and self._between:
            self._open = _Gap(self._earlier, self._before, found, self._between)
        self._earlier, self._before, self._between = self._before, found, []

    def finish(self) -> Iterator[tuple[int, Pose]]:
        """The poses that are still open after the last frame."""
        if self._between:  # the last frame could not be read
            yield from self.update(self._between.pop(), is_last=True)
        yield from self._close(None)

    def _close(self, later: FoundFrame | None) -> Iterator[tuple[int, Pose]]:
        """The frames of the open gap."""
        gap, self._open = self._open, None
        if gap is None or (gap.before.landmarks is None and gap.after.landmarks is None):
            return
        fast = is_fast(gap.earlier, gap.before, gap.after, later)
        for frame in gap.between:
            landmarks = self._tracker.find_between(frame, gap.before, gap.after) if fast else None
            pose = _pose(landmarks) if landmarks else interpolate(gap.before, gap.after, frame.time)
            if pose is not None:
                yield frame.index, pose


class _LandmarkTracker:
    """Follows one person from frame to frame by the region that their last landmarks span."""

    def __init__(self, track: PersonTrack, others: Sequence[PersonTrack], finder: LandmarkFinder) -> None:
        self._track = track
        self._others = others
        self._finder = finder
        self._next_region: Region | None = None

    def update(self, frame: Frame) -> Landmarks | None:
        """The person's landmarks in this frame, or None where they are not visible."""
        landmarks = self._find_person(frame)
        self._next_region = landmarks.next_region if landmarks is not None else None
        return landmarks

    def find_between(self, frame: Frame, before: FoundFrame, after: FoundFrame) -> Landmarks | None:
        """The person's landmarks in a frame between two others, in at least one of which they were found."""
        regions = [found.landmarks.next_region for found in (before, after) if found.landmarks is not None]
        part = (frame.time - before.time) / (after.time - before.time)
        landmarks = self._find(frame, regions[0].towards(regions[-1], part))
        least = MINIMUM_PRESENCE if _is_trusted(self._track, frame.time) else UNDETECTED_PRESENCE
        return landmarks if landmarks is not None and landmarks.presence >= least else None

    def _find_person(self, frame: Frame) -> Landmarks | None:
        expected = self._track.region_at(frame.time) if _is_trusted(self._track, frame.time) else None
        rivals = [other.region_at(frame.time) for other in self._others if _is_trusted(other, frame.time)]
        continued = self._find(frame, self._next_region)
        if continued is not None and _nearer_to_rival(continued.next_region, expected, rivals):
            continued = None
        if expected is None:
            return continued if continued is not None and continued.presence >= UNDETECTED_PRESENCE else None
        image_size = (frame.image.shape[1], frame.image.shape[0])
        if continued is not None and _agree(continued.next_region, expected, image_size):
            return continued
        is_whole = expected.part_in_picture(image_size) >= WHOLE
        redetected = self._find(frame, expected) if is_whole else self._find_cut_off(frame, expected)
        if redetected is not None and _agree(redetected.next_region, expected, image_size):
            return redetected
        # The detector may be wrong for a moment: nobody is where it points, and the one we follow is still in place.
        return continued

    def _find_cut_off(self, frame: Frame, expected: Region) -> Landmarks | None:
        """The landmarks of somebody whom the picture's edge cuts off, in a region that grows to the person's own."""
        found = self._find(frame, expected)
        region = expected
        for _ in range(MOST_SEARCHES):
            if found is None:
                break
            growth = found.next_region.size / region.size
            if growth < SETTLED:
                break
            region = found.next_region.grown_from_top(growth**2)  # as far as some searches more would bring it
            found = self._find(frame, region) or found
        return found

    def _find(self, frame: Frame, region: Region | None) -> Landmarks | None:
        if region is None:
            return None
        landmarks = self._finder.find(frame.image, region)
        return landmarks if landmarks.presence >= MINIMUM_PRESENCE else None


def _pose(landmarks: Landmarks) -> Pose:
    return np.column_stack([landmarks.points, landmarks.confidence])


def _is_trusted(track: PersonTrack, time: float) -> bool:
    return track.seconds_from_detection(time) <= TRUSTED_INTERVAL


def _nearer_to_rival(region: Region, expected: Region | None, rivals: list[Region]) -> bool:
    own_distance = region.distance(expected) if expected is not None else LARGEST_DISTANCE
    return any(region.distance(rival) < min(own_distance, LARGEST_DISTANCE) for rival in rivals)


def _agree(region: Region, expected: Region, image_size: tuple[int, int]) -> bool:
    """Compare landmarks' region with the detector's; of somebody who is not whole in view their tops are compared."""
    if region.turn(expected) > LARGEST_TURN:
        return False
    if min(one.part_in_picture(image_size) for one in (region, expected)) >= WHOLE:
        return region.distance(expected) <= LARGEST_DISTANCE and region.size_ratio(expected) <= LARGEST_SIZE_RATIO
    distance = float(np.linalg.norm(region.top - expected.top)) / ((region.size + expected.size) / 2)
    return distance <= LARGEST_DISTANCE and region.size_ratio(expected) <= LARGEST_CUT_OFF_RATIO
