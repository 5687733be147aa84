"""Paths on the ground and headings."""

from __future__ import annotations

import numpy as np
import pytest

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.motion_edit.heading import about_z, headings
from posenet3d_blender.motion_edit.root_motion import ground_path

UPRIGHT = axis_angle_to_matrix(np.array([np.pi / 2, 0, 0]))
"""From the body's frame (Y up, +Z front) to the world (Z up, -Y front)."""


def facing(angles: Array) -> Array:
    return about_z(angles) @ UPRIGHT


def test_headings_go_on_over_full_turns() -> None:
    angles = np.linspace(0.5, 20, 300)
    np.testing.assert_allclose(headings(facing(angles)), angles, atol=1e-9)


@pytest.mark.parametrize("bow", [-1.2, 0.0, 0.8, 1.2])
def test_bowing_does_not_change_the_heading(bow: float) -> None:
    angles = np.full(3, 0.7)
    bowed = facing(angles) @ axis_angle_to_matrix(np.array([bow, 0, 0]))
    np.testing.assert_allclose(headings(bowed), angles, atol=1e-9)


def test_a_roll_on_the_ground_keeps_the_heading_between() -> None:
    """Lying on a side, with the front to the ground, there is none."""
    angles = np.linspace(0, 1, 11)
    rotations = facing(angles)
    rotations[4:7] = axis_angle_to_matrix(np.array([0, 0, 0.3])) @ np.array([[0, 1, 0], [0, 0, -1], [-1, 0, 0]])
    given = headings(rotations)
    assert np.abs(np.diff(given)).max() < 2.5
    np.testing.assert_allclose(given[[0, 1, 2, 8, 9, 10]], angles[[0, 1, 2, 8, 9, 10]], atol=1e-9)


def test_the_path_is_smooth_on_the_ground_and_exact_at_both_ends() -> None:
    time = np.arange(120) / 30
    walk = np.stack([0.03 * np.sin(2 * np.pi * 2 * time), -1.2 * time, 0.9 + 0.02 * np.sin(20 * time)], axis=-1)
    path = ground_path(walk, facing(0.1 * np.sin(2 * np.pi * time)), 30.0)
    np.testing.assert_allclose(path.position[:, 2], 0)
    np.testing.assert_allclose(path.position[[0, -1], :2], walk[[0, -1], :2], atol=1e-9)
    assert np.abs(path.position[20:-20, 0]).max() < 0.01, "the sway of the hips stays in the hips"
    np.testing.assert_allclose(path.position[:, 1], walk[:, 1], atol=1e-9)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_short_paths(count: int) -> None:
    pelvis = np.arange(3.0 * count).reshape(count, 3)
    path = ground_path(pelvis, facing(np.zeros(count)), 30.0)
    np.testing.assert_allclose(path.position[[0, -1], :2], pelvis[[0, -1], :2], atol=1e-9)
