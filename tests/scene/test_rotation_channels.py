"""Rotations as channels of Blender's rotation modes."""

from __future__ import annotations

import numpy as np
import pytest
from mathutils import Euler, Matrix

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.rotations import axis_angle_to_quaternion
from posenet3d_blender.scene.rotation_channels import angles_between, to_channels, to_quaternions

ORDERS = ("XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX")


@pytest.fixture
def tumbling() -> Array:
    """(600, 4) through many turns, in both signs."""
    steps = np.linspace(0, 12, 600)
    turns: Array = 4.0 * np.column_stack([np.sin(steps), np.cos(1.3 * steps), np.sin(0.7 * steps + 1)])
    quaternions = axis_angle_to_quaternion(turns)
    quaternions[::3] *= -1
    return quaternions


@pytest.mark.parametrize("mode", ["QUATERNION", "AXIS_ANGLE", *ORDERS])
def test_channels_give_the_rotation_back_and_are_continuous(tumbling: Array, mode: str) -> None:
    channels = to_channels(tumbling, mode)
    assert angles_between(to_quaternions(channels, mode), tumbling).max() < 1e-3
    assert np.abs(np.diff(channels, axis=0)).max() < np.pi


@pytest.mark.parametrize("order", ORDERS)
def test_euler_angles_are_blenders(tumbling: Array, order: str) -> None:
    channels = to_channels(tumbling, order)
    by_blender = np.array([Euler(angles, order).to_quaternion() for angles in channels])
    assert angles_between(by_blender, tumbling).max() < 0.01


def test_full_turns_go_on_counting() -> None:
    angles = np.linspace(0, 6 * np.pi, 200)
    quaternions = axis_angle_to_quaternion(angles[:, None] * np.array([0.0, 0.0, 1.0]))
    np.testing.assert_allclose(to_channels(quaternions, "XYZ")[:, 2], angles, atol=1e-9)
    np.testing.assert_allclose(np.abs(to_channels(quaternions, "AXIS_ANGLE")[:, 0]), angles, atol=1e-6)


@pytest.mark.parametrize("order", ORDERS)
def test_a_locked_gimbal_is_still_the_right_rotation(order: str) -> None:
    middle = order[1]
    locked = Matrix.Rotation(np.pi / 2, 3, middle)
    turning = [locked @ Matrix.Rotation(0.1 * step, 3, order[0]) for step in range(20)]
    quaternions = np.array([matrix.to_quaternion() for matrix in turning])
    channels = to_channels(quaternions, order)
    assert angles_between(to_quaternions(channels, order), quaternions).max() < 0.1
    assert np.abs(np.diff(channels, axis=0)).max() < 0.2


def test_angles_are_exact_for_small_turns_and_blind_to_signs() -> None:
    small = axis_angle_to_quaternion(np.array([[1e-6, 0.0, 0.0], [0.0, 0.5, 0.0]]))
    still = np.array([[1.0, 0.0, 0.0, 0.0]] * 2)
    np.testing.assert_allclose(angles_between(small, -still), np.degrees([1e-6, 0.5]), rtol=1e-6)
