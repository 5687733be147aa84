"""Sampling 2D joints at even moments."""

from __future__ import annotations

import numpy as np
import pytest

from posenet3d_blender.arrays import Array
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
