"""Hips and feet that keep the legs' directions and the planted feet at once, on made-up legs, without Blender."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from posenet3d_blender.arrays import Array
from posenet3d_blender.retargeting.feet import BALL, HEEL, FootTargets, foot_at_rest
from posenet3d_blender.retargeting.leg_solver import Leg, LegCorrection, correct_legs
from posenet3d_blender.retargeting.vectors import rotate

RATE = 30.0
FOOT = foot_at_rest(np.array([0.0, 0.0, 0.1]), np.array([0.0, -0.15, 0.02]), 1.0)
THIGH = SHIN = 0.45


def standing(count: int, knee_degrees: float = 20.0, at: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Array:
    """(count, 3) ankle below a hip at (0, 0, 1) by a leg bent like this, moved by `at`."""
    length = 2 * THIGH * np.cos(np.radians(knee_degrees / 2))
    return np.tile(np.add(at, [0.0, 0.0, 1.0 - length]), (count, 1))


def leg(ankle: Array, planted: NDArray[np.bool_] | None = None) -> Leg:
    count = len(ankle)
    planted = np.ones(count, dtype=bool) if planted is None else planted
    targets = FootTargets(planted, np.zeros(count), planted[:-1] & planted[1:])
    hip = np.tile([0.0, 0.0, 1.0], (count, 1))
    return Leg(hip, ankle, THIGH, SHIN, np.tile(np.eye(3), (count, 1, 1)), FOOT, targets)


def soles(one: Leg, side: int, found: LegCorrection) -> Array:
    """(T, 2, 3) heel and ball as corrected."""
    arms = rotate(found.tilts[:, side, None], FOOT.points[[HEEL, BALL]] - FOOT.ankle)
    corrected: Array = (one.ankle + found.hips + found.ankles[:, side])[:, None] + arms
    return corrected


def bend(one: Leg, side: int, found: LegCorrection) -> Array:
    """(T,) degrees that the leg's line and its knee turn."""
    before, after = one.ankle - one.hip, one.ankle + found.ankles[:, side] - one.hip
    lengths = [np.linalg.norm(line, axis=-1) for line in (before, after)]
    knees = [np.arccos(np.clip(length / (2 * THIGH), -1, 1)) for length in lengths]
    swing = np.arccos(np.clip((before * after).sum(axis=-1) / (lengths[0] * lengths[1]), -1, 1))
    turned: Array = np.degrees(swing + np.abs(knees[1] - knees[0]))
    return turned


@pytest.mark.parametrize("count", [1, 2, 3, 20])
def test_feet_that_stand_right_are_left_alone(count: int) -> None:
    found = correct_legs([leg(standing(count)), leg(standing(count))], RATE)
    lift = 0.1 - standing(1)[0, 2]  # both feet float, or sink, by the same height: the hips alone mend it
    np.testing.assert_allclose(found.hips, np.tile([0, 0, lift], (count, 1)), atol=2e-3)
    np.testing.assert_allclose(found.ankles, 0, atol=1e-3)


def test_feet_in_the_air_change_nothing() -> None:
    air = np.zeros(20, dtype=bool)
    legs = [leg(standing(20, at=(0, 0, 0.2)), air), leg(standing(20, at=(0, -0.1, 0.3)), air)]
    found = correct_legs(legs, RATE)
    np.testing.assert_allclose(found.hips, 0, atol=1e-9)
    np.testing.assert_allclose(found.ankles, 0, atol=1e-9)
    np.testing.assert_allclose(found.tilts, np.broadcast_to(np.eye(3), found.tilts.shape), atol=1e-9)


def test_two_planted_feet_that_differ_in_height_share_the_error() -> None:
    """One floats by 1 cm for legs nearly straight, where a millimetre is a degree."""
    count = 30
    flat = standing(count, 8.0)
    flat[:, 2] = 0.1
    legs = [leg(flat), leg(np.add(flat, [0, 0, 0.01]))]
    for one in legs:
        one.hip[:, 2] = 0.1 + 2 * THIGH * np.cos(np.radians(4.0))
    found = correct_legs(legs, RATE)
    for side, one in enumerate(legs):
        lowest = soles(one, side, found)[..., 2].min(axis=1)
        assert np.abs(lowest).max() < 5e-3
        assert bend(one, side, found).max() < 5


def test_a_foot_that_slides_is_held_and_its_correction_never_jumps() -> None:
    """The source's foot creeps through its contact, and is in the air before and after; the other one stands."""
    count = 60
    planted = np.zeros(count, dtype=bool)
    planted[20:40] = True
    creeping = standing(count)
    creeping[:, 2] = 0.1
    other = creeping.copy()
    creeping[:, 1] -= np.linspace(0, 0.15, count)
    creeping[:, 2] += np.where(planted, 0.0, 0.05)
    legs = [leg(creeping, planted), leg(other)]
    found = correct_legs(legs, RATE)
    ball = soles(legs[0], 0, found)[planted, 1, :2]
    assert np.ptp(legs[0].ankle[planted, 1]) > 0.04
    assert np.ptp(ball, axis=0).max() < 2e-3
    assert np.ptp(soles(legs[1], 1, found)[:, 1, :2], axis=0).max() < 4e-3
    correction = found.ankles[:, 0]
    assert np.ptp(correction[:, 1]) > 0.02
    assert np.linalg.norm(np.diff(correction, axis=0), axis=-1).max() < 4e-3
    assert np.linalg.norm(np.diff(correction, 2, axis=0), axis=-1).max() < 4e-3
    assert max(bend(one, side, found).max() for side, one in enumerate(legs)) < 5


def test_a_foot_never_goes_through_the_floor() -> None:
    air = np.zeros(30, dtype=bool)
    sinking = standing(30)
    sinking[:, 2] = 0.15
    sinking[12:18, 2] = 0.08
    legs = [leg(sinking, air), leg(standing(30, at=(0, 0, 0.5)), air)]
    found = correct_legs(legs, RATE)
    assert (sinking[:, 2] - 0.1).min() < -0.015
    assert soles(legs[0], 0, found)[..., 2].min() > -5e-3
