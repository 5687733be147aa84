"""Joining poses to tracks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.datasets.pose_tracks import join_tracks


def pose(x: float) -> NDArray[Any]:
    """(5, 3) a person 100 pixels tall, with confidence 1."""
    return np.array([[x, 25.0 * i, 1.0] for i in range(5)])


def positions(track: list[tuple[int, NDArray[Any]]]) -> list[tuple[int, float]]:
    return [(frame, float(one[0, 0])) for frame, one in track]


def test_two_neighbours_get_one_pose_each() -> None:
    tracks = join_tracks({0: [pose(0), pose(20)], 1: [pose(19), pose(2)], 2: [pose(3)]}, 3)
    assert sorted(map(positions, tracks)) == [[(0, 0), (1, 2), (2, 3)], [(0, 20), (1, 19)]]


def test_a_track_bridges_missing_frames() -> None:
    frames = {0: [pose(0)], 1: [], 3: [pose(4)], 7: [pose(5)]}
    assert [positions(track) for track in join_tracks(frames, 3)] == [[(0, 0), (3, 4)], [(7, 5)]]


def test_a_distant_pose_begins_a_track() -> None:
    assert len(join_tracks({0: [pose(0)], 1: [pose(80)]}, 3)) == 2


def test_a_pose_without_points_has_no_track() -> None:
    assert join_tracks({0: [pose(0) * (1.0, 1.0, 0.0)]}, 3) == []
