"""2D joints of our own, COCO's and OpenPose's JSON, as sequences to train on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from posenet3d_blender.capture.keypoints.keypoints import KEYPOINT_COUNT, KEYPOINT_INDEX, Keypoints
from posenet3d_blender.capture.keypoints.own_files import StoredKeypoints, save_keypoints
from trainer.cli import main
from trainer.data.sequences import PointSequences, load_sequences

from .conversion import ConvertKeypoints, Refusal

SIZE = (1920, 1080)
FOCAL_LENGTH = 960 / np.tan(np.radians(65 / 2))
"""Pixels, of the guessed 65 degrees along the longer side."""

COCO = ["nose", "left_eye", "right_eye", "left_ear", "right_ear"]
COCO += [
    f"{side}_{part}" for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle") for side in ("left", "right")
]
BODY_25_WRISTS = {"right_wrist": 4, "left_wrist": 7}


@pytest.fixture
def convert(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> ConvertKeypoints:
    """Convert keypoint files (and options) to sequences, by the command line."""

    def run(*arguments: str | Path) -> PointSequences:
        out = tmp_path / "sequences.npz"
        assert main(["convert", "keypoints", *map(str, arguments), "--out", str(out)]) == 0, capsys.readouterr().err
        assert " sequence" in capsys.readouterr().out
        return load_sequences(out)

    return run


def person(points: int, x: float, y: float = 200.0) -> NDArray[Any]:
    """(points, 3) pixels: a column of points, 30 pixels apart, the first at (x, y)."""
    return np.array([[x + 2 * i, y + 30 * i, 0.9] for i in range(points)])


def results(frames: int, start: float = 400.0, step: float = 1.0) -> list[dict[str, Any]]:
    """COCO's results of one person who moves by `step` pixels per frame."""
    return [
        {
            "image_id": frame,
            "category_id": 1,
            "keypoints": person(17, start + step * frame).ravel().tolist(),
            "score": 0.97,
        }
        for frame in range(frames)
    ]


def write_openpose(folder: Path, frames: int, video: str = "clip", first: int = 0) -> None:
    """OpenPose's files, one per frame, of two people whose order in the list changes."""
    folder.mkdir(exist_ok=True)
    for frame in range(first, first + frames):
        people = [person(25, 300 + frame), person(25, 1500 - frame, 150)]
        if frame % 2:
            people.reverse()
        content = {
            "version": 1.3,
            "people": [
                {
                    "person_id": [-1],
                    "pose_keypoints_2d": one.ravel().tolist(),
                    "face_keypoints_2d": [],
                    "hand_left_keypoints_2d": [],
                    "hand_right_keypoints_2d": [],
                    "pose_keypoints_3d": [],
                }
                for one in people
            ],
        }
        (folder / f"{video}_{frame:012d}_keypoints.json").write_text(json.dumps(content))


def own_keypoints(frames: int = 121, rate: float = 60.0) -> Keypoints:
    points = np.full((frames, KEYPOINT_COUNT, 2), 540.0)
    points[:, :, 0] = 960 + np.arange(frames)[:, None]
    return Keypoints(np.arange(frames) / rate, points, np.full((frames, KEYPOINT_COUNT), 0.8), SIZE)


def test_our_own_keypoints(tmp_path: Path, convert: ConvertKeypoints) -> None:
    save_keypoints(StoredKeypoints(own_keypoints()), tmp_path / "walk.json")
    sequences = convert(tmp_path / "walk.json")
    assert sequences.names == ("walk_0",)
    assert sequences.ranges() == [(0, 61)], "121 frames at 60 a second are 2 s"
    np.testing.assert_allclose(sequences.rays[1:-1, 3, 0], 2 * np.arange(1, 60) / FOCAL_LENGTH, atol=1e-6)
    np.testing.assert_allclose(sequences.rays[:, 3, 1], 0, atol=1e-6)
    np.testing.assert_allclose(sequences.confidence[:, :25], 0.8, atol=1e-6)
    assert not sequences.confidence[:, 25:].any(), "neck and head are not given"
    assert not sequences.rays[:, 25:].any()


def test_a_focal_length_in_the_file_is_used(tmp_path: Path, convert: ConvertKeypoints) -> None:
    path = tmp_path / "walk.json"
    save_keypoints(StoredKeypoints(own_keypoints(), focal_length=1000.0), path)
    np.testing.assert_allclose(convert(path).rays[10, 0, 0], 20 / 1000, atol=1e-6)


