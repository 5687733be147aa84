"""Stretches of the footage that become motions: absences, short sights, numbers; when their scenes start."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from posenet3d_blender.capture.detection.detections import DetectedShot
from posenet3d_blender.capture.keypoints.keypoints import KEYPOINT_COUNT, Keypoints
from posenet3d_blender.capture.shots import (
    Stretch,
    choose_stretches,
    names_of,
    scene_start,
    warn_of_doubt,
    warn_of_turned,
)
from posenet3d_blender.errors import PoseNet3DError
from posenet3d_blender.motion import Motion

from .keypoints.dancer import HEIGHT, WIDTH, dancer

VIDEO = Path("clip.mp4")
RATE = 30


def person(*visible: tuple[float, float], first: float = 0.0, last: float = 20.0) -> Keypoints:
    """Somebody who is visible between these times, in a shot from `first` to `last`, seconds."""
    time = np.arange(round(first * RATE), round(last * RATE)) / RATE
    seen = np.any([(time >= begin - 1e-6) & (time < end - 1e-6) for begin, end in visible], axis=0)
    confidence = np.repeat(seen[:, None] * 0.9, KEYPOINT_COUNT, axis=1)
    return Keypoints(time, np.zeros((len(time), KEYPOINT_COUNT, 2)), confidence, (640, 480))


def shot(*people: Keypoints) -> DetectedShot:
    return DetectedShot((float(people[0].time[0]), float(people[0].time[-1])), people)


def spans(
    detected: list[DetectedShot], shots: str, everyone: bool = False
) -> tuple[list[list[list[float]]], list[str]]:
    """First and last time of everyone in each stretch, and the warnings."""
    warnings: list[str] = []
    stretches = choose_stretches(detected, shots, everyone, VIDEO, warnings.append)
    times = [[[round(float(time), 2) for time in one.time[[0, -1]]] for one in part.people] for part in stretches]
    return times, warnings


def test_a_short_absence_is_bridged() -> None:
    times, warnings = spans([shot(person((1, 3), (4.5, 8)))], "longest")
    assert times == [[[1, 7.97]]]
    assert not warnings


def test_a_long_absence_ends_a_stretch_and_the_other_one_is_named() -> None:
    detected = [shot(person((1, 3), (6, 12)))]
    times, warnings = spans(detected, "longest")
    assert times == [[[6, 11.97]]]
    assert warnings == [
        "0:01.0 to 0:03.0 shows a person in another shot and was left out; capture it with --shots all, or with "
        "--start and --end"
    ]
    assert spans(detected, "all") == ([[[1, 2.97]], [[6, 11.97]]], [])
    assert spans(detected, "1") == ([[[1, 2.97]]], [])


def test_of_everyone_somebody_who_comes_back_late_is_another_person() -> None:
    times, warnings = spans([shot(person((0, 20)), person((1, 3), (9, 12)))], "longest", everyone=True)
    assert times == [[[0, 19.97], [1, 2.97], [9, 11.97]]]
    assert not warnings


def test_shots_are_counted_in_order() -> None:
    detected = [shot(person((0, 2), last=2)), shot(person((2, 5), first=2, last=5))]
    assert spans(detected, "2")[0] == [[[2, 4.97]]]
    with pytest.raises(PoseNet3DError, match=r"clip.mp4: there is no shot 3; 2 found that show a person"):
        spans(detected, "3")
    with pytest.raises(PoseNet3DError, match="shot 'first' is not known; use longest, all, or 1, 2 and so on"):
        spans(detected, "first")


def test_moments_are_skipped_and_named() -> None:
    times, warnings = spans([shot(person((1, 3), (6, 6.2)))], "all")
    assert times == [[[1, 2.97]]]
    assert warnings == ["One person is visible for only 0.2 s, at 0:06.0, and was skipped"]
    with pytest.raises(PoseNet3DError, match=r"visible for only 0.2 s; give footage"):
        spans([shot(person((6, 6.2)))], "longest")
    with pytest.raises(PoseNet3DError, match="nobody is visible for long enough"):
        spans([shot(person((6, 6.2)), person((8, 8.2)))], "longest", everyone=True)


def test_names_tell_people_and_shots_apart() -> None:
    one = choose_stretches([shot(person((0, 9)))], "all", False, VIDEO, pytest.fail)
    assert names_of(one) == [["The person"]]
    both = choose_stretches([shot(person((0, 9)), person((0, 5)))], "all", True, VIDEO, pytest.fail)
    assert names_of(both) == [["Person 1", "Person 2"]]
    assert names_of([*one, *both])[1] == ["Person 1 of shot 2", "Person 2 of shot 2"]


def motion_from(start: float) -> Motion:
    time = start + np.arange(10) / RATE
    zeros = np.zeros((10, 24, 3))
    return Motion(zeros, zeros[:, 0], np.zeros(10), RATE, time, zeros, np.zeros((10, 2)), np.ones(10))


def test_a_scene_starts_with_the_captured_range() -> None:
    warnings: list[str] = []
    assert scene_start([motion_from(2.0), motion_from(7.5)], ["Person 1", "Person 2"], 1.9, warnings.append) == 1.9
    assert warnings == [
        "Person 2 comes into view at 0:07.5; until then animations hold the first pose, to be in step with the footage"
    ]


def test_a_scene_does_not_wait_for_minutes() -> None:
    warnings: list[str] = []
    assert scene_start([motion_from(3600.0)], ["The person"], 0.0, warnings.append) == 3600.0
    assert warnings == ["Animations start at 1:00:00.0, when somebody comes into view, 3600 s later than the footage"]


def test_a_motion_without_a_scene_of_its_own() -> None:
    assert replace(motion_from(2.0), scene_start=1.0).scene_start == 1.0
    assert motion_from(2.0).scene_start is None


def test_people_who_are_turned_throughout_are_named() -> None:
    upright = dancer()
    turned = upright.copy()
    turned[..., :2] = (WIDTH, HEIGHT) - turned[..., :2]
    time = np.arange(len(upright)) / RATE
    y_first = upright[..., [1, 0, 2]]
    people = [Keypoints(time, one[..., :2], one[..., 2], (WIDTH, HEIGHT)) for one in (upright, turned, y_first)]
    stretch = Stretch((0.0, float(time[-1])), tuple(people))
    warnings: list[str] = []
    warn_of_turned(stretch, names_of([stretch])[0], warnings.append)
    assert [warning.partition(";")[0] for warning in warnings] == [
        "Person 2 is upside down in nearly all frames",
        "Person 3 lies in nearly all frames",
    ]


@pytest.mark.parametrize(("frames", "warned"), [(0, False), (5, False), (30, True)])
def test_poses_on_which_the_student_is_of_two_minds_are_a_warning(frames: int, warned: bool) -> None:
    agreement = np.full(120, 0.95)
    agreement[:frames] = 0.4
    warnings: list[str] = []
    warn_of_doubt("The person", agreement, warnings.append)
    assert [one.startswith("The person has doubtful poses 25% of the time") for one in warnings] == [True] * warned
