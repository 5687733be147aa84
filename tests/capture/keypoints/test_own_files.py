"""2D joints from and to files."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from posenet3d_blender.capture.keypoints.keypoints import KEYPOINT_COUNT, KEYPOINT_INDEX, Keypoints
from posenet3d_blender.capture.keypoints.layouts import BLAZEPOSE_33, BODY_25, COCO_17
from posenet3d_blender.capture.keypoints.own_files import StoredKeypoints, load_keypoints, save_keypoints
from posenet3d_blender.capture.video.footage import Footage
from posenet3d_blender.capture.video.sources.orientation import UPRIGHT
from posenet3d_blender.errors import PoseNet3DError

FRAMES = 6
FOOTAGE = Footage(Path("clip.mp4"), 640, 480, UPRIGHT, np.arange(FRAMES) / 30, Fraction(30))
LAYOUTS = {"coco": COCO_17, "blazepose": BLAZEPOSE_33, "body_25": BODY_25}


def place(name: str, frame: int) -> list[float]:
    """x, y and score of a point: each has its own place."""
    return [100.0 + KEYPOINT_INDEX[name] * 5 + frame, 200.0 + KEYPOINT_INDEX[name], 0.5 + frame / 20]


def pose(layout: tuple[str | None, ...], frame: int, shift: float = 0) -> list[float]:
    """x, y, score of each point in a flat list."""
    values: list[float] = []
    for name in layout:
        x, y, score = place(name, frame) if name else [1.0, 2.0, 0.1]
        values += [x + shift, y, score]
    return values


def write(tmp_path: Path, data: Any) -> Path:
    path = tmp_path / "poses.json"
    path.write_text(json.dumps(data))
    return path


def load(tmp_path: Path, data: Any) -> Keypoints:
    return load_keypoints(write(tmp_path, data), FOOTAGE).keypoints


def assert_all_in_place(keypoints: Keypoints, layout: tuple[str | None, ...]) -> None:
    for name, index in KEYPOINT_INDEX.items():
        for frame in range(FRAMES):
            if name in layout:
                assert keypoints.points[frame, index].tolist() == place(name, frame)[:2]
                assert keypoints.confidence[frame, index] == place(name, frame)[2]
            else:
                assert keypoints.confidence[frame, index] == 0


def test_own_file_loads_back_identically(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    time = np.sort(random.uniform(0, FOOTAGE.time[-1], 5))
    keypoints = Keypoints(
        time, random.normal(300, 90, (5, KEYPOINT_COUNT, 2)), random.uniform(size=(5, KEYPOINT_COUNT)), (640, 480)
    )
    save_keypoints(StoredKeypoints(keypoints, 1234.5678901234567), tmp_path / "ours.json")
    stored = load_keypoints(tmp_path / "ours.json", FOOTAGE)
    assert stored.focal_length == 1234.5678901234567
    loaded = stored.keypoints
    np.testing.assert_array_equal(loaded.time, keypoints.time)
    np.testing.assert_array_equal(loaded.points, keypoints.points)
    np.testing.assert_array_equal(loaded.confidence, keypoints.confidence)
    assert loaded.image_size == keypoints.image_size
    assert len((tmp_path / "ours.json").read_text().splitlines()) < 60, "one line a frame, for mending by hand"


def test_own_file_without_a_focal_length(tmp_path: Path) -> None:
    """As earlier versions wrote it, and as people may leave it."""
    keypoints = Keypoints(FOOTAGE.time, np.ones((FRAMES, 25, 2)), np.ones((FRAMES, 25)), (640, 480))
    save_keypoints(StoredKeypoints(keypoints), tmp_path / "ours.json")
    assert "focal_length" not in json.loads((tmp_path / "ours.json").read_text())
    assert load_keypoints(tmp_path / "ours.json", FOOTAGE).focal_length is None


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_coco_results(tmp_path: Path, layout: tuple[str | None, ...]) -> None:
    data = [{"image_id": frame, "score": 1, "keypoints": pose(layout, frame)} for frame in reversed(range(FRAMES))]
    assert_all_in_place(load(tmp_path, data), layout)
    assert_all_in_place(load(tmp_path, {"annotations": data}), layout)


def test_coco_results_named_by_files_and_without_ids(tmp_path: Path) -> None:
    named = [{"image_id": f"{frame + 1:06}.jpg", "keypoints": pose(COCO_17, frame)} for frame in range(FRAMES)]
    assert_all_in_place(load(tmp_path, named), COCO_17)
    plain = [{"keypoints": pose(COCO_17, frame)} for frame in range(FRAMES)]
    assert_all_in_place(load(tmp_path, plain), COCO_17)


def test_frames_without_anybody(tmp_path: Path) -> None:
    data = [{"image_id": frame, "keypoints": pose(COCO_17, frame)} for frame in (0, 2, 5)]
    visible = load(tmp_path, data).confidence.max(axis=1) > 0
    assert visible.tolist() == [True, False, True, False, False, True]


def openpose(frame: int, people: int = 1) -> dict[str, Any]:
    return {"people": [{"pose_keypoints_2d": pose(BODY_25, frame, 250.0 * one)} for one in range(people)]}


def test_openpose_list_and_folder(tmp_path: Path) -> None:
    data = [openpose(frame) for frame in range(FRAMES)]
    assert_all_in_place(load(tmp_path, data), BODY_25)
    folder = tmp_path / "openpose"
    folder.mkdir()
    for frame, content in enumerate(data):
        # Numbers that don't sort as text.
        (folder / f"clip_{frame + 7}_keypoints.json").write_text(json.dumps(content))
    assert_all_in_place(load_keypoints(folder, FOOTAGE).keypoints, BODY_25)


def test_one_of_several_people_is_followed(tmp_path: Path) -> None:
    data = [openpose(frame, people=2) for frame in range(FRAMES)]
    for frame in (2, 3):
        data[frame]["people"].reverse()
    assert_all_in_place(load(tmp_path, data), BODY_25)


def tracked(frame: int, track_id: int, shift: float = 0, size: float = 1) -> dict[str, Any]:
    points = np.array(pose(COCO_17, frame)).reshape(-1, 3)
    points[:, 0] = points[0, 0] + shift + size * (points[:, 0] - points[0, 0])
    return {"image_id": frame, "track_id": track_id, "keypoints": points.ravel().tolist()}


def test_a_track_id_says_more_than_nearness(tmp_path: Path) -> None:
    """Somebody new stands where the one who is followed was, who crosses the picture at once."""
    data = [tracked(frame, 9, size=0.5) for frame in range(3, FRAMES)]
    data += [tracked(frame, 4, shift=0 if frame < 3 else 300) for frame in range(FRAMES)]
    crossed = load(tmp_path, data).points[:, 0, 0] - [place("nose", frame)[0] for frame in range(FRAMES)]
    assert crossed.tolist() == [0, 0, 0, 300, 300, 300]


def test_who_stood_beside_is_not_taken_for_the_one_who_left(tmp_path: Path) -> None:
    data = [tracked(frame, 9, size=0.5) for frame in range(FRAMES)] + [tracked(frame, 4) for frame in range(3)]
    visible = load(tmp_path, data).confidence.max(axis=1) > 0
    assert visible.tolist() == [True, True, True, False, False, False]


def test_a_new_track_id_is_the_same_person_found_again(tmp_path: Path) -> None:
    assert_all_in_place(load(tmp_path, [tracked(frame, 4 if frame < 3 else 5) for frame in range(FRAMES)]), COCO_17)


def test_image_ids_with_a_decimal_point(tmp_path: Path) -> None:
    data = [{"image_id": float(frame), "keypoints": pose(COCO_17, frame)} for frame in reversed(range(FRAMES))]
    assert_all_in_place(load(tmp_path, data), COCO_17)


def test_a_number_in_an_ending_counts_no_frames(tmp_path: Path) -> None:
    named = [{"image_id": f"{frame:06}.jp2", "keypoints": pose(COCO_17, frame)} for frame in reversed(range(FRAMES))]
    assert_all_in_place(load(tmp_path, named), COCO_17)


def test_mediapipe_landmarks_as_parts_of_the_picture(tmp_path: Path) -> None:
    def landmarks(frame: int) -> list[dict[str, float]]:
        values = np.array(pose(BLAZEPOSE_33, frame)).reshape(-1, 3)
        return [{"x": x / 640, "y": y / 480, "z": 0.1, "visibility": score} for x, y, score in values]

    loaded = load(tmp_path, [landmarks(frame) for frame in range(FRAMES)])
    nose = KEYPOINT_INDEX["nose"]
    np.testing.assert_allclose(loaded.points[:, nose], [place("nose", frame)[:2] for frame in range(FRAMES)])
    np.testing.assert_allclose(loaded.confidence[:, nose], [place("nose", frame)[2] for frame in range(FRAMES)])


def coco(**changes: Any) -> list[dict[str, Any]]:
    return [{"image_id": frame, "keypoints": pose(COCO_17, frame)} | changes for frame in range(FRAMES)]


WRONG = {
    "no JSON": ("{nonsense", "not a JSON file"),
    "a number": ("3", "no 2D joints"),
    "nothing": ("[]", "no 2D joints"),
    "something else": ('[{"bbox": [1, 2]}]', "frame 0 holds neither 'keypoints' nor 'people'"),
    "other keys": (json.dumps([{"image_id": 7, "bbox": [1]}]), "frame 7 holds neither 'keypoints' nor 'people'"),
    "unknown layout": (json.dumps(coco(keypoints=[0.5] * 63)), "holds 63 numbers"),
    "text for numbers": (json.dumps(coco(keypoints=["a"] * 51)), "something other than numbers"),
    "NaN": (json.dumps(coco(keypoints=[float("nan")] * 51)), "frame 0 holds NaN or infinity"),
    "too many frames": (json.dumps([{"keypoints": [1.0] * 51}] * 9), "holds 9 frames, but the footage has 6"),
    "frames beyond the end": (json.dumps([{"image_id": 40, "keypoints": [1.0] * 51}]), "run from 40 to 40"),
    "nobody": (json.dumps([{"people": []}] * FRAMES), "no person in any frame"),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG)
def test_wrong_files(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "wrong.json"
    path.write_text(text)
    with pytest.raises(PoseNet3DError, match=message) as raised:
        load_keypoints(path, FOOTAGE)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_missing_file_and_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(PoseNet3DError, match="no such file"):
        load_keypoints(tmp_path / "gone.json", FOOTAGE)
    with pytest.raises(PoseNet3DError, match=r"holds no \.json files"):
        load_keypoints(tmp_path, FOOTAGE)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 99}, "another version"),
        ({"image_size": [10, 10]}, "another video"),
        ({"image_size": None}, "'image_size'"),
        ({"image_size": [0, 0]}, "'image_size'"),
        ({"focal_length": "long"}, "'focal_length'"),
        ({"focal_length": -700}, "'focal_length'"),
        ({"frames": [{"time": 0.0}]}, "lacks its time or its points"),
        ({"frames": [{"time": 0.0, "points": [[1, 2, 3]]}]}, "must hold 25 points"),
        ({"frames": [{"time": 5.0, "points": [[1, 2, 0.5]] * 25}]}, "outside the footage"),
        ({"frames": [{"time": 0.1, "points": [[1, 2, 0.5]] * 25}] * 2}, "don't rise"),
        ({"frames": [{"time": 0.0, "points": [[1, float("inf"), 0.5]] * 25}]}, "NaN or infinity"),
    ],
)
def test_own_file_damaged_by_hand(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = tmp_path / "ours.json"
    keypoints = Keypoints(FOOTAGE.time, np.ones((FRAMES, 25, 2)), np.ones((FRAMES, 25)), (640, 480))
    save_keypoints(StoredKeypoints(keypoints, 700.0), path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(PoseNet3DError, match=message):
        load_keypoints(path, FOOTAGE)