def test_gaps_are_cut_out(tmp_path: Path, convert: ConvertKeypoints) -> None:
    keypoints = own_keypoints(301)
    keypoints.confidence[100:160] = 0
    save_keypoints(StoredKeypoints(keypoints), tmp_path / "walk.json")
    sequences = convert(tmp_path / "walk.json")
    assert sequences.names == ("walk_0#0", "walk_0#1")
    assert (sequences.confidence.max(1) > 0).all()
    np.testing.assert_allclose(sequences.rays[sequences.offsets[1] + 10, 0, 0], 180 / FOCAL_LENGTH, atol=1e-6)


def test_cocos_results(tmp_path: Path, convert: ConvertKeypoints) -> None:
    path = tmp_path / "alphapose.json"
    path.write_text(json.dumps(results(60)))
    sequences = convert(path, "--image-size", "1920x1080")
    assert sequences.ranges() == [(0, 60)]
    for place, name in enumerate(COCO):
        expected = (np.array([400 + 2 * place, 200 + 30 * place]) - (960, 540)) / FOCAL_LENGTH
        np.testing.assert_allclose(sequences.rays[0, KEYPOINT_INDEX[name]], expected, atol=1e-6, err_msg=name)
        assert sequences.confidence[0, KEYPOINT_INDEX[name]] == pytest.approx(0.9)
    assert not sequences.confidence[:, 17:].any(), "COCO has no toes and knuckles"


def test_cocos_annotations_hold_the_image_size(tmp_path: Path, convert: ConvertKeypoints) -> None:
    annotations = [entry | {"image_id": 1000 + entry["image_id"], "num_keypoints": 17} for entry in results(50)]
    images = [{"id": 1000 + n, "width": 640, "height": 480, "file_name": f"{n:06d}.jpg"} for n in range(50)]
    path = tmp_path / "person_keypoints.json"
    path.write_text(json.dumps({"info": {}, "images": images, "annotations": annotations, "categories": []}))
    sequences = convert(path, "--rate", "25")
    assert sequences.ranges() == [(0, 60)], "49 steps of 1/25 s are 58.8 samples"
    focal_length = 320 / np.tan(np.radians(65 / 2))
    np.testing.assert_allclose(sequences.rays[0, 0], (np.array([400, 200]) - (320, 240)) / focal_length, atol=1e-5)


def full_coco(ids: list[int], names: list[str] | None) -> dict[str, Any]:
    """A full COCO file of one person, the frames in the order of time; no `names`: its pictures have none."""
    annotations = [entry | {"image_id": ids[entry["image_id"]]} for entry in results(len(ids))]
    images: list[dict[str, Any]] = [{"id": one, "width": SIZE[0], "height": SIZE[1]} for one in ids]
    if names:
        images = [one | {"file_name": name} for one, name in zip(images, names, strict=True)]
    images.sort(key=lambda one: int(str(one["id"])[::-1]))
    return {"images": images, "annotations": annotations}


@pytest.mark.parametrize("ids", [[10 * n for n in range(60)], [1000 * ((7 * n) % 60) for n in range(60)]])
def test_names_of_cocos_pictures_count_the_frames(tmp_path: Path, convert: ConvertKeypoints, ids: list[int]) -> None:
    path = tmp_path / "annotations.json"
    path.write_text(json.dumps(full_coco(ids, [f"clip/{n + 1}.jpg" for n in range(60)])))
    sequences = convert(path)
    assert sequences.ranges() == [(0, 60)]
    x = sequences.rays[:, 0, 0] * FOCAL_LENGTH + 960
    np.testing.assert_allclose(x, 400 + np.arange(60), atol=0.1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (full_coco([10 * n for n in range(60)], None), "numbered in steps of 10"),
        (full_coco(list(range(60)), [f"{n % 2}/{n // 2:03d}.jpg" for n in range(60)]), "don't count frames"),
        (full_coco(list(range(60)), None) | {"images": [{"id": 0, "width": 640, "height": 480}]}, "59 of 60"),
    ],
)
def test_cocos_files_whose_frames_nothing_tells_are_refused(
    tmp_path: Path, refusal: Refusal, content: dict[str, Any], message: str
) -> None:
    path = tmp_path / "annotations.json"
    path.write_text(json.dumps(content))
    assert message in refusal("keypoints", path)


