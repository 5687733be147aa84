"""People in real footage are found and chosen, and nobody takes over another's track."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from posenet3d_blender.arrays import Array
from posenet3d_blender.capture.detection.blazepose.assets import open_landmark_finder, open_person_detector
from posenet3d_blender.capture.detection.blazepose.detector import PersonDetector
from posenet3d_blender.capture.detection.blazepose.landmarks import LandmarkFinder
from posenet3d_blender.capture.detection.blazepose.regions import Region
from posenet3d_blender.capture.detection.choice import choose
from posenet3d_blender.capture.detection.find_people import PersonTrack, find_people
from posenet3d_blender.capture.detection.landmark_pass import track_keypoints
from posenet3d_blender.capture.detection.person_search import sweep_windows
from posenet3d_blender.capture.keypoints.keypoints import KEYPOINT_INDEX, Keypoints
from posenet3d_blender.capture.video.footage import open_footage
from posenet3d_blender.errors import PoseNet3DError

from ..conftest import WriteVideo, quarters

CLIP = Path("clip.mp4")


@pytest.fixture(scope="module")
def detector() -> PersonDetector:
    return open_person_detector("cpu")


@pytest.fixture(scope="module")
def finder() -> LandmarkFinder:
    return open_landmark_finder("full", "cpu")


def track(x: float, size: float, first: float, last: float) -> PersonTrack:
    time = np.arange(first, last, 0.1)
    return PersonTrack(time, tuple(Region(x, 100, size, 0) for _ in time), np.ones(len(time)), np.ones(len(time)))


def hips(keypoints: Keypoints) -> Array:
    middle: Array = keypoints.points[:, [KEYPOINT_INDEX["left_hip"], KEYPOINT_INDEX["right_hip"]]].mean(axis=1)
    return middle


def test_choosing() -> None:
    right_large, left_small, passer = track(500, 400, 0, 4), track(100, 100, 0, 5), track(300, 600, 1, 2)
    tracks = [right_large, left_small, passer]
    assert choose(tracks, "largest", CLIP) == [right_large]
    assert choose(tracks, "longest", CLIP) == [left_small]
    assert choose(tracks, "all", CLIP) == [left_small, passer, right_large]
    assert [choose(tracks, number, CLIP)[0] for number in "123"] == [left_small, passer, right_large]


@pytest.mark.parametrize(
    ("person", "message"),
    [
        ("4", r"clip.mp4: there is no person 4; 1 found, counted from the left"),
        ("0", "person '0' is not known"),
        ("nearest", "person 'nearest' is not known"),
        ("-1", "person '-1' is not known"),
    ],
)
def test_choosing_nobody(person: str, message: str) -> None:
    with pytest.raises(PoseNet3DError, match=message):
        choose([track(0, 100, 0, 1)], person, CLIP)


def test_nobody_in_view(write_video: WriteVideo, detector: PersonDetector) -> None:
    footage = open_footage(write_video("empty.mp4", [quarters(320, 180)] * 10))
    with pytest.raises(PoseNet3DError, match=r"empty.mp4: no person found"):
        find_people(footage, footage.frames_between(), detector)


@pytest.mark.parametrize("size", [(1920, 1080), (720, 1280), (640, 640), (4000, 500)])
def test_sweep_covers_the_picture(size: tuple[int, int]) -> None:
    windows = sweep_windows(size, min(size))
    covered = np.zeros((size[1] // 10, size[0] // 10), bool)
    for window in windows[1:] or windows:
        left, top, side = (round(value / 10) for value in (window.left, window.top, window.side))
        covered[max(top, 0) : top + side, max(left, 0) : left + side] = True
    assert covered.all()
    assert len(windows) == {1920: 4, 720: 4, 640: 1, 4000: 16}[size[0]]


def test_walk_is_covered_from_the_first_frame_to_the_last(
    shared_folder: Path, detector: PersonDetector, finder: LandmarkFinder
) -> None:
    footage = open_footage(shared_folder / "video" / "opencap_walk.mp4")
    (shot,) = find_people(footage, footage.frames_between(), detector)
    people = shot.people
    assert len(people) == 1
    (keypoints,) = track_keypoints(footage, footage.frames_between(), people, finder)
    assert (keypoints.confidence.max(axis=1) > 0.5).all()
    np.testing.assert_array_equal(keypoints.time, footage.time)
    steps = np.linalg.norm(np.diff(hips(keypoints), axis=0), axis=1)
    assert steps.max() < 15, "pixels a frame: she walks"


def test_two_people_are_kept_apart(shared_folder: Path, detector: PersonDetector, finder: LandmarkFinder) -> None:
    footage = open_footage(shared_folder / "video" / "p2s_multi_cam02.mp4")
    frames = footage.frames_between(end=0.6)
    (shot,) = find_people(footage, frames, detector)
    people = shot.people
    assert len(people) == 2
    chosen = [choose(people, number, CLIP)[0] for number in ("1", "2")]
    left, right = track_keypoints(footage, frames, chosen, finder)
    assert (left.confidence.max(axis=1) > 0.5).mean() > 0.95
    assert (right.confidence.max(axis=1) > 0.5).mean() > 0.95
    assert (hips(right)[:, 0] - hips(left)[:, 0]).min() > 150


def test_a_passer_by_does_not_take_over(shared_folder: Path, detector: PersonDetector, finder: LandmarkFinder) -> None:
    footage = open_footage(shared_folder / "video" / "sports2d_demo.mp4")
    frames = footage.frames_between(3.0, 4.6)  # she walks past below him while he is on the roof
    (shot,) = find_people(footage, frames, detector)
    people = shot.people
    man = min(people, key=lambda one: one.regions[0].y)
    others = [one for one in people if one is not man]
    (keypoints,) = track_keypoints(footage, frames, [man], finder, others=others)
    visible = keypoints.confidence.max(axis=1) > 0
    assert visible.mean() > 0.8
    assert hips(keypoints)[visible, 1].max() < 450
