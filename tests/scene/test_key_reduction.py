"""Key reduction: few keys that stay within a tolerance of every sample."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from posenet3d_blender.arrays import Array
from posenet3d_blender.scene.key_reduction import reduce_keys, slopes_of


def keys_of(values: Array, tolerance: float) -> NDArray[np.int64]:
    def deviation(samples: slice, interpolated: Array) -> Array:
        errors: Array = np.linalg.norm(interpolated - values[samples], axis=-1)
        return errors

    return reduce_keys(values, deviation, tolerance)


def largest_error(values: Array, keys: NDArray[np.int64]) -> float:
    """Error of the Bezier curve through the keys, evaluated independently of the code under test."""
    slopes, worst = slopes_of(values), 0.0
    for start, end in itertools.pairwise(keys):
        length = end - start
        for frame in range(start, end + 1):
            t = (frame - start) / length
            # Bezier points a third of the way along the slopes
            points = [
                values[start],
                values[start] + slopes[start] * length / 3,
                values[end] - slopes[end] * length / 3,
                values[end],
            ]
            weights = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3]
            on_curve = sum(weight * point for weight, point in zip(weights, points, strict=True))
            worst = max(worst, float(np.linalg.norm(on_curve - values[frame])))
    return worst


@pytest.mark.parametrize("tolerance", [0.0001, 0.001, 0.01, 0.1])
def test_every_sample_is_within_the_tolerance(tolerance: float) -> None:
    time = np.linspace(0, 10, 400)
    values = np.column_stack([np.sin(time), np.cos(2 * time), 0.1 * np.random.default_rng(0).normal(0, 0.1, 400)])
    keys = keys_of(values, tolerance)
    assert (keys[0], keys[-1]) == (0, 399)
    assert (np.diff(keys) > 0).all()
    assert largest_error(values, keys) <= tolerance


def test_a_smooth_curve_needs_far_fewer_keys() -> None:
    values = np.sin(np.linspace(0, 10, 400))[:, None]
    assert len(keys_of(values, 0.01)) < 16


def test_looser_is_never_more() -> None:
    values = np.cumsum(np.random.default_rng(1).normal(0, 1, (300, 2)), axis=0)
    counts = [len(keys_of(values, tolerance)) for tolerance in (0, 0.5, 1, 2, 4, 8)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == 300


def test_a_line_needs_its_ends_only() -> None:
    values = np.linspace([0.0, 1.0], [5.0, -3.0], 100)
    np.testing.assert_array_equal(keys_of(values, 1e-9), [0, 99])


@pytest.mark.parametrize("count", [1, 2])
def test_ends_are_always_keys(count: int) -> None:
    np.testing.assert_array_equal(keys_of(np.ones((count, 3)), 1.0), np.arange(count))
