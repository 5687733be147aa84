"""Files of other detectors: layouts, entries, order and damage, for one person."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from posenet3d_blender.capture.keypoints.keypoints import KEYPOINT_INDEX, Keypoints
from posenet3d_blender.capture.keypoints.layouts import BLAZEPOSE_33, BODY_25, COCO_17
from posenet3d_blender.capture.keypoints.people.people_in_file import load_people
from posenet3d_blender.capture.video.footage import Footage
from posenet3d_blender.capture.video.sources.orientation import UPRIGHT
from posenet3d_blender.errors import PoseNet3DError

FRAMES = 6
FOOTAGE = Footage(Path("clip.mp4"), 640, 480, UPRIGHT, np.arange(FRAMES) / 30, Fraction(30))
LAYOUTS = {"coco": COCO_17, "blazepose": BLAZEPOSE_33, "body_25": BODY_25}


def place(name: str, frame: int) -> list[float]:
    """A point's place: each has its own."""
    return [300.0 + KEYPOINT_INDEX[name] * 5 + frame, 200.0 + KEYPOINT_INDEX[name], 0.5 + frame / 20]


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
    """The only person of the file, which gives no reason to warn."""
    (person,) = load_people(write(tmp_path, data), FOOTAGE, pytest.fail).people
    return person.keypoints


def load_with_warning(tmp_path: Path, data: Any, expected: str) -> Keypoints:
    warnings: list[str] = []
    (person,) = load_people(write(tmp_path, data), FOOTAGE, warnings.append).people
    (warning,) = warnings
    assert expected in warning
    assert "\n" not in warning
    return person.keypoints


def assert_all_in_place(keypoints: Keypoints, layout: tuple[str | None, ...], frames: range = range(FRAMES)) -> None:
    for name, index in KEYPOINT_INDEX.items():
        for frame in frames:
            if name in layout:
                assert keypoints.points[frame, index].tolist() == pytest.approx(place(name, frame)[:2])
                assert keypoints.confidence[frame, index] == pytest.approx(place(name, frame)[2])
            else:
                assert keypoints.confidence[frame, index] == 0


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_coco_results(tmp_path: Path, layout: tuple[str | None, ...]) -> None:
    data = [{"image_id": frame, "score": 1, "keypoints": pose(layout, frame)} for frame in reversed(range(FRAMES))]
    assert_all_in_place(load(tmp_path, data), layout)
    assert_all_in_place(load(tmp_path, {"annotations": data}), layout)


@pytest.mark.parametrize(
    "image_id",
    [
        lambda frame: f"{frame + 1:06}.jpg",
        lambda frame: f"{frame:06}.jp2",
        lambda frame: f"video_720p/{9 + frame}_of_720.png",
        lambda frame: frame + 1000,
        lambda frame: float(frame),
        lambda frame: 5 * frame,
    ],
    ids=[
        "file names",
        "a number in the ending",
        "numbers that count no frames",
        "from 1000",
        "decimals",
        "every fifth",
    ],
)
def test_as_many_image_ids_as_frames_are_the_frames_in_order(tmp_path: Path, image_id: Any) -> None:
    data = [{"image_id": image_id(frame), "keypoints": pose(COCO_17, frame)} for frame in reversed(range(FRAMES))]
    assert_all_in_place(load(tmp_path, data), COCO_17)


def test_entries_without_ids(tmp_path: Path) -> None:
    assert_all_in_place(load(tmp_path, [{"keypoints": pose(COCO_17, frame)} for frame in range(FRAMES)]), COCO_17)
    lists = [pose(COCO_17, frame) for frame in range(FRAMES)]
    assert_all_in_place(load(tmp_path, lists), COCO_17)
    rows = [np.array(one).reshape(17, 3).tolist() for one in lists]
    assert_all_in_place(load(tmp_path, rows), COCO_17)
    assert_all_in_place(load(tmp_path, [[one] for one in lists]), COCO_17)
    assert_all_in_place(load(tmp_path, [[one] for one in rows]), COCO_17)


@pytest.mark.parametrize("nobody", [None, [], {"people": []}], ids=str)
def test_frames_without_anybody_in_order(tmp_path: Path, nobody: Any) -> None:
    data: list[Any] = [pose(COCO_17, frame) for frame in range(FRAMES)]
    data[2] = nobody
    seen = load(tmp_path, data).confidence.max(axis=1) > 0
    assert seen.tolist() == [True, True, False, True, True, True]


@pytest.mark.parametrize("first", [0, 1, 1000])
def test_frames_without_anybody_by_image_id(tmp_path: Path, first: int) -> None:
    data = [{"image_id": first + frame, "keypoints": pose(COCO_17, frame)} for frame in (0, 2, 5)]
    seen = load(tmp_path, data).confidence.max(axis=1) > 0
    assert seen.tolist() == [True, False, True, False, False, True]


