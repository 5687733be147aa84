"""Clocks of files: timestamps that repeat, run backwards, are missing or start anew."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from posenet3d_blender.capture.video.sources.clock import Clock, clock_of

MILLISECOND = 1 / 1000
EVEN = [round(1000 * frame / 30) for frame in range(40)]


def read(stamps: Sequence[int | None], tick: float = MILLISECOND) -> Clock:
    clock = clock_of(stamps, tick)
    assert clock is not None
    assert (np.diff(clock.time) > 0).all()
    assert len(clock.time) == len(stamps)
    return clock


def assert_even(clock: Clock, tolerance: float = 0.0011) -> None:
    np.testing.assert_allclose(clock.time, np.arange(len(clock.time)) / 30, atol=tolerance)


def test_a_good_clock_stays_as_it_is() -> None:
    clock = read([7 + stamp for stamp in EVEN])
    np.testing.assert_allclose(clock.time, np.array(EVEN) / 1000)
    assert (clock.jumps, clock.mended) == ((), 0)


def test_a_pause_of_some_seconds_stays() -> None:
    clock = read([*EVEN[:20], *(stamp + 9000 for stamp in EVEN[20:])])
    assert clock.time[-1] == pytest.approx(EVEN[-1] / 1000 + 9)
    assert not clock.jumps


@pytest.mark.parametrize(
    "wrong",
    [EVEN[9], EVEN[8], EVEN[10] - 60, EVEN[10] + 400, EVEN[10] + 3_600_000, EVEN[10] - 3_600_000, None],
    ids=["repeats", "goes back", "goes back a little", "ahead", "an hour ahead", "an hour back", "missing"],
)
def test_one_wrong_timestamp_is_mended(wrong: int | None) -> None:
    clock = read([*EVEN[:10], wrong, *EVEN[11:]])
    assert_even(clock)
    assert (clock.jumps, clock.mended) == ((), 1)


@pytest.mark.parametrize("frame", [0, 1, 38, 39])
def test_wrong_timestamps_at_the_ends_are_mended(frame: int) -> None:
    clock = read([None if index == frame else stamp for index, stamp in enumerate(EVEN)])
    assert_even(clock, 0.002)
    assert clock.mended == 1


def test_a_repeated_timestamp_before_a_longer_step_lies_in_the_middle() -> None:
    """The second of 33 and 33 before 100: it was shown at 67."""
    assert read([0, 33, 33, 100, 133, 167]).time[2] == pytest.approx(0.0665)


@pytest.mark.parametrize("offset", [3_600_000, -EVEN[20], -600_000], ids=["an hour on", "from 0 again", "back"])
def test_a_clock_set_anew_goes_on_without_a_gap(offset: int) -> None:
    clock = read([600_000 + stamp + (offset if frame >= 20 else 0) for frame, stamp in enumerate(EVEN)])
    assert_even(clock, 0.003)
    (jump,) = clock.jumps
    assert jump.frame == 20
    assert jump.seconds == pytest.approx(offset / 1000 + 1 / 30, abs=0.001)
    assert clock.mended == 0


def test_a_clock_set_anew_twice() -> None:
    clock = read([*EVEN, *EVEN, *(stamp + 86_400_000 for stamp in EVEN)])
    assert_even(clock, 0.005)
    assert [jump.frame for jump in clock.jumps] == [40, 80]


def test_timestamps_in_the_order_of_packets() -> None:
    """What AVI files with B-frames give: each group's times, shuffled as its pictures are stored."""
    shuffled = [4 * group + place for group in range(10) for place in (0, 3, 2, 1)]
    clock = read(shuffled, 1 / 30)
    assert_even(clock)
    assert (clock.jumps, clock.mended) == ((), 0)


@pytest.mark.parametrize(
    "stamps", [[None] * 9, [0] * 9, [5, None, None, None, 6], [9, 8, 7, 6, 5, 4, 3, 2, 1], []], ids=str
)
def test_useless_timestamps(stamps: list[int | None]) -> None:
    assert clock_of(stamps, MILLISECOND) is None
