"""Shots are searched in stretches: side by side or one after the other, with the result of one search."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from posenet3d_blender.capture.detection import stretches
from posenet3d_blender.capture.detection.blazepose.landmarks import LandmarkFinder, Landmarks
from posenet3d_blender.capture.detection.blazepose.regions import Region
from posenet3d_blender.capture.detection.find_people import PersonTrack
from posenet3d_blender.capture.detection.landmark_pass import Observe, track_keypoints
from posenet3d_blender.capture.detection.stretches import divide
from posenet3d_blender.capture.keypoints.keypoints import Keypoints
from posenet3d_blender.capture.video.footage import Footage, Frame
from posenet3d_blender.capture.video.sources.orientation import UPRIGHT

from .test_fast_motion import SIDE, MovingPerson, NumberedPictures

REGION = Region(SIDE / 2, SIDE / 2, 300, 0)


def footage_of(count: int, rate: float) -> Footage:
    source = NumberedPictures(count)
    time = np.arange(count) / rate
    return Footage(Path("clip.mp4"), SIDE, SIDE, UPRIGHT, time, Fraction(round(rate)), source=source)


def track_with(detections: NDArray[np.float64]) -> PersonTrack:
    count = len(detections)
    return PersonTrack(detections, (REGION,) * count, np.ones(count), np.ones(count))


def everywhere(footage: Footage) -> PersonTrack:
    return track_with(np.arange(footage.time[0], footage.time[-1] + 0.05, 0.1))


def search(count: int, rate: float, person: MovingPerson, streams: int) -> Keypoints:
    footage = footage_of(count, rate)
    (keypoints,) = track_keypoints(
        footage, slice(0, count), [everywhere(footage)], cast(LandmarkFinder, person), streams=streams
    )
    return keypoints


def swaying(rate: float) -> MovingPerson:
    return MovingPerson(rate, lambda time: 60 * float(np.sin(5 * time)))


@pytest.mark.parametrize("rate", [30, 60])
def test_stretches_give_what_one_search_gives(rate: int, monkeypatch: pytest.MonkeyPatch) -> None:
    divided = [search(240, rate, swaying(rate), streams) for streams in (1, 2)]
    monkeypatch.setattr(stretches, "SHORTEST_SHOT", 100.0)
    whole = search(240, rate, swaying(rate), 1)
    for found in divided:
        np.testing.assert_array_equal(found.points, whole.points)
        np.testing.assert_array_equal(found.confidence, whole.confidence)


@pytest.mark.parametrize("cores", ["1", "8"])
def test_a_shot_is_divided_alike_on_every_machine(cores: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSENET3D_THREADS", cores)
    footage = footage_of(600, 30)
    parts = divide(footage, slice(100, 600), [everywhere(footage)])
    assert len(parts) == 6
    assert [part.frames.start for part in parts[1:]] == [part.frames.stop for part in parts[:-1]]
    assert (parts[0].frames.start, parts[-1].frames.stop) == (100, 600)
    assert (parts[0].read.start, parts[-1].read.stop) == (100, 600)
    assert all(part.read.start < part.frames.start for part in parts[1:])


def test_stretches_begin_where_everyone_is_surely_seen() -> None:
    footage = footage_of(240, 30)
    (_, half) = divide(footage, slice(0, 240), [everywhere(footage)])
    assert half.frames.start == 120
    hidden = track_with(np.concatenate([np.arange(0, 3, 0.1), np.arange(4.5, 8, 0.1)]))
    (_, later) = divide(footage, slice(0, 240), [everywhere(footage), hidden])
    assert 4.3 < footage.time[later.read.start] < 4.6
    rarely = track_with(np.array([0.0, 2.0, 7.99]))
    assert len(divide(footage, slice(0, 240), [rarely])) == 1
    assert len(divide(footage, slice(0, 40), [everywhere(footage)])) == 1, "short shots stay whole"


def test_each_stretch_has_its_own_listener() -> None:
    footage = footage_of(240, 30)
    heard: dict[int, list[int]] = {}

    def observer(frames: slice) -> Observe:
        def observe(frame: Frame, landmarks: Landmarks) -> None:
            heard.setdefault(frames.start, []).append(frame.index)

        return observe

    track_keypoints(
        footage,
        slice(0, 240),
        [everywhere(footage)],
        cast(LandmarkFinder, swaying(30)),
        observers=[observer],
        streams=2,
    )
    assert heard[0] == list(range(120))
    assert heard[120] == list(range(116, 240))
