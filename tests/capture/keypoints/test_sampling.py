"""Sampling 2D joints at even moments."""

from __future__ import annotations

import numpy as np
import pytest

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.camera import CameraPath
from posenet3d_blender.capture.keypoints.keypoints import KEYPOINT_COUNT, Keypoints
from posenet3d_blender.capture.keypoints.sampling import sample_keypoints


def straight_line(time: Array) -> Keypoints:
    points = np.zeros((len(time), KEYPOINT_COUNT, 2)) + time[:, None, None] * (100.0, -50.0) + (360.0, 640.0)
    return Keypoints(time, points, np.ones((len(time), KEYPOINT_COUNT)), (720, 1280))


@pytest.mark.parametrize("rate", [12.0, 24.0, 29.97, 60.0, 120.0])
def test_a_steady_move_stays_steady_whatever_the_footage_rate(rate: float) -> None:
    sampled = sample_keypoints(straight_line(np.arange(int(2 * rate)) / rate), 30.0, 1000.0)
    inside = slice(2, -2)
    np.testing.assert_allclose(sampled.rays[inside, 0, 0], 0.1 * sampled.time[inside], atol=2e-3)
    steps = np.diff(sampled.time)
    np.testing.assert_allclose(steps, steps[0])
    np.testing.assert_allclose(steps, 1 / 30, rtol=0.02)
    assert sampled.time[-1] == pytest.approx((int(2 * rate) - 1) / rate), "the last sample is the last frame"


def test_uneven_times_are_obeyed() -> None:
    time = np.cumsum(np.random.default_rng(0).uniform(0.01, 0.03, 120))
    sampled = sample_keypoints(straight_line(time), 30.0, 1000.0)
    inside = slice(2, -2)
    np.testing.assert_allclose(sampled.rays[inside, 3, 1], -0.05 * sampled.time[inside], atol=1e-3)


def test_what_is_not_seen_does_not_count() -> None:
    keypoints = straight_line(np.arange(60) / 60)
    keypoints.confidence[10:30, 5] = 0
    keypoints.points[10:30, 5] = 1e6
    keypoints.confidence[40, 6] = 0
    keypoints.points[40, 6] = -1e6
    sampled = sample_keypoints(keypoints, 30.0, 1000.0)
    assert (sampled.confidence[6:14, 5] == 0).all()
    assert np.abs(sampled.rays[sampled.confidence > 0]).max() < 1
    assert sampled.confidence[20, 6] > 0


def test_a_hands_shake_is_not_averaged() -> None:
    """What stands in the world stands, although a zooming camera shakes by a degree from picture to picture."""
    time = np.arange(60) / 60
    rng = np.random.default_rng(0)
    path = CameraPath(time, 1000 + 200 * time, (720, 1280), np.tile(np.eye(4), (60, 1, 1)))
    path.world_to_camera[:, :3, :3] = axis_angle_to_matrix(rng.normal(0, np.radians(1), (60, 3)))
    points = rng.uniform(-1, 1, (KEYPOINT_COUNT, 3)) + np.array([0.0, 0.0, 5.0])
    keypoints = Keypoints(time, path.project(np.tile(points, (60, 1, 1))), np.ones((60, KEYPOINT_COUNT)), (720, 1280))
    sampled = sample_keypoints(keypoints, 30.0, path)
    in_camera = sampled.in_camera(np.tile(points, (len(sampled.time), 1, 1)))
    np.testing.assert_allclose(sampled.rays, in_camera[..., :2] / in_camera[..., 2:], atol=1e-6)
