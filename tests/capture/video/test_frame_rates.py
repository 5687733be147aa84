"""Standard rates of footage."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from posenet3d_blender.capture.video.frame_rates import rate_of_number, sample_times, standard_rate
from posenet3d_blender.errors import PoseNet3DError


@pytest.mark.parametrize("rate", [24, 25, 30, 48, 50, 60, 90, 100, 120, 240])
def test_whole_rates(rate: int) -> None:
    assert standard_rate(np.arange(100) / rate) == rate


@pytest.mark.parametrize("rate", [Fraction(24_000, 1001), Fraction(30_000, 1001), Fraction(60_000, 1001)])
def test_television_rates_also_when_rounded_to_milliseconds(rate: Fraction) -> None:
    time = np.arange(300) / float(rate)
    assert standard_rate(time) == rate
    assert standard_rate(np.round(time, 3)) == rate


def test_whole_rate_rounded_to_milliseconds() -> None:
    assert standard_rate(np.round(np.arange(300) / 30, 3)) == 30


@pytest.mark.parametrize(("real", "standard"), [(59.34, 60), (29.6, 30), (23.8, 24), (14.9, 15), (118.0, 120)])
def test_odd_rates_go_to_the_nearest(real: float, standard: int) -> None:
    assert standard_rate(np.arange(100) / real) == standard


def test_a_pause_does_not_count() -> None:
    time = np.concatenate([np.arange(50), np.arange(50) + 500]) / 30
    assert standard_rate(time) == 30


def test_samples_cover_the_frames() -> None:
    time = np.array([0.2, 0.233, 0.27, 0.3, 0.34, 0.4])
    samples = sample_times(time, Fraction(30))
    np.testing.assert_allclose(samples, 0.2 + np.arange(7) / 30)


def test_samples_of_even_footage_are_its_frames() -> None:
    time = np.arange(807) / 60
    np.testing.assert_allclose(sample_times(time, Fraction(60)), time)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [(29.97, Fraction(30000, 1001)), (23.976, Fraction(24000, 1001)), (30.0, Fraction(30)), (12.5, Fraction(25, 2))],
)
def test_typed_rates_mean_what_editors_mean(typed: float, meant: Fraction) -> None:
    assert rate_of_number(typed) == meant


@pytest.mark.parametrize("typed", [0.5, 1001.0])
def test_a_rate_that_no_footage_has_is_refused(typed: float) -> None:
    with pytest.raises(PoseNet3DError, match=rf"A frame rate of {typed:g}; give one between 1 and 1000 frames"):
        rate_of_number(typed)
