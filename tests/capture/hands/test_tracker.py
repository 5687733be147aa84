"""The search for hands, with simulated networks: sides, tracking and gating."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.arrays import Array
from posenet3d_blender.capture.detection.blazepose.regions import Region
from posenet3d_blender.capture.hands.finder import HandFinder, HandLandmarks
from posenet3d_blender.capture.hands.regions import region_of_points
from posenet3d_blender.capture.hands.tracker import HandTracker
from posenet3d_blender.capture.video.footage import Frame

SURE = np.ones(2)
HAND = np.array([[0.0, 0.0], *[[x, -40.0 - 12 * step] for x in (-20, -10, 0, 10, 20) for step in range(4)]])


@dataclass
class FakeFinder:
    """Sees hands that stand upright at given wrists; a region gives the one whose middle it is nearest to."""

    wrists: dict[str, Array]
    presence: dict[str, float] = field(default_factory=dict)
    refined: int = 0

    def refine(self, image: NDArray[np.uint8], region: Region) -> Region:
        self.refined += 1
        return region

    def find(self, image: NDArray[np.uint8], region: Region) -> HandLandmarks:
        distance = {name: float(np.hypot(*(wrist - [region.x, region.y + 40]))) for name, wrist in self.wrists.items()}
        name = min(distance, key=lambda one: distance[one])
        points = HAND + self.wrists[name]
        metric = np.column_stack([HAND / 1000, np.zeros(21)])
        return HandLandmarks(points, metric, self.presence.get(name, 0.95), 0.5, region_of_points(points))


def frame_at(index: int, rate: float = 30.0) -> Frame:
    return cast(Frame, SimpleNamespace(index=index, time=index / rate, image=np.zeros((480, 640, 3), np.uint8)))


def body_points(left: Array, right: Array) -> Array:
    """(2, 3, 2) of hands that stand upright."""
    knuckles = np.array([[0.0, 0.0], [-10.0, -40.0], [20.0, -40.0]])
    return np.stack([left + knuckles, right + knuckles])


def test_each_side_gets_the_hand_at_its_own_wrist() -> None:
    left, right = np.array([400.0, 300.0]), np.array([200.0, 300.0])
    tracker = HandTracker(cast(HandFinder, FakeFinder({"a": left, "b": right})))
    tracker.find(frame_at(0), body_points(left, right), SURE)
    hands = tracker.hand_keypoints(range(2))
    np.testing.assert_allclose(hands.points[0, 0], HAND + left)
    np.testing.assert_allclose(hands.points[0, 1], HAND + right)
    np.testing.assert_allclose(hands.presence, np.array([[0.95, 0.95], [0.0, 0.0]]))


def test_hands_that_cross_stay_on_their_sides() -> None:
    finder = FakeFinder({})
    tracker = HandTracker(cast(HandFinder, finder))
    places = np.linspace(200, 400, 40)
    for index, place in enumerate(places):
        left, right = np.array([place, 300.0]), np.array([600 - place, 310.0])
        finder.wrists = {"left": left, "right": right}
        tracker.find(frame_at(index), body_points(left, right), SURE)
    hands = tracker.hand_keypoints(range(len(places)))
    apart = np.abs(places - 300) > 30
    np.testing.assert_allclose(hands.points[apart, 0, 0, 0], places[apart])
    np.testing.assert_allclose(hands.points[apart, 1, 0, 0], 600 - places[apart])


def test_one_hand_is_not_given_to_both_sides() -> None:
    left, right = np.array([300.0, 300.0]), np.array([320.0, 300.0])
    tracker = HandTracker(cast(HandFinder, FakeFinder({"only": right})))
    tracker.find(frame_at(0), body_points(left, right), SURE)
    presence = tracker.hand_keypoints(range(1)).presence[0]
    assert presence[0] == 0
    assert presence[1] > 0.9


def test_a_tracked_hand_needs_no_new_region_until_it_is_lost() -> None:
    wrist, away = np.array([300.0, 300.0]), np.array([-900.0, 0.0])
    finder = FakeFinder({"right": wrist})
    tracker = HandTracker(cast(HandFinder, finder))
    for index in range(5):
        tracker.find(frame_at(index), body_points(away, wrist), SURE)
    assert finder.refined == 1
    finder.presence["right"] = 0.1
    tracker.find(frame_at(5), body_points(away, wrist), SURE)
    tracker.find(frame_at(6), body_points(away, wrist), SURE)
    assert finder.refined == 3, "sought by the body again, in each frame"


def test_hands_that_never_show_are_sought_less_often() -> None:
    wrist, away = np.array([300.0, 300.0]), np.array([-900.0, 0.0])
    finder = FakeFinder({"right": wrist}, {"right": 0.05})
    tracker = HandTracker(cast(HandFinder, finder))
    for index in range(90):
        tracker.find(frame_at(index), body_points(away, wrist), SURE)
    assert 25 <= finder.refined <= 45


def test_small_hidden_and_outside_hands_are_not_sought() -> None:
    left, right = np.array([400.0, 300.0]), np.array([200.0, 300.0])
    finder = FakeFinder({"left": left, "right": right})
    HandTracker(cast(HandFinder, finder), smallest=200.0).find(frame_at(0), body_points(left, right), SURE)
    HandTracker(cast(HandFinder, finder)).find(frame_at(0), body_points(left, right), np.zeros(2))
    HandTracker(cast(HandFinder, finder)).find(frame_at(0), body_points(left - 500.0, right + 900.0), SURE)
    assert finder.refined == 0
