"""Choice of shots and people, and the sentences that name what is left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from posenet3d_blender.capture.detection.blazepose.regions import Region
from posenet3d_blender.capture.detection.choice import (
    Shot,
    choose_shots,
    left_out_people,
    left_out_shots,
    split_at_absences,
)
from posenet3d_blender.capture.detection.find_people import PersonTrack
from posenet3d_blender.errors import PoseNet3DError

CLIP = Path("clip.mp4")
TIME = np.arange(300) / 30


def track(first: float, last: float, x: float = 300, part_in_picture: float = 1.0) -> PersonTrack:
    time = np.linspace(first, last, 5)
    return PersonTrack(time, (Region(x, 200, 300, 0),) * 5, np.ones(5), np.full(5, part_in_picture))


def shot(start: int, stop: int, *people: PersonTrack) -> Shot[PersonTrack]:
    return Shot(slice(start, stop), people)


def test_the_shot_that_shows_the_whole_person_for_longest() -> None:
    close_up, whole, brief = track(0, 4, part_in_picture=0.5), track(4, 7), track(7, 8)
    shots = [shot(0, 120, close_up), shot(120, 210, whole), shot(210, 240, brief)]
    choice = choose_shots(shots, True, "largest", CLIP)
    assert [one.people for one in choice.shots] == [(whole,)]
    assert [one.visible_span for one in choice.left_out] == [(0, 4), (7, 8)]
    assert left_out_shots([one.visible_span for one in choice.left_out]) == [
        "0:00.0 to 0:04.0 and 0:07.0 to 0:08.0 show a person in another shot and were left out; capture them with "
        "--shots all, or with --start and --end"
    ]


def test_all_shots_each_with_its_own_choice() -> None:
    left, right, alone = track(0, 3, x=100), track(0, 3, x=500), track(3, 6)
    choice = choose_shots([shot(0, 90, right, left), shot(90, 180, alone)], False, "all", CLIP)
    assert [one.people for one in choice.shots] == [(left, right), (alone,)]
    assert not choice.left_out
    assert choice.others == ((), ())


def test_a_person_by_number_is_sought_in_the_shots_that_have_so_many() -> None:
    left, right, alone = track(0, 3, x=100), track(0, 3, x=500), track(3, 9)
    shots = [shot(0, 90, left, right), shot(90, 270, alone)]
    choice = choose_shots(shots, True, "2", CLIP)
    assert choice.shots[0].people == (right,)
    assert choice.left_out == (shots[1],)
    with pytest.raises(PoseNet3DError, match="there is no person 3; 2 found"):
        choose_shots(shots, True, "3", CLIP)


def test_somebody_who_is_in_view_alone_is_named() -> None:
    captured, before, beside, after = track(2, 6), track(0, 3), track(3, 5), track(6.2, 6.6)
    one = shot(0, 300, captured)
    assert left_out_people(one, [before, beside, after]) == [
        "0:00.0 to 0:02.0 shows somebody who may not be the captured person and was left out; capture everyone with "
        "--person all"
    ]
    assert not left_out_people(one, [beside, after])


def test_a_shot_ends_where_nobody_is_in_view_for_long() -> None:
    people = track(0, 2), track(1, 3), track(4.5, 5), track(8, 9.9)
    parts = split_at_absences(shot(0, 300, *people), TIME)
    assert [part.people for part in parts] == [people[:3], people[3:]]
    assert [part.frames for part in parts] == [slice(0, 195), slice(195, 300)]
