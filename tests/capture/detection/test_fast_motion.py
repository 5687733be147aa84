"""Frames between those in which landmarks are sought: which of them are searched, and what is put into the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from posenet3d_blender.arrays import Array
from posenet3d_blender.capture.detection.blazepose.landmarks import LANDMARK_COUNT, LandmarkFinder, Landmarks
from posenet3d_blender.capture.detection.blazepose.regions import Region
from posenet3d_blender.capture.detection.fast_motion import frame_stride
from posenet3d_blender.capture.detection.find_people import PersonTrack
from posenet3d_blender.capture.detection.landmark_pass import track_keypoints
from posenet3d_blender.capture.keypoints.keypoints import Keypoints
from posenet3d_blender.capture.video.footage import Footage
from posenet3d_blender.capture.video.sources.orientation import UPRIGHT
from posenet3d_blender.capture.video.sources.pictures import StoredPicture, scale_down

SIDE = 400
Path2D = Callable[[float], float]
"""Place of the person's left wrist, pixels to the right of the middle, by seconds."""


class NumberedPictures:
    """Pictures whose pixels are their number; some can't be read."""

    can_seek = True

    def __init__(self, count: int, unreadable: frozenset[int] = frozenset()) -> None:
        self._indices = [index for index in range(count) if index not in unreadable]

    def pictures(self, first: int) -> Iterator[StoredPicture]:
        for index in self._indices:
            if index >= first:
                pixels = np.full((SIDE, SIDE, 3), index, np.uint8)
                yield StoredPicture(index, partial(np.copy, pixels), partial(scale_down, pixels))

    def check_present(self) -> None:
        """All is there."""


class MovingPerson:
    """A stand-in for the landmark network: everybody's points but the left wrist stay in place."""

    def __init__(self, rate: float, wrist: Path2D, hidden: frozenset[int] = frozenset()) -> None:
        self.searched: list[int] = []
        self._rate = rate
        self._wrist = wrist
        self._hidden = hidden

    def find(self, image: NDArray[np.uint8], region: Region) -> Landmarks:
        index = int(image[0, 0, 0])
        self.searched.append(index)
        points = np.tile([SIDE / 2, SIDE / 2], (LANDMARK_COUNT, 1)) + np.arange(LANDMARK_COUNT)[:, None]
        points[15, 0] += self._wrist(index / self._rate)
        presence = 0.0 if index in self._hidden else 1.0
        return Landmarks(points, np.ones(LANDMARK_COUNT), presence, Region(SIDE / 2, SIDE / 2, 300, 0))


def capture(count: int, rate: float, person: MovingPerson, unreadable: frozenset[int] = frozenset()) -> Keypoints:
    time = np.arange(count) / rate
    footage = Footage(
        Path("clip.mp4"), SIDE, SIDE, UPRIGHT, time, Fraction(60), source=NumberedPictures(count, unreadable)
    )
    region = Region(SIDE / 2, SIDE / 2, 300, 0)
    track = PersonTrack(time[[0, -1]], (region, region), np.ones(2), np.ones(2))
    # The track is trusted for 0.6 s around its two detections, which is enough here.
    (keypoints,) = track_keypoints(footage, slice(0, count), [track], cast(LandmarkFinder, person))
    return keypoints


def wrist_of(keypoints: Keypoints) -> Array:
    from posenet3d_blender.body.keypoints import KEYPOINT_INDEX

    wrist: Array = keypoints.points[:, KEYPOINT_INDEX["left_wrist"], 0]
    return wrist


@pytest.mark.parametrize(
    ("rate", "stride"), [(24, 1), (25, 1), (30, 1), (48, 1), (50, 2), (59.94, 2), (60, 2), (120, 4), (240, 9)]
)
def test_at_least_25_frames_of_each_second_are_searched(rate: float, stride: int) -> None:
    assert frame_stride(np.arange(100) / rate) == stride


def test_frames_between_steady_motion_are_interpolated() -> None:
    person = MovingPerson(60, lambda time: 90 * time)
    found = capture(41, 60, person)
    every = capture(41, 60, MovingPerson(60, lambda time: 90 * time))
    assert person.searched == list(range(0, 41, 2))
    np.testing.assert_allclose(wrist_of(found), wrist_of(every))
    np.testing.assert_allclose(wrist_of(found) - wrist_of(found)[0], 90 * np.arange(41) / 60, atol=1e-9)


def test_frames_between_fast_motion_are_searched() -> None:
    def punch(time: float) -> float:
        return 60 * float(np.tanh(40 * (time - 0.3)))

    person = MovingPerson(60, punch)
    found = capture(41, 60, person)
    truth = np.array([punch(index / 60) for index in range(41)])
    error = np.abs(wrist_of(found) - wrist_of(found)[0] - truth + truth[0])
    between = sorted(index for index in person.searched if index % 2)
    assert 17 in between
    assert 19 in between
    assert len(between) < 10
    assert error.max() < 0.01 * 300


def test_every_frame_of_slower_footage_is_searched() -> None:
    person = MovingPerson(30, lambda time: 0.0)
    capture(20, 30, person)
    assert person.searched == list(range(20))


def test_where_the_person_appears_and_leaves_the_frames_between_are_searched() -> None:
    hidden = frozenset({*range(0, 10), *range(29, 41)})
    person = MovingPerson(60, lambda time: 0.0, hidden)
    keypoints = capture(41, 60, person)
    visible = np.flatnonzero(keypoints.confidence.max(axis=1) > 0)
    np.testing.assert_array_equal(visible, range(10, 29))


def test_frames_that_can_not_be_read_stay_empty_and_the_last_one_is_searched() -> None:
    person = MovingPerson(60, lambda time: 0.0)
    keypoints = capture(41, 60, person, unreadable=frozenset({11, 12, 40}))
    visible = set(np.flatnonzero(keypoints.confidence.max(axis=1) > 0).tolist())
    assert visible == set(range(41)) - {11, 12, 40}
    assert 39 in person.searched


def test_several_people_are_found_in_one_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    time = np.arange(9) / 30
    footage = Footage(Path("clip.mp4"), SIDE, SIDE, UPRIGHT, time, Fraction(30), source=NumberedPictures(9))
    readings: list[int] = []
    original = NumberedPictures.pictures

    def pictures(source: NumberedPictures, first: int) -> Iterator[StoredPicture]:
        readings.append(first)
        return original(source, first)

    monkeypatch.setattr(NumberedPictures, "pictures", pictures)
    regions = [Region(SIDE / 2, SIDE / 2, 300, 0), Region(SIDE / 2, SIDE / 2, 290, 0)]
    tracks = [PersonTrack(time[[0, -1]], (region, region), np.ones(2), np.ones(2)) for region in regions]
    person = MovingPerson(30, lambda seconds: 10 * seconds)
    first, second = track_keypoints(footage, slice(0, 9), tracks, cast(LandmarkFinder, person))
    assert readings == [0]
    np.testing.assert_array_equal(first.points, second.points)
    assert person.searched == sorted(2 * list(range(9)))
