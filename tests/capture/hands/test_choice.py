"""Gating: hands that are too small or too rarely seen are left out, and a sentence says so."""

from __future__ import annotations

import numpy as np

from posenet3d_blender.arrays import Array
from posenet3d_blender.capture.hands.choice import hand_confidence, usable_hands
from posenet3d_blender.capture.hands.tracker import body_points
from posenet3d_blender.capture.keypoints.hand_keypoints import HandKeypoints
from posenet3d_blender.capture.keypoints.keypoints import KEYPOINT_COUNT, KEYPOINT_INDEX, Keypoints
from posenet3d_blender.capture.keypoints.repair import repair

TIME = np.arange(300) / 30


def person(presence: Array, length: float = 60.0) -> Keypoints:
    """Someone with hands of `length` pixels and with this presence (T, 2) of the hands."""
    points = np.zeros((len(TIME), KEYPOINT_COUNT, 2))
    for side, place in (("left", 400.0), ("right", 200.0)):
        for part, ahead in (("elbow", -0.9), ("wrist", 0.0), ("index", 0.5), ("pinky", 0.5)):
            points[:, KEYPOINT_INDEX[f"{side}_{part}"]] = place, 300 - ahead * length
    hands = HandKeypoints.empty(len(TIME))
    hands.presence[:] = presence
    return Keypoints(TIME, points, np.full(points.shape[:2], 0.9), (640, 480), hands)


def choose(one: Keypoints, hands: str = "auto") -> tuple[bool, list[str]]:
    notes: list[str] = []
    return usable_hands(one, hands, "The person", notes.append) is not None, notes


def test_clear_hands_are_used_without_a_word() -> None:
    assert choose(person(np.full((300, 2), 0.9))) == (True, [])


def test_one_hand_for_a_second_is_enough() -> None:
    presence = np.full((300, 2), 0.1)
    presence[100:130, 1] = 0.9
    assert choose(person(presence)) == (True, [])


def test_small_hands_are_left_out_and_named_so() -> None:
    is_used, (note,) = choose(person(np.zeros((300, 2)), length=12.0))
    assert not is_used
    assert "too small" in note
    assert "about 12 pixels" in note


def test_blurred_hands_are_left_out_and_named_so() -> None:
    is_used, (note,) = choose(person(np.full((300, 2), 0.3)))
    assert not is_used
    assert "blurred" in note
    assert "--hands on" in note


def test_the_user_decides() -> None:
    assert choose(person(np.full((300, 2), 0.3)), "on") == (True, [])
    assert choose(person(np.full((300, 2), 0.9)), "off") == (False, [])


def test_low_presence_is_no_confidence() -> None:
    np.testing.assert_array_equal(hand_confidence(np.array([0.01, 0.5, 0.8, 1.0])), np.array([0.0, 0.0, 1.0, 1.0]))


def test_detectors_without_knuckles_give_the_hands_place_by_the_forearm() -> None:
    one = person(np.zeros((300, 2)), length=100.0)
    confidence = one.confidence[0].copy()
    points = one.points[0].copy()
    for side in ("left", "right"):
        for part in ("index", "pinky"):
            confidence[KEYPOINT_INDEX[f"{side}_{part}"]] = 0
            points[KEYPOINT_INDEX[f"{side}_{part}"]] = 0
    by_forearm, _ = body_points(points, confidence)
    by_knuckles, _ = body_points(one.points[0], one.confidence[0])
    np.testing.assert_allclose(by_forearm[:, 0], by_knuckles[:, 0])
    np.testing.assert_allclose(by_forearm, by_knuckles, atol=20)


def test_hands_follow_their_arms_when_sides_were_swapped() -> None:
    one = person(np.full((300, 2), 0.9))
    assert one.hands is not None
    one.hands.points[:, 0], one.hands.points[:, 1] = 400.0, 200.0
    for row in range(100, 103):  # detection took the left arm for the right one
        for part in ("shoulder", "elbow", "wrist", "index", "pinky"):
            sides = [KEYPOINT_INDEX[f"{side}_{part}"] for side in ("left", "right")]
            one.points[row, sides] = one.points[row, sides[::-1]]
        one.hands.points[row] = one.hands.points[row, ::-1]
    repaired = repair(one)
    assert repaired.hands is not None
    wrists = repaired.points[:, [KEYPOINT_INDEX["left_wrist"], KEYPOINT_INDEX["right_wrist"]], 0]
    np.testing.assert_allclose(repaired.hands.points[:, :, 0, 0], wrists)


def test_a_mirror_image_exchanges_the_hands() -> None:
    one = person(np.column_stack([np.full(300, 0.9), np.full(300, 0.2)]))
    assert one.hands is not None
    one.hands.points[:, 0], one.hands.metric[:, 0] = (400.0, 300.0), (0.1, 0.2, 0.3)
    mirrored = one.mirrored().hands
    assert mirrored is not None
    np.testing.assert_allclose(mirrored.presence[0], np.array([0.2, 0.9]))
    np.testing.assert_allclose(mirrored.points[0, 1, 0], np.array([240.0, 300.0]))
    np.testing.assert_allclose(mirrored.metric[0, 1, 0], np.array([-0.1, 0.2, 0.3]))
