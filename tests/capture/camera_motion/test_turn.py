"""Turns and zooms between two views are found exactly, among points that move by themselves."""

from __future__ import annotations

import numpy as np
import pytest

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.capture.camera_motion.turn import angle_of, fit_turn, parallax_errors, project

FOCAL_LENGTH = 500.0


def views(turn: Array, zoom: float, strays: float = 0.0, noise: float = 0.0) -> tuple[Array, Array]:
    """The same 200 far points before and after a turn (3,), radians; some part of them strays."""
    rng = np.random.default_rng(3)
    before = rng.uniform([-320, -180], [320, 180], (200, 2))
    rays = np.column_stack([before / FOCAL_LENGTH, np.ones(200)])
    after = project(rays, axis_angle_to_matrix(turn), zoom * FOCAL_LENGTH)
    after += rng.normal(0, noise, after.shape) if noise else 0.0
    after[: round(200 * strays)] += (35.0, -12.0)
    return before, after


@pytest.mark.parametrize("turn", [(0.0, 0.0, 0.0), (0.0, 0.2, 0.0), (-0.1, 0.05, 0.3), (0.002, -0.001, 0.0)])
@pytest.mark.parametrize("zoom", [1.0, 1.3, 0.8])
def test_a_turn_and_zoom_is_found(turn: tuple[float, float, float], zoom: float) -> None:
    found = fit_turn(*views(np.array(turn), zoom), FOCAL_LENGTH)
    assert np.degrees(angle_of(found.rotation @ axis_angle_to_matrix(np.array(turn)).T)) < 0.01
    assert found.zoom == pytest.approx(zoom, rel=1e-3)
    assert found.errors.max() < 0.3


def test_strays_and_noise_do_little() -> None:
    turn = np.array([0.03, -0.08, 0.02])
    found = fit_turn(*views(turn, 1.0, strays=0.3, noise=0.3), FOCAL_LENGTH)
    assert np.degrees(angle_of(found.rotation @ axis_angle_to_matrix(turn).T)) < 0.03
    assert np.median(found.errors) < 0.6
    assert found.errors[:60].min() > 20


def test_near_points_of_a_camera_that_travels_are_no_strays() -> None:
    rng = np.random.default_rng(1)
    points = np.column_stack([rng.uniform(-4, 4, 200), rng.uniform(-2, 2, 200), np.full(200, 8.0)])
    points[:30] *= 0.3
    turn, place = axis_angle_to_matrix(np.array([0.01, -0.05, 0.0])), np.array([0.4, 0.02, 0.05])
    before, after = (FOCAL_LENGTH * seen[:, :2] / seen[:, 2:] for seen in (points, (points - place) @ turn.T))
    after[-20:] += (10.0, 25.0)
    found = fit_turn(before, after, FOCAL_LENGTH)
    assert found.errors[:30].min() > 20
    off = parallax_errors(before, after, FOCAL_LENGTH, found)
    assert np.median(off[:30]) < 2
    assert off[-20:].min() > 10


def test_a_lens_may_be_held() -> None:
    found = fit_turn(*views(np.array([0.0, 0.1, 0.0]), 1.1), FOCAL_LENGTH, may_zoom=False)
    assert found.zoom == 1.0
