"""Whose pose is whose."""

from __future__ import annotations

import numpy as np

from trainer.datasets.pose_tracks import join_tracks


def pose(x: float) -> np.ndarray:
    """(5, 3) a person 100 pixels tall, seen for certain."""
    return np.array([[x, 25.0 * i, 1.0] for i in range(5)])


def places(track: list[tuple[int, np.ndarray]]) -> list[tuple[int, float]]:
    return [(frame, float(one[0, 0])) for frame, one in track]


def test_two_side_by_side_get_one_pose_each() -> None:
    tracks = join_tracks({0: [pose(0), pose(20)], 1: [pose(19), pose(2)], 2: [pose(3)]}, 3)
    assert sorted(map(places, tracks)) == [[(0, 0), (1, 2), (2, 3)], [(0, 20), (1, 19)]]


def test_who_is_missed_for_some_frames_is_the_same_person() -> None:
    frames = {0: [pose(0)], 1: [], 3: [pose(4)], 7: [pose(5)]}
    assert [places(track) for track in join_tracks(frames, 3)] == [[(0, 0), (3, 4)], [(7, 5)]]


def test_who_is_elsewhere_is_somebody_else() -> None:
    assert len(join_tracks({0: [pose(0)], 1: [pose(80)]}, 3)) == 2


def test_who_shows_no_point_is_nobody() -> None:
    assert join_tracks({0: [pose(0) * (1, 1, 0)]}, 3) == []