def test_cocos_track_ids_make_the_tracks(tmp_path: Path, convert: ConvertKeypoints) -> None:
    """Two people who walk through each other, which distance alone can't tell apart."""
    path = tmp_path / "tracked.json"
    right = [one | {"track_id": 7} for one in results(60, 400.0, 10.0)]
    left = [one | {"track_id": 3} for one in results(60, 1000.0, -10.0)]
    right[40:], left[40:] = (
        [one | {"keypoints": other["keypoints"]} for one, other in zip(mine[40:], theirs[40:], strict=True)]
        for mine, theirs in ((right, left), (left, right))
    )
    path.write_text(json.dumps(right + left))
    sequences = convert(path, "--image-size", "1920x1080")
    assert sequences.ranges() == [(0, 60), (60, 120)]
    x = sequences.rays[[0, 45, 60, 105], 0, 0] * FOCAL_LENGTH + 960
    np.testing.assert_allclose(x, [400, 550, 1000, 850], atol=0.1)


@pytest.mark.parametrize("track_id", [None, 7])
@pytest.mark.parametrize(("away", "pieces"), [(14, 1), (16, 2)])
def test_half_a_second_away_ends_a_sequence(
    tmp_path: Path, convert: ConvertKeypoints, track_id: int | None, away: int, pieces: int
) -> None:
    path = tmp_path / "results.json"
    entries = [one | {"track_id": track_id} for one in results(100)]
    path.write_text(json.dumps(entries[:40] + entries[40 + away - 1 :]))
    sequences = convert(path, "--image-size", "1920x1080")
    assert len(sequences.names) == pieces
    assert len({name.split("#")[0] for name in sequences.names}) == (pieces if track_id is None else 1)


def test_openposes_folder_holds_two_people(tmp_path: Path, convert: ConvertKeypoints) -> None:
    write_openpose(tmp_path / "clip", 60)
    sequences = convert(tmp_path / "clip", "--image-size", "1920x1080")
    assert sequences.names == ("clip_0", "clip_1")
    assert sequences.ranges() == [(0, 60), (60, 120)]
    for name, place in BODY_25_WRISTS.items():
        wrist = sequences.rays[:, KEYPOINT_INDEX[name]] * FOCAL_LENGTH + (960, 540)
        moved = np.arange(60)
        expected = [(300 + 2 * place + moved, 200 + 30 * place), (1500 + 2 * place - moved, 150 + 30 * place)]
        for one, (x, y) in zip(np.split(wrist, 2), expected, strict=True):
            np.testing.assert_allclose(one[:, 0], x, atol=1e-2, err_msg=name)
            np.testing.assert_allclose(one[:, 1], y, atol=1e-2, err_msg=name)


def test_a_folder_of_several_videos(tmp_path: Path, convert: ConvertKeypoints) -> None:
    write_openpose(tmp_path / "all", 40, "first")
    write_openpose(tmp_path / "all", 30, "second", first=7)
    save_keypoints(StoredKeypoints(own_keypoints()), tmp_path / "all" / "walk.json")
    sequences = convert(tmp_path / "all", "--image-size", "1920x1080")
    lengths = dict(zip(sequences.names, np.diff(sequences.offsets).tolist(), strict=True))
    assert lengths == {"first_0": 40, "first_1": 40, "second_0": 30, "second_1": 30, "walk_0": 61}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "JSON"),
        ("[]", "2D joints"),
        ('[{"image_id": 0}]', "'keypoints'"),
        ('[{"image_id": 0, "keypoints": [1, 2, 3]}]', "'keypoints'"),
        (json.dumps(results(40)).replace("400.0", "NaN"), "'keypoints'"),
        (json.dumps(results(5)), "0.7 s"),
        ('{"people": []}', "no person"),
        ('{"people": [{"pose": []}]}', "'pose_keypoints_2d'"),
        ('{"format": "posenet3d-keypoints"}', "another version"),
        (json.dumps([one | {"track_id": 1} for one in 2 * results(40)]), "'track_id'"),
    ],
)
def test_damage_is_one_line(tmp_path: Path, refusal: Refusal, content: str, message: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(content)
    error = refusal("keypoints", path, "--image-size", "1920x1080")
    assert message in error
    assert "bad.json" in error


def test_a_missing_image_size_is_refused(tmp_path: Path, refusal: Refusal) -> None:
    (tmp_path / "results.json").write_text(json.dumps(results(40)))
    assert "--image-size" in refusal("keypoints", tmp_path / "results.json")
