"""Our own files of 2D joints, written and read back."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from posenet3d_blender.capture.keypoints.keypoints import KEYPOINT_COUNT, Keypoints
from posenet3d_blender.capture.keypoints.own_files import StoredKeypoints, save_keypoints
from posenet3d_blender.capture.keypoints.people.people_in_file import PeopleInFile, load_people
from posenet3d_blender.capture.video.footage import Footage
from posenet3d_blender.capture.video.sources.orientation import UPRIGHT
from posenet3d_blender.errors import PoseNet3DError

FRAMES = 6
FOOTAGE = Footage(Path("clip.mp4"), 640, 480, UPRIGHT, np.arange(FRAMES) / 30, Fraction(30))


def some_keypoints(image_size: tuple[int, int] = (640, 480)) -> Keypoints:
    random = np.random.default_rng(0)
    time = FOOTAGE.time[1:] - random.uniform(0, 0.005, 5)
    points, confidence = random.normal(300, 90, (5, KEYPOINT_COUNT, 2)), random.uniform(size=(5, KEYPOINT_COUNT))
    return Keypoints(time, points, confidence, image_size)


def stored_and_loaded(tmp_path: Path, stored: StoredKeypoints) -> PeopleInFile:
    save_keypoints(stored, tmp_path / "ours.json")
    return load_people(tmp_path / "ours.json", FOOTAGE, pytest.fail)


def test_own_file_loads_back_identically(tmp_path: Path) -> None:
    keypoints = some_keypoints()
    loaded = stored_and_loaded(tmp_path, StoredKeypoints(keypoints, 1234.5678901234567))
    assert loaded.focal_length == 1234.5678901234567
    (person,) = loaded.people
    np.testing.assert_array_equal(person.keypoints.time, keypoints.time)
    np.testing.assert_array_equal(person.keypoints.points, keypoints.points)
    np.testing.assert_array_equal(person.keypoints.confidence, keypoints.confidence)
    assert person.keypoints.image_size == keypoints.image_size
    assert len((tmp_path / "ours.json").read_text().splitlines()) < 60, "one line a frame, for mending by hand"


@pytest.mark.parametrize(
    ("changed", "warning"),
    [
        ({"time": FOOTAGE.time[1:] / 2}, "its times end at 0.08 s of the footage's 0.17 s; the motion ends there"),
        ({"time": FOOTAGE.time[1:] - 0.016}, "its times lie between the footage's frames"),
        ({"image_size": (320, 240)}, "many of its points lie outside the picture"),
    ],
)
def test_what_may_be_of_other_footage_is_warned_of(tmp_path: Path, changed: dict[str, Any], warning: str) -> None:
    save_keypoints(StoredKeypoints(replace(some_keypoints(), **changed)), tmp_path / "ours.json")
    warnings: list[str] = []
    load_people(tmp_path / "ours.json", FOOTAGE, warnings.append)
    assert warning in warnings[0]


def test_shares_of_the_picture_are_refused(tmp_path: Path) -> None:
    keypoints = some_keypoints()
    shares = replace(keypoints, points=keypoints.points / keypoints.image_size)
    with pytest.raises(PoseNet3DError, match="all its points lie within 4 pixels; give pixels of the picture"):
        stored_and_loaded(tmp_path, StoredKeypoints(shares))


def test_own_file_without_a_focal_length(tmp_path: Path) -> None:
    """As earlier versions wrote it, and as people may leave it."""
    loaded = stored_and_loaded(tmp_path, StoredKeypoints(some_keypoints()))
    assert "focal_length" not in json.loads((tmp_path / "ours.json").read_text())
    assert loaded.focal_length is None


def test_a_guessed_focal_length_is_told_from_a_stated_one(tmp_path: Path) -> None:
    loaded = stored_and_loaded(tmp_path, StoredKeypoints(some_keypoints(), 500.0, lens_is_guessed=True))
    assert loaded.focal_length is None
    content = json.loads((tmp_path / "ours.json").read_text())
    assert (content["focal_length"], content["focal_length_is_guessed"]) == (500, True)
    stored_and_loaded(tmp_path, StoredKeypoints(some_keypoints(), 500.0))
    assert "focal_length_is_guessed" not in json.loads((tmp_path / "ours.json").read_text())


def test_own_file_of_a_smaller_copy_of_the_video_is_scaled(tmp_path: Path) -> None:
    keypoints = some_keypoints()
    half = replace(keypoints, points=keypoints.points / 2, image_size=(320, 240))
    loaded = stored_and_loaded(tmp_path, StoredKeypoints(half, 350.0))
    assert loaded.focal_length == 700
    (person,) = loaded.people
    np.testing.assert_allclose(person.keypoints.points, keypoints.points)
    np.testing.assert_array_equal(person.keypoints.confidence, keypoints.confidence)
    assert person.keypoints.image_size == (640, 480)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 99}, "another version"),
        ({"image_size": [10, 10]}, "10x10 pixels, of another shape than the footage's 640x480"),
        ({"image_size": [480, 640]}, "480x640 pixels, of another shape"),
        ({"image_size": "64"}, "'image_size'"),
        ({"image_size": [float("nan"), 480]}, "'image_size'"),
        ({"image_size": [10**400, 480]}, "'image_size'"),
        ({"image_size": None}, "'image_size'"),
        ({"image_size": [0, 0]}, "'image_size'"),
        ({"focal_length": "long"}, "'focal_length'"),
        ({"focal_length_is_guessed": "yes"}, "'focal_length_is_guessed' must be true or false"),
        ({"focal_length": -700}, "'focal_length'"),
        ({"focal_length": 10**400}, "'focal_length'"),
        ({"frames": None}, "lacks its time or its points"),
        ({"frames": "none"}, "lacks its time or its points"),
        ({"frames": [{"time": [0.0], "points": [[1, 2, 0.5]] * 25}]}, "must hold 25 points"),
        ({"frames": [{"time": 10**400, "points": [[1, 2, 0.5]] * 25}]}, "lacks its time or its points"),
        ({"frames": [{"time": 0.0, "points": [[1, 1e300, 0.5]] * 25}]}, "huge number"),
        ({"frames": [{"time": 0.0, "points": [[1, 2, 95]] * 25}]}, "confidence below 0 or above 1"),
        ({"frames": [{"time": 0.0, "points": [[1, 2, -0.1]] * 25}]}, "confidence below 0 or above 1"),
        ({"frames": [{"time": 0.0}]}, "lacks its time or its points"),
        ({"frames": [{"time": 0.0, "points": [[1, 2, 3]]}]}, "must hold 25 points"),
        ({"frames": [{"time": 5.0, "points": [[1, 2, 0.5]] * 25}]}, "outside the footage"),
        ({"frames": [{"time": 0.1 + n * 1e-9, "points": [[1, 2, 0.5]] * 25} for n in range(9)]}, "lie closer than"),
        ({"frames": [{"time": 0.1, "points": [[1, 2, 0.5]] * 25}] * 2}, "don't rise"),
        ({"frames": [{"time": 0.0, "points": [[1, float("inf"), 0.5]] * 25}]}, "NaN, infinity"),
    ],
)
def test_own_file_damaged_by_hand(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = tmp_path / "ours.json"
    save_keypoints(StoredKeypoints(some_keypoints(), 700.0), path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(PoseNet3DError, match=message) as raised:
        load_people(path, FOOTAGE)
    assert "\n" not in str(raised.value)
