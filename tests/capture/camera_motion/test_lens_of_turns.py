"""The lens of a camera that turns is found where the guess is far off; not where it travels or hardly turns."""

from __future__ import annotations

import numpy as np
import pytest

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.capture.camera_motion.lens_of_turns import ViewPair, ViewPairs, lens_of_turns

LENS = 900.0


def views(turn: Array, place: Array, seed: int = 0) -> ViewPair:
    """Points at 4 to 20 m, 0.3 pixels off, before and after a turn (3,), radians, and a way (3,), metres."""
    rng = np.random.default_rng(seed)
    before = rng.uniform([-320, -180], [320, 180], (300, 2))
    points = np.column_stack([before / LENS, np.ones(300)]) * rng.uniform(4, 20, 300)[:, None]
    seen = (points - place) @ axis_angle_to_matrix(turn).T
    return ViewPair(before, LENS * seen[:, :2] / seen[:, 2:] + rng.normal(0, 0.3, (300, 2)))


def pans(place: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> list[ViewPair]:
    """Five views of a camera that turns by 8 degrees, and moves aside, between each two key pictures."""
    kept = ViewPairs()
    for seed in range(5):
        for part in (0.1, 1.0, 0.5):
            kept.update(views(part * np.radians(8) * np.array([0.1, -1.0, 0.05]), part * np.array(place), seed))
        kept.set_key()
    return kept.kept


@pytest.mark.parametrize("guess", [0.4 * LENS, 0.7 * LENS, 1.6 * LENS])
def test_a_wrong_guess_is_mended(guess: float) -> None:
    assert lens_of_turns(pans(), guess) == pytest.approx(LENS, rel=0.03)


def test_a_good_guess_stays() -> None:
    assert lens_of_turns(pans(), 1.04 * LENS) is None


def test_parallax_tells_no_lens() -> None:
    assert lens_of_turns(pans((0.5, 0.0, 0.0)), 0.6 * LENS) is None


def test_small_turns_tell_no_lens() -> None:
    kept = ViewPairs()
    kept.update(views(np.radians([0.0, 1.0, 0.0]), np.zeros(3)))
    kept.set_key()
    assert lens_of_turns(kept.kept, 0.6 * LENS) is None