def test_image_ids_that_may_count_from_0_or_1_are_a_warning(tmp_path: Path) -> None:
    data = [{"image_id": frame, "keypoints": pose(COCO_17, frame)} for frame in range(1, FRAMES)]
    keypoints = load_with_warning(tmp_path, data, "from 1 to 5 of 6 and are taken as counted from 0")
    assert_all_in_place(keypoints, COCO_17, range(1, FRAMES))


LONG_FOOTAGE = Footage(Path("clip.mp4"), 640, 480, UPRIGHT, np.arange(60) / 30, Fraction(30))


def load_numbered(tmp_path: Path, numbers: list[int], shown: list[int]) -> tuple[Keypoints, list[str]]:
    """The person and the warnings of COCO's results for 60 frames of footage, which show some frames by number."""
    data = [
        {"image_id": number, "keypoints": pose(COCO_17, frame % FRAMES)}
        for number, frame in zip(numbers, shown, strict=True)
    ]
    warnings: list[str] = []
    (person,) = load_people(write(tmp_path, data), LONG_FOOTAGE, warnings.append).people
    return person.keypoints, warnings


@pytest.mark.parametrize("lowest", [0, 1])
@pytest.mark.parametrize("leading", [0, 1000, 10_003_420_000])
def test_numbers_behind_the_number_of_a_video(tmp_path: Path, leading: int, lowest: int) -> None:
    """As PoseTrack's image_ids; the person is missed in one frame, here and there and at the ends."""
    shown = [frame for frame in range(4, 60) if frame != 20]
    shown += [] if lowest else [0]
    keypoints, warnings = load_numbered(tmp_path, [leading + lowest + frame for frame in shown], shown)
    assert np.flatnonzero(keypoints.confidence.max(axis=1) > 0).tolist() == sorted(shown)
    told = [f"are taken as counted from {leading + lowest}"] if leading and lowest else []
    assert [one for one in warnings if not any(part in one for part in told)] == []
    assert len(warnings) == len(told)


def test_numbers_that_count_from_anything_are_a_warning(tmp_path: Path) -> None:
    shown = [frame for frame in range(56) if frame != 20]
    keypoints, warnings = load_numbered(tmp_path, [340 + frame for frame in shown], shown)
    assert np.flatnonzero(keypoints.confidence.max(axis=1) > 0).tolist() == shown
    (warning,) = warnings
    assert "numbered from 340 to 395; 340 is taken as the first of the footage's 60" in warning


def test_numbers_that_cover_a_part_of_the_footage_from_anywhere_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PoseNet3DError, match="run from 340 to 369, but the footage has 60 frames"):
        load_numbered(tmp_path, [340 + frame for frame in range(30)], list(range(30)))


def test_every_second_frame_is_a_warning(tmp_path: Path) -> None:
    data = [{"image_id": frame, "keypoints": pose(COCO_17, frame)} for frame in (0, 2, 4)]
    keypoints = load_with_warning(tmp_path, data, "only one in 2 frames")
    assert (keypoints.confidence.max(axis=1) > 0).tolist() == [True, False, True, False, True, False]


def test_keypoints_of_the_first_half_are_a_warning(tmp_path: Path) -> None:
    data = [{"image_id": frame, "keypoints": pose(COCO_17, frame)} for frame in range(3)]
    load_with_warning(tmp_path, data, "end at 3 of the footage's 6")


def test_an_entry_without_a_frame_is_left_out_with_a_warning(tmp_path: Path) -> None:
    data: list[dict[str, Any]] = [{"image_id": frame, "keypoints": pose(COCO_17, frame)} for frame in range(FRAMES)]
    del data[3]["image_id"]
    keypoints = load_with_warning(tmp_path, data, "1 of 6 annotations name no picture by its image_id")
    assert (keypoints.confidence.max(axis=1) > 0).tolist() == [True, True, True, False, True, True]


def openpose(frame: int, people: int = 1) -> dict[str, Any]:
    return {"people": [{"pose_keypoints_2d": pose(BODY_25, frame, 150.0 * one)} for one in range(people)]}


def test_openpose_list_and_folder(tmp_path: Path) -> None:
    data = [openpose(frame) for frame in range(FRAMES)]
    assert_all_in_place(load(tmp_path, data), BODY_25)
    folder = openpose_folder(tmp_path, data)
    (folder / "._clip_7_keypoints.json").write_bytes(b"\0\5\26\7macOS keeps attributes so")
    assert_all_in_place(load_people(folder, FOOTAGE, pytest.fail).people[0].keypoints, BODY_25)


def openpose_folder(tmp_path: Path, data: list[dict[str, Any]], first: int = 7) -> Path:
    folder = tmp_path / "openpose"
    folder.mkdir()
    for frame, content in enumerate(data):
        # Numbers that don't sort as text.
        (folder / f"clip_{frame + first}_keypoints.json").write_text(json.dumps(content))
    return folder


def test_a_file_that_lacks_in_the_folder_is_a_frame_without_anybody(tmp_path: Path) -> None:
    folder = openpose_folder(tmp_path, [openpose(frame) for frame in range(FRAMES)], first=0)
    (folder / "clip_2_keypoints.json").unlink()
    (person,) = load_people(folder, FOOTAGE, pytest.fail).people
    assert (person.keypoints.confidence.max(axis=1) > 0).tolist() == [True, True, False, True, True, True]
    assert_all_in_place(person.keypoints, BODY_25, range(3, FRAMES))


