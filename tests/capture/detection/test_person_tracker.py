"""Following: sights become one track a person, also where people meet, leave and come back."""

from __future__ import annotations

import numpy as np
import pytest

from posenet3d_blender.capture.detection.blazepose.detector import Detection
from posenet3d_blender.capture.detection.blazepose.regions import Region
from posenet3d_blender.capture.detection.person_tracker import Follower, Sight

RED, GREY = np.full((2, 3), [0.8, 0.1, 0.1]), np.full((2, 3), 0.5)
LOOKS = np.arange(0, 4, 0.1)


def sight(time: float, x: float, colours: np.ndarray = GREY, size: float = 400, rotation: float = 0) -> Sight:
    return Sight(time, Detection(Region(x, 300, size, rotation), 0.9), colours)


def follow(looks: list[list[Sight]]) -> Follower:
    follower = Follower()
    for sights in looks:
        if sights:
            for stranger in follower.see(sights[0].time, sights):
                follower.start(stranger)
    return follower


def places(follower: Follower) -> list[list[float]]:
    return [[round(one.region.x) for one in trail.sights] for trail in follower.trails()]


def test_two_people_who_pass_each_other_keep_their_tracks() -> None:
    rightwards, leftwards = 100 + 300 * LOOKS, 1200 - 300 * LOOKS
    looks = []
    for index, time in enumerate(LOOKS):
        both = [sight(time, rightwards[index], RED), sight(time, leftwards[index])]
        # Where one hides the other, the detector sees one of them.
        together = abs(rightwards[index] - leftwards[index]) < 120
        looks.append(both[:1] if together else both[:: 1 if index % 2 else -1])
    tracks = places(follow(looks))
    assert len(tracks) == 2
    assert all(np.all(np.diff(track) > 0) or np.all(np.diff(track) < 0) for track in tracks)
    assert {track[0] for track in tracks} == {100, 1200}
    assert {track[-1] for track in tracks} == {round(rightwards[-1]), round(leftwards[-1])}


@pytest.mark.parametrize("pause", [0.5, 2.0, 5.0])
def test_someone_who_comes_back_is_the_same(pause: float) -> None:
    looks = [[sight(time, 200)] for time in LOOKS[:10]]
    looks += [[sight(time + 1 + pause, 900)] for time in LOOKS[:10]]
    assert places(follow(looks)) == [[200] * 10 + [900] * 10]


def test_somebody_else_who_comes_is_not() -> None:
    looks = [[sight(time, 200, RED)] for time in LOOKS[:10]] + [[sight(time + 3, 900, GREY)] for time in LOOKS[:10]]
    assert places(follow(looks)) == [[200] * 10, [900] * 10]


def test_a_jump_across_the_picture_is_somebody_else() -> None:
    looks = [[sight(0.0, 200)], [sight(0.1, 200)], [sight(0.2, 900)]]
    follower = follow(looks)
    assert len(follower.waiting(0.2)) == 2


def test_somebody_upside_down_a_moment_later_is_a_false_sight() -> None:
    follower = follow([[sight(0.0, 200)], [sight(0.1, 200)]])
    assert follower.see(0.2, [sight(0.2, 200, rotation=np.pi)])


def test_a_part_of_a_neighbour_is_not_taken_for_the_one_who_is_hidden() -> None:
    looks = [[sight(time, 200), sight(time, 500)] for time in (0.0, 0.1, 0.2)]
    # The left one is hidden; the right one is seen twice, once by half.
    looks.append([sight(0.3, 500), sight(0.3, 370)])
    follower = follow(looks[:3])
    follower.see(0.3, looks[3])
    assert places(follower) == [[200] * 3, [500] * 4]


def test_runner_is_expected_ahead() -> None:
    follower = follow([[sight(time, 100 + 1000 * time)] for time in (0.0, 0.1, 0.2)])
    assert follower.waiting(0.4)[0].expected(0.4).x == pytest.approx(500)
