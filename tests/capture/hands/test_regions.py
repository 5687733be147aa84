"""The squares around a hand."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.fingers import TIPS
from posenet3d_blender.capture.hands.finder import FOLDER, LANDMARK_FILE, RECROP_FILE
from posenet3d_blender.capture.hands.regions import hand_length, region_by_body, region_of_points, region_of_recrop

UP = np.array([0.0, -1.0])


def upright_hand(wrist: tuple[float, float] = (100.0, 300.0), length: float = 100.0) -> Array:
    """(21, 2) a flat hand with its fingers straight up."""
    points = [np.array(wrist)]
    for number, _ in enumerate(TIPS):
        base = np.array(wrist) + UP * length * 0.5 + np.array([(number - 2) * 0.15 * length, 0.0])
        points += [base + UP * length * 0.17 * joint for joint in range(4)]
    return np.array(points)


@pytest.mark.parametrize("path", [RECROP_FILE, LANDMARK_FILE], ids=lambda path: path.name)
def test_readme_states_each_file_and_its_hash(path: Path) -> None:
    assert hashlib.sha256(path.read_bytes()).hexdigest() in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_the_bodys_region_holds_the_whole_hand_upright() -> None:
    hand = upright_hand()
    region = region_by_body(hand[0], hand[5], hand[17])
    assert abs(region.rotation) < 0.1
    assert (np.abs(hand - [region.x, region.y]) < region.size / 2).all()


def test_a_hand_that_hangs_is_turned_upside_down() -> None:
    hand = 2 * upright_hand()[0] - upright_hand()
    region = region_by_body(hand[0], hand[5], hand[17])
    assert abs(region.rotation) == pytest.approx(np.pi, abs=0.1)
    in_crop = np.linalg.inv(region.crop_to_picture(224)[:, :2]) @ (hand[12] - [region.x, region.y])
    assert in_crop[1] < 0, "fingertips are above the middle"


def test_points_give_the_region_of_the_next_frame() -> None:
    hand = upright_hand()
    region = region_of_points(hand)
    assert abs(region.rotation) < 0.1
    assert (np.abs(hand - [region.x, region.y]) < region.size / 2).all()
    assert region.size < region_by_body(hand[0], hand[5], hand[17]).size
    turned = hand[:, ::-1] * (-1, 1)  # a quarter turn clockwise
    assert region_of_points(turned).rotation == pytest.approx(region.rotation + np.pi / 2)
    assert region_of_points(turned).size == pytest.approx(region.size)


def test_the_recrop_networks_second_point_is_at_the_wrists_side() -> None:
    region = region_of_recrop(np.array([50.0, 50.0]), np.array([50.0, 90.0]))
    assert (region.x, region.y, region.size, region.rotation) == (50, 50, 80, 0)


def test_length_of_a_hand_by_the_body() -> None:
    hand = upright_hand(length=100.0)
    assert hand_length(hand[0], hand[5], hand[17]) == pytest.approx(100, rel=0.05)
