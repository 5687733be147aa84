"""Rotation formats: every conversion can be undone, and all agree with scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation, Slerp

from posenet3d_blender.arrays import Array
from posenet3d_blender.body import rotations as r


def _axis_angles() -> Array:
    """Random axes at every kind of angle, those that break naive formulas included."""
    rng = np.random.default_rng(5)
    angles = np.concatenate([[0, 1e-12, 1e-7, 1e-3, np.pi - 1e-3, np.pi - 1e-7, np.pi], rng.uniform(0, np.pi, 200)])
    axes = rng.normal(size=(len(angles), 3))
    axes[3:6] = np.eye(3)
    axis_angles: Array = axes / np.linalg.norm(axes, axis=-1, keepdims=True) * angles[:, None]
    return axis_angles


def test_axis_angle_agrees_with_scipy() -> None:
    axis_angles = _axis_angles()
    expected = Rotation.from_rotvec(axis_angles).as_matrix()
    np.testing.assert_allclose(r.axis_angle_to_matrix(axis_angles), expected, atol=1e-12)


def test_matrix_round_trips_through_every_format() -> None:
    matrices = Rotation.from_rotvec(_axis_angles()).as_matrix().reshape(9, 23, 3, 3)
    for convert, invert in (
        (r.matrix_to_axis_angle, r.axis_angle_to_matrix),
        (r.matrix_to_quaternion, r.quaternion_to_matrix),
        (r.matrix_to_six_d, r.six_d_to_matrix),
    ):
        np.testing.assert_allclose(invert(convert(matrices)), matrices, atol=1e-12)


def test_axis_angle_comes_back_up_to_half_a_turn() -> None:
    axis_angles = _axis_angles()
    below_half_turn = np.linalg.norm(axis_angles, axis=-1) < np.pi - 1e-6
    result = r.matrix_to_axis_angle(r.axis_angle_to_matrix(axis_angles))
    np.testing.assert_allclose(result[below_half_turn], axis_angles[below_half_turn], atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(result, axis=-1), np.linalg.norm(axis_angles, axis=-1), atol=1e-9)


def test_six_d_orthonormalises_what_a_network_gives() -> None:
    matrices = r.six_d_to_matrix(np.random.default_rng(0).normal(size=(50, 6)))
    np.testing.assert_allclose(
        matrices @ np.swapaxes(matrices, -1, -2), np.broadcast_to(np.eye(3), (50, 3, 3)), atol=1e-12
    )
    np.testing.assert_allclose(np.linalg.det(matrices), 1, atol=1e-12)


def test_continuous_quaternions_never_jump() -> None:
    turns = np.linspace(0, 6 * np.pi, 200)[:, None] * np.array([0.6, 0.0, 0.8])
    quaternions = r.matrix_to_quaternion(r.axis_angle_to_matrix(turns))
    assert ((quaternions[1:] * quaternions[:-1]).sum(axis=-1) < 0).any(), "the input should hold sign flips"
    both = np.stack([quaternions, quaternions * np.where(np.arange(200) % 3 == 0, -1, 1)[:, None]], axis=1)
    continuous = r.continuous_quaternions(both)
    assert ((continuous[1:] * continuous[:-1]).sum(axis=-1) > 0.9).all()
    np.testing.assert_allclose(r.quaternion_to_matrix(continuous), r.quaternion_to_matrix(both), atol=1e-12)


def test_interpolation_agrees_with_slerp_and_holds_the_ends() -> None:
    time = np.array([0.0, 0.1, 0.35, 1.0])
    samples = Rotation.from_rotvec(np.random.default_rng(1).normal(size=(4, 3)))
    inside = np.linspace(0, 1, 31)
    result = r.interpolate_rotations(time, samples.as_matrix(), inside)
    np.testing.assert_allclose(result, Slerp(time, samples)(inside).as_matrix(), atol=1e-9)
    outside = r.interpolate_rotations(time, samples.as_matrix(), np.array([-1.0, 2.0]))
    np.testing.assert_allclose(outside, samples.as_matrix()[[0, 3]], atol=1e-12)


@pytest.mark.parametrize("count", [1, 2])
def test_interpolation_of_still_or_single_frames(count: int) -> None:
    matrices = np.broadcast_to(np.eye(3), (count, 24, 3, 3))
    result = r.interpolate_rotations(np.arange(count) / 30.0, matrices, np.array([0.0, 0.01, 5.0]))
    np.testing.assert_allclose(result, np.broadcast_to(np.eye(3), (3, 24, 3, 3)), atol=1e-15)


def _directions() -> Array:
    vectors = np.random.default_rng(5).normal(size=(40, 3))
    directions: Array = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return directions


@pytest.mark.parametrize("miss", [0.0, 1e-6, 1e-4, 1e-3, 0.1])
def test_the_shortest_rotation_is_one_for_nearly_opposite_directions_too(miss: float) -> None:
    """miss: radians from the opposite direction."""
    start, sideways = _directions()[:20], r.unit(np.cross(_directions()[:20], _directions()[20:]))
    end = -np.cos(miss) * start + np.sin(miss) * sideways
    rotations = r.shortest_rotation(start, end)
    np.testing.assert_allclose((rotations @ start[..., None])[..., 0], end, atol=5e-4)
    np.testing.assert_allclose(rotations @ np.swapaxes(rotations, -1, -2), np.tile(np.eye(3), (20, 1, 1)), atol=1e-6)
    np.testing.assert_allclose(np.linalg.det(rotations), 1, atol=1e-6)


def test_directions_turn_onto_the_axis_the_shortest_way() -> None:
    directions = _directions()[_directions()[:, 2] > -0.9]
    expected = r.shortest_rotation(directions, np.array([0.0, 0, 1]))
    np.testing.assert_allclose(r.rotation_onto_z(directions), expected, atol=1e-12)
    assert r.rotation_onto_z(directions.astype(np.float32)).dtype == np.float32