def test_a_folder_of_two_videos_is_refused(tmp_path: Path) -> None:
    folder = openpose_folder(tmp_path, [openpose(frame) for frame in range(3)])
    for frame in range(3):
        (folder / f"second_{frame}_keypoints.json").write_text(json.dumps(openpose(frame)))
    with pytest.raises(PoseNet3DError, match="several videos"):
        load_people(folder, FOOTAGE)


def landmarks(frame: int, unit: tuple[float, float] = (640, 480)) -> list[dict[str, float]]:
    values = np.array(pose(BLAZEPOSE_33, frame)).reshape(-1, 3)
    return [{"x": x / unit[0], "y": y / unit[1], "z": 0.1, "visibility": score} for x, y, score in values]


def test_mediapipe_landmarks_as_parts_of_the_picture(tmp_path: Path) -> None:
    assert_all_in_place(load(tmp_path, [landmarks(frame) for frame in range(FRAMES)]), BLAZEPOSE_33)
    assert_all_in_place(load(tmp_path, [[landmarks(frame)] for frame in range(FRAMES)]), BLAZEPOSE_33)
    assert_all_in_place(load(tmp_path, [landmarks(frame, (1, 1)) for frame in range(FRAMES)]), BLAZEPOSE_33)


def results(**changes: Any) -> list[dict[str, Any]]:
    return [{"image_id": frame, "keypoints": pose(COCO_17, frame)} | changes for frame in range(FRAMES)]


WRONG = {
    "no JSON": ("{nonsense", "not a JSON file"),
    "a number of 5000 digits": ("[" + "9" * 5000 + "]", "not a JSON file"),
    "brackets without end": ("[" * 100_000, "not a JSON file"),
    "a number": ("3", "no 2D joints"),
    "null": ("null", "no 2D joints"),
    "nothing": ("[]", "no 2D joints"),
    "something else": ('[{"bbox": [1, 2]}]', "frame 0 holds neither 'keypoints' nor 'people'"),
    "annotations of something else": ('{"annotations": [{"bbox": [1, 2]}]}', "holds neither 'keypoints' nor 'people'"),
    "other keys": (json.dumps([{"image_id": 7, "bbox": [1]}]), "frame 7 holds neither 'keypoints' nor 'people'"),
    "unknown layout": (json.dumps(results(keypoints=[0.5] * 63)), "holds 63 numbers"),
    "two layouts": (json.dumps([*results()[:3], {"image_id": 4, "keypoints": [5.0] * 75}]), "of 17 and 25 points"),
    "text for numbers": (json.dumps(results(keypoints=["a"] * 51)), "something other than numbers"),
    "null for keypoints": (json.dumps(results(keypoints=None)), "something other than numbers|holds 1 numbers"),
    "true for people": ('[{"people": [true]}]', "holds 1 numbers|something other"),
    "NaN": (json.dumps(results(keypoints=[float("nan")] * 51)), "frame 0 holds NaN or infinity"),
    "infinity": (json.dumps(results(keypoints=[1e999] * 51)), "frame 0 holds NaN or infinity"),
    "a huge number": (json.dumps(results(keypoints=[1e300] * 51)), r"frame 0 holds the number 1e\+300"),
    "a larger integer than any number": (json.dumps(results(keypoints=[10**400] * 51)), "something other than numbers"),
    "too many frames": (json.dumps([{"keypoints": [1.0] * 51}] * 9), "holds 9 frames, but the footage has 6"),
    "frames beyond the end": (json.dumps([{"image_id": 47, "keypoints": [1.0] * 51}]), "run from 47 to 47"),
    "names without numbers": (json.dumps([{"image_id": "a.png", "keypoints": [1.0] * 51}]), "don't count them"),
    "nobody": (json.dumps([{"people": []}] * FRAMES), "no person in any frame"),
    "all zero": (json.dumps(results(keypoints=[0] * 51)), "no person in any frame"),
    "a format of a later time": ('{"format": "posenet3d-keypoints", "version": 2}', "another version"),
    "no list of images": (json.dumps({"images": "all", "annotations": results()}), "'images'"),
    "images without ids": (json.dumps({"images": [{"width": 9}], "annotations": results()}), "'images'"),
    "no size": (json.dumps({"images": [{"id": 0, "width": -1}], "annotations": results()}), "'images'"),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG)
def test_wrong_files(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "wrong.json"
    path.write_text(text)
    with pytest.raises(PoseNet3DError, match=message) as raised:
        load_people(path, FOOTAGE)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_missing_file_and_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(PoseNet3DError, match="no such file"):
        load_people(tmp_path / "gone.json", FOOTAGE)
    with pytest.raises(PoseNet3DError, match=r"holds no \.json files"):
        load_people(tmp_path, FOOTAGE)
