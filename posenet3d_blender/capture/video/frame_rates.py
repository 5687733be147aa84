"""Constant frame rates of footage, and even sample times."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import numpy as np

from ...arrays import Array
from ...errors import PoseNet3DError

WHOLE_RATES: Final = tuple(
    Fraction(rate)
    for rate in (6, 8, 10, 12, 15, 20, 24, 25, 30, 48, 50, 60, 90, 100, 120, 144, 200, 240, 300, 480, 960)
)
TELEVISION_RATES: Final = tuple(Fraction(1000 * rate, 1001) for rate in (12, 15, 24, 30, 48, 60, 120, 240, 480, 960))
"""23.976, 29.97 and 59.94, their halves, and their multiples in slow motion (119.88, 239.76)."""
LOWEST_RATE: Final = 1.0
HIGHEST_RATE: Final = 1000.0
"""Frames per second that users may state."""
GRID_TOLERANCE: Final = 1.1e-3
"""Seconds; some files round their timestamps to milliseconds."""
LARGEST_OVERSHOOT: Final = 0.3
"""Frames by which the last sample may lie after the last frame, whose time is rounded."""


def standard_rate(time: Array) -> Fraction:
    """The standard frame rate nearest to the footage's own, so that editors and FBX importers keep keys on frames.

    Television's rates (23.976, 29.97 and the like) only where every frame lies on that rate's grid and not on the whole
    rate's.

    Args:
        time: (N,) seconds, strictly rising, at least two.
    """
    median_rate = 1 / float(np.median(np.diff(time)))
    for rate in TELEVISION_RATES:
        whole = rate * Fraction(1001, 1000)
        off_grid = _largest_deviation(time, rate)
        if off_grid <= GRID_TOLERANCE and off_grid < _largest_deviation(time, whole):
            return rate
    return min(WHOLE_RATES, key=lambda rate: abs(np.log(float(rate) / median_rate)))


def rate_of_number(rate: float) -> Fraction:
    """The frame rate that a user means by a number: 29.97 and the like are television's 30000/1001.

    Raises:
        PoseNet3DError: no footage has it.
    """
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise PoseNet3DError(
            f"A frame rate of {rate:g}; give one between {LOWEST_RATE:g} and {HIGHEST_RATE:g} frames per second"
        )
    for television in TELEVISION_RATES:
        if abs(rate - float(television)) < 0.005:
            return television
    return Fraction(rate).limit_denominator(1000)


def sample_times(time: Array, rate: Fraction) -> Array:
    """(T,) seconds: an even grid at `rate` from the first to (about) the last of the frames' times (N,)."""
    return sample_times_between(float(time[0]), float(time[0]), float(time[-1]), rate)


def sample_times_between(origin: float, first: float, last: float, rate: Fraction) -> Array:
    """(T,) seconds: the samples from (about) `first` to `last` of an even grid at `rate` that passes through `origin`.

    At least one, the nearest to both.
    """
    # rounded timestamps must not lose the last sample
    overshoot = min(LARGEST_OVERSHOOT, GRID_TOLERANCE * float(rate))
    begin = int(np.ceil((first - origin) * float(rate) - overshoot))
    end = int(np.floor((last - origin) * float(rate) + overshoot))
    if end < begin:
        begin = end = round(((first + last) / 2 - origin) * float(rate))
    times: Array = origin + np.arange(begin, end + 1) / float(rate)
    return times


def _largest_deviation(time: Array, rate: Fraction) -> float:
    """Seconds by which frames lie off an even grid at `rate` that starts with the first one."""
    grid = np.arange(len(time)) / float(rate)
    return float(np.abs(time - time[0] - grid).max())
