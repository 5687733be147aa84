"""Two-bone inverse kinematics and contacts, without Blender."""

from __future__ import annotations

import numpy as np

from posenet3d_blender.arrays import Array
from posenet3d_blender.motion_edit.contacts import contact_intervals
from posenet3d_blender.retargeting.limb_ik import bend_limb
from posenet3d_blender.retargeting.vectors import rotate, smooth


def bent_leg() -> tuple[Array, Array, Array]:
    top = np.zeros((1, 3))
    return top, np.array([[0, -0.1, -0.4]]), np.array([[0, 0, -0.8]])


def test_a_limb_reaches_its_goal_and_keeps_its_plane() -> None:
    top, middle, end = bent_leg()
    goal = np.array([[0.05, -0.1, -0.7]])
    still = np.eye(3)[None]
    upper, lower = bend_limb(top, middle, end, goal, still, still, np.array([[0.0, -1, 0]]))
    knee = top + rotate(upper, middle - top)
    np.testing.assert_allclose(knee + rotate(lower, end - middle), goal, atol=1e-9)
    assert knee[0, 1] < goal[0, 1] / 2


def test_a_limb_at_its_goal_stays() -> None:
    top, middle, end = bent_leg()
    still = np.eye(3)[None]
    upper, lower = bend_limb(top, middle, end, end, still, still, np.array([[0.0, -1, 0]]))
    np.testing.assert_allclose(upper, still, atol=1e-6)
    np.testing.assert_allclose(lower, still, atol=1e-6)


def test_a_goal_out_of_reach_straightens_the_limb_towards_it() -> None:
    top, middle, end = bent_leg()
    still = np.eye(3)[None]
    upper, lower = bend_limb(top, middle, end, np.array([[0, 0, -5.0]]), still, still, np.array([[0.0, -1, 0]]))
    reached = rotate(upper, middle - top) + rotate(lower, end - middle)
    np.testing.assert_allclose(reached[0, :2], 0, atol=1e-6)
    assert reached[0, 2] < -0.82


def test_a_limb_without_length_stays() -> None:
    """An arm whose bones all begin at one place: its hand can reach nothing."""
    nowhere, still = np.ones((1, 3)), np.eye(3)[None]
    front = np.array([[0.0, -1, 0]])
    for lower in bend_limb(nowhere, nowhere, nowhere, np.zeros((1, 3)), still, still, front):
        np.testing.assert_array_equal(lower, still)


def test_short_contacts_and_short_gaps_are_noise() -> None:
    probability = np.zeros(100)
    probability[10:40], probability[20], probability[70] = 1.0, 0.2, 0.9
    assert contact_intervals(probability, 60.0) == [slice(10, 40)]


def test_smoothing_keeps_a_constant_and_its_length() -> None:
    np.testing.assert_allclose(smooth(np.full((30, 2), 3.0), 2.5), 3.0)
    assert smooth(np.arange(3.0), 5.0).shape == (3,)
