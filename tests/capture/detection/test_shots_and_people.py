"""Shots and people of edited footage: cuts, people who come late, leave, come back, or are somebody else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from posenet3d_blender.arrays import Array
from posenet3d_blender.capture.detection.blazepose.assets import open_person_detector
from posenet3d_blender.capture.detection.blazepose.detector import PersonDetector
from posenet3d_blender.capture.detection.choice import Shot
from posenet3d_blender.capture.detection.find_people import PersonTrack, find_people
from posenet3d_blender.capture.video.footage import open_footage

from ..conftest import WriteVideo
from ..made_footage import Picture, closer, dance, elsewhere, empty_room

RATE = 30


@pytest.fixture(scope="module")
def detector() -> PersonDetector:
    return open_person_detector("cpu")


@pytest.fixture(scope="module")
def pictures(demo_clip: Path) -> list[Picture]:
    return dance(demo_clip)


@pytest.fixture(scope="module")
def room(pictures: list[Picture]) -> Picture:
    return empty_room(pictures)


def found(path: Path, detector: PersonDetector) -> list[Shot[PersonTrack]]:
    footage = open_footage(path)
    return find_people(footage, footage.frames_between(), detector)


def at_rate(pictures: list[Picture]) -> list[float]:
    return [index / RATE for index in range(len(pictures))]


def walk(pictures: list[Picture], room: Picture, shifts: Array, other_clothes: bool = False) -> list[Picture]:
    """The dancer on their way across the room."""
    return [
        elsewhere(picture, room, round(shift), other_clothes)
        for picture, shift in zip(pictures, shifts.tolist(), strict=False)
    ]


def test_a_cut_to_a_closer_shot(pictures: list[Picture], write_video: WriteVideo, detector: PersonDetector) -> None:
    film = [*pictures[:31], *map(closer, pictures[31:67])]
    first, second = found(write_video("zoom.mp4", film, at_rate(film)), detector)
    assert (first.frames, second.frames) == (slice(0, 31), slice(31, 67))
    (before,), (after,) = first.people, second.people
    assert before.time[-1] < 31 / RATE
    assert after.time[0] >= 31 / RATE


def test_a_cut_to_somebody_else_at_the_same_place(
    pictures: list[Picture], room: Picture, write_video: WriteVideo, detector: PersonDetector
) -> None:
    film = [elsewhere(picture, room, 0) for picture in pictures[:31]]
    film += [elsewhere(picture, room, 0, other_clothes=True) for picture in pictures[60:96]]
    shots = found(write_video("else.mp4", film, at_rate(film)), detector)
    assert [shot.frames for shot in shots] == [slice(0, 31), slice(31, 67)]
    assert [len(shot.people) for shot in shots] == [1, 1]


def test_somebody_who_comes_later_is_found_when_they_come(
    pictures: list[Picture], room: Picture, write_video: WriteVideo, detector: PersonDetector
) -> None:
    film = [room] * 30 + [elsewhere(picture, room, 0) for picture in pictures[:40]]
    (shot,) = found(write_video("late.mp4", film, at_rate(film)), detector)
    (person,) = shot.people
    assert 1.0 <= person.time[0] <= 1.5
    assert shot.frames == slice(0, 70)


@pytest.mark.parametrize("absence", [0.6, 3.0])
def test_a_person_who_leaves_and_comes_back(
    absence: float, pictures: list[Picture], room: Picture, write_video: WriteVideo, detector: PersonDetector
) -> None:
    """For a moment: one person, one track. For long: another shot begins in between."""
    out, back = np.linspace(0, 260, 24), np.linspace(260, 0, 24)
    film = walk(pictures[:30], room, np.concatenate([np.zeros(6), out]))
    film += [room] * round(absence * RATE)
    film += walk(pictures[60:96], room, np.concatenate([back, np.zeros(12)]))
    shots = found(write_video("back.mp4", film, at_rate(film)), detector)
    spans = [person.visible_span for shot in shots for person in shot.people]
    assert len(spans) == (1 if absence < 2 else 2)
    assert len(shots) == len(spans)
    if len(shots) == 2:
        assert spans[0][1] < 1.0 < shots[1].frames.start / RATE < 1.0 + absence < spans[1][1]


def test_somebody_else_who_comes_a_moment_later_is_another_person(
    pictures: list[Picture], room: Picture, write_video: WriteVideo, detector: PersonDetector
) -> None:
    film = walk(pictures[:30], room, np.concatenate([np.zeros(6), np.linspace(0, 260, 24)]))
    film += [room] * 15
    film += walk(pictures[60:96], room, np.concatenate([np.linspace(260, 0, 24), np.zeros(12)]), other_clothes=True)
    (shot,) = found(write_video("other.mp4", film, at_rate(film)), detector)
    first, second = sorted(person.visible_span for person in shot.people)
    assert first[1] <= 1.1
    assert second[0] >= 1.4
