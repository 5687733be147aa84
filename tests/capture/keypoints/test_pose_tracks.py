"""Identities in a file of several people: the dancer stays the dancer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from posenet3d_blender.capture.detection.choice import choose
from posenet3d_blender.capture.keypoints.keypoints import Keypoints
from posenet3d_blender.capture.keypoints.layouts import BODY_25, COCO_17
from posenet3d_blender.capture.keypoints.people.people_in_file import PeopleInFile, load_people, warn_of_breaks
from posenet3d_blender.errors import PoseNet3DError

from .dancer import FOOTAGE, FRAMES, bystander, coco, dancer, flat

ALL = range(FRAMES)
COLUMNS = slice(0, len(COCO_17))


def without(*gaps: range) -> list[int]:
    return [frame for frame in ALL if not any(frame in gap for gap in gaps)]


def load(tmp_path: Path, data: Any) -> PeopleInFile:
    path = tmp_path / "poses.json"
    path.write_text(json.dumps(data))
    return load_people(path, FOOTAGE, pytest.fail)


def chosen(people: PeopleInFile, person: str = "largest") -> Keypoints:
    (one,) = choose(people.people, person, Path("poses.json"))
    return one.keypoints


def assert_is(keypoints: Keypoints, person: NDArray[np.float64], frames: list[int]) -> None:
    """The points are this person's in these frames, and nobody's in the others."""
    assert np.flatnonzero(keypoints.confidence.max(axis=1)).tolist() == frames
    np.testing.assert_allclose(keypoints.points[frames, COLUMNS], person[frames, COLUMNS, :2], atol=1e-6)


GAPS = {
    "1 frame": [range(60, 61)],
    "3 frames": [range(60, 63)],
    "a second": [range(50, 80)],
    "two seconds and a half": [range(30, 105)],
    "again and again": [range(first, first + 4) for first in range(10, 120, 9)],
}


@pytest.mark.parametrize("gaps", GAPS.values(), ids=GAPS)
@pytest.mark.parametrize("bystander_frames", ["always", "in the gaps only", "not in the gaps"])
def test_who_is_missed_is_waited_for(tmp_path: Path, gaps: list[range], bystander_frames: str) -> None:
    seen = without(*gaps)
    other = {"always": list(ALL), "in the gaps only": sorted(set(ALL) - set(seen)), "not in the gaps": seen}
    people = load(tmp_path, coco([dancer(), bystander()], [seen, other[bystander_frames]]))
    assert_is(chosen(people), dancer(), seen)
    assert_is(chosen(people, "1"), dancer(), seen)


def test_the_other_person_is_a_person_too(tmp_path: Path) -> None:
    people = load(tmp_path, coco([dancer(), bystander(-200)], [without(range(60, 63)), list(ALL)]))
    assert len(people.people) == 2
    assert_is(chosen(people, "1"), bystander(-200), list(ALL))
    assert_is(chosen(people, "2"), dancer(), without(range(60, 63)))
    assert_is(chosen(people, "longest"), dancer(), without(range(60, 63)))
    assert [one.first_x for one in choose(people.people, "all", Path())] == sorted(one.first_x for one in people.people)
    with pytest.raises(PoseNet3DError, match="there is no person 3; 2 found"):
        chosen(people, "3")


def test_the_longest_is_not_the_largest(tmp_path: Path) -> None:
    people = load(tmp_path, coco([dancer(), bystander(scale=0.5)], [without(range(100, FRAMES)), list(ALL)]))
    assert_is(chosen(people, "largest"), dancer(), without(range(100, FRAMES)))
    assert_is(chosen(people, "longest"), bystander(scale=0.5), list(ALL))


IDS = {
    "track_id": lambda number: {"track_id": number},
    "AlphaPose's idx": lambda number: {"idx": float(number)},
    "AlphaPose's nested idx": lambda number: {"idx": [[float(number)], [7.0]]},
    "person_id": lambda number: {"person_id": [number]},
    "CVAT's attributes": lambda number: {"attributes": {"occluded": False, "track_id": number}},
    "text": lambda number: {"track_id": str(number)},
}


@pytest.mark.parametrize("name", IDS.values(), ids=IDS)
def test_numbers_tell_who_is_who_where_places_do_not(tmp_path: Path, name: Any) -> None:
    """The two change places at once in frame 70."""
    first, second = dancer(), bystander()
    first[70:, :, 0] += 250
    second[70:, :, 0] -= 250
    numbers = [name(4), name(9)]
    data = [
        result | numbers[number]
        for number, person in enumerate([first, second])
        for result in coco([person], [without(range(40, 50))])
    ]
    assert_is(chosen(load(tmp_path, data)), first, without(range(40, 50)))


def test_a_new_number_at_the_same_place_is_the_same_person(tmp_path: Path) -> None:
    data = coco([dancer(), bystander()])
    for result in data:
        is_dancer = result["keypoints"] == flat(dancer()[result["image_id"]])
        result["track_id"] = 3 + result["image_id"] // 40 if is_dancer else 2
    people = load(tmp_path, data)
    assert len(people.people) == 2
    assert_is(chosen(people), dancer(), list(ALL))


def test_who_is_ever_seen_beside_is_not_taken_for_who_left(tmp_path: Path) -> None:
    """The bystander comes to where the dancer was."""
    second = bystander()
    second[80:, :, 0] -= 165
    data = coco([dancer(), second], [without(range(80, FRAMES)), list(ALL)], track_id=[4, 9])
    people = load(tmp_path, data)
    assert_is(chosen(people), second, list(ALL))
    assert_is(chosen(people, "1"), dancer(), without(range(80, FRAMES)))


@pytest.mark.parametrize("number", [0, 0.0, [0.0], -1, [-1], None], ids=str)
def test_a_number_that_all_have_tells_nobody(tmp_path: Path, number: Any) -> None:
    """AlphaPose without tracking writes idx 0 for all; OpenPose writes person_id -1."""
    for key in ("idx", "person_id", "track_id"):
        seen = without(range(60, 63))
        data = coco([dancer(), bystander()], [seen, list(ALL)], **{key: [number, number]})
        assert_is(chosen(load(tmp_path, data)), dancer(), seen)


def test_a_number_that_two_have_in_one_frame_counts_in_the_others(tmp_path: Path) -> None:
    first, second = dancer(), bystander()
    first[70:, :, 0] += 250
    second[70:, :, 0] -= 250
    data = coco([first, second], track_id=[4, 9])
    for result in data:
        if result["image_id"] == 30:
            result["track_id"] = 4
    assert_is(chosen(load(tmp_path, data)), first, list(ALL))


def openpose(frame: int, *more: NDArray[np.float64]) -> dict[str, Any]:
    people = [*more, dancer()[frame], bystander()[frame]]
    return {"people": [{"person_id": [-1], "pose_keypoints_2d": flat(pose, BODY_25)} for pose in people]}


def ghost(score: float) -> NDArray[np.float64]:
    """Three points over the whole picture."""
    pose = np.zeros((25, 3))
    pose[[6, 10, 12]] = (10, 10, score), (700, 500, score), (650, 20, score)
    return pose


@pytest.mark.parametrize(
    ("score", "frames"),
    [(0.1, [0]), (0.9, [0]), (0.9, [60, 61]), (0.1, list(ALL))],
    ids=["weak, first frame", "sure, first frame", "sure, twice", "weak, always"],
)
def test_a_ghost_is_nobody(tmp_path: Path, score: float, frames: list[int]) -> None:
    data = [openpose(frame, *[ghost(score)] * (frame in frames)) for frame in ALL]
    people = load(tmp_path, data)
    assert len(people.people) == 2
    assert_is(chosen(people), dancer(), list(ALL))


@pytest.mark.parametrize("missed", [range(0), range(60, 63)], ids=["never missed", "missed"])
def test_a_ghost_on_the_dancer_does_not_take_their_place(tmp_path: Path, missed: range) -> None:
    weak = dancer() * (1, 1, 0.1)
    weak[:, 8:] = 0
    data = [openpose(frame, weak[frame]) for frame in ALL]
    for frame in missed:
        del data[frame]["people"][1]
    keypoints = chosen(load(tmp_path, data))
    sure = [frame for frame in ALL if frame not in missed]
    np.testing.assert_allclose(keypoints.points[sure, COLUMNS], dancer()[sure, COLUMNS, :2])


def test_people_of_zeros_are_nobody(tmp_path: Path) -> None:
    zeros = np.zeros((FRAMES, 25, 3))
    seen = without(range(60, 63), range(0, 2))
    people = load(tmp_path, coco([zeros, dancer(), bystander()], [list(ALL), seen, list(ALL)]))
    assert len(people.people) == 2
    assert_is(chosen(people), dancer(), seen)


def test_zeros_with_a_score_are_nobody(tmp_path: Path) -> None:
    zeros = np.zeros((FRAMES, 25, 3))
    zeros[..., 2] = 0.4
    people = load(tmp_path, coco([zeros, dancer()]))
    assert len(people.people) == 1
    assert_is(chosen(people), dancer(), list(ALL))


@pytest.mark.parametrize("numbers", [[None, None], [5, 5]], ids=["no numbers", "the same number"])
def test_a_person_who_is_in_the_file_twice_is_one(tmp_path: Path, numbers: list[int | None]) -> None:
    double = dancer()
    double[..., :2] += 2
    double[..., 2] = 0.5
    people = load(tmp_path, coco([double, dancer()], track_id=numbers))
    assert len(people.people) == 1
    assert_is(chosen(people), dancer(), list(ALL))


def test_someone_who_is_there_for_a_moment_is_not_counted(tmp_path: Path) -> None:
    people = load(tmp_path, coco([dancer(), bystander()], [list(ALL), list(range(20, 25))]))
    assert len(people.people) == 1
    with pytest.raises(PoseNet3DError, match="there is no person 2"):
        chosen(people, "2")


def walker(first_x: float, last_x: float) -> NDArray[np.float64]:
    """The dancer's first pose, carried across the picture; `first_x` and `last_x` are the body's centre."""
    people = np.repeat(dancer()[:1], FRAMES, axis=0)
    people[..., 0] += np.linspace(first_x, last_x, FRAMES)[:, None] - people[0, :, 0].mean()
    return people


def test_two_people_one_after_the_other_are_two_people(tmp_path: Path) -> None:
    """One leaves to the left; somebody else comes in there later."""
    first, second = walker(360, -900), walker(-800, 300)
    seen = [[frame for frame in ALL if person[frame, :17, 0].max() > 0] for person in (first, second)]
    assert 30 < seen[1][0] - seen[0][-1] < 90
    people = load(tmp_path, coco([first, second], seen))
    assert len(people.people) == 2
    assert_is(chosen(people, "1"), second, seen[1])
    assert_is(chosen(people, "2"), first, seen[0])
    warnings: list[str] = []
    warn_of_breaks(Path("poses.json"), choose(people.people, "2", Path())[0], people.people, warnings.append)
    (warning,) = warnings
    assert f"from {seen[1][0] / 30:.1f} to {seen[1][-1] / 30:.1f} s" in warning


def test_two_who_walk_past_each_other_keep_their_names(tmp_path: Path) -> None:
    right, left = walker(100, 620), walker(600, 120)
    left[..., 1] += 40
    people = load(tmp_path, coco([right, left], [without(range(40, 44)), without(range(85, 90))]))
    assert len(people.people) == 2
    assert_is(chosen(people, "1"), right, without(range(40, 44)))
    assert_is(chosen(people, "2"), left, without(range(85, 90)))


@pytest.mark.parametrize("step", [3, 6, 12], ids=lambda step: f"{30 / step:g} frames a second")
def test_few_frames_a_second(tmp_path: Path, step: int) -> None:
    frames = list(range(0, FRAMES, step))
    data = coco([dancer(), bystander()], [[frame for frame in frames if not 55 < frame < 75], frames])
    path = tmp_path / "poses.json"
    path.write_text(json.dumps(data))
    people = load_people(path, FOOTAGE)
    assert len(people.people) == 2
    assert_is(chosen(people, "1"), dancer(), [frame for frame in frames if not 55 < frame < 75])


def test_ids_that_swap_are_a_warning(tmp_path: Path) -> None:
    data = coco([dancer(), bystander()], track_id=[1, 2])
    for result in data:
        if result["image_id"] >= 65:
            result["track_id"] = 3 - result["track_id"]
    path = tmp_path / "swapped.json"
    path.write_text(json.dumps(data))
    warnings: list[str] = []
    load_people(path, FOOTAGE, warnings.append)
    (warning,) = warnings
    assert "the ids of two people change places at 2.17 s" in warning
    load(tmp_path, coco([dancer(), bystander()], track_id=[1, 2]))
