"""The footage's clock: from the timestamps that a file has for its frames, wrong ones among them, to rising seconds."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ....arrays import Array

LONGEST_PAUSE: Final = 10.0
"""Seconds; a longer step from frame to frame is a clock that was set anew, or a recording that begins anew."""
TRANSIENT_FRAMES: Final = 5
"""A clock that jumps and comes back within so many frames has wrong times there; later it was set anew."""
SHORTEST_PART: Final = 3
"""Frames at the end that make a part of their own; fewer have wrong timestamps."""
MOST_WRONG: Final = 0.1
"""Part of the timestamps that may be wrong one by one; more of them are in the order of another list of frames."""


@dataclass(frozen=True)
class Jump:
    """A place where the file's clock was set anew; the parts are joined there one frame apart."""

    frame: int
    """The first frame after it."""
    seconds: float
    """By which the file's clock jumps, negative where it goes back."""


@dataclass(frozen=True)
class Clock:
    """When each frame is shown."""

    time: Array
    """(N,) seconds since the first frame, strictly rising."""
    jumps: tuple[Jump, ...] = ()
    mended: int = 0
    """How many frames had no timestamp or a wrong one, and were put between their neighbours."""


def clock_of(stamps: Sequence[int | None], tick: float, overflow: int = 0) -> Clock | None:
    """Read the clock of frames in the order in which they are shown.

    Args:
        stamps: each frame's timestamp in ticks; None where the file has none.
        tick: seconds.
        overflow: ticks after which the file's clock begins at 0 again, so that a jump may be meant the other way round;
            0: it does not.

    Returns:
        The clock; None where the timestamps are no use.
    """
    raw = np.array([np.nan if stamp is None else stamp for stamp in stamps], dtype=np.float64)
    known = np.isfinite(raw)
    if known.sum() < 2 or known.mean() < 0.5:
        return None
    raw = (raw - raw[known][0]) * tick
    steps = np.diff(raw)
    if (steps > 0).all() and (steps <= LONGEST_PAUSE).all():
        return Clock(raw)
    half = overflow * tick / 2
    sound = steps[(steps > 0) & (steps <= LONGEST_PAUSE)]
    if not len(sound):
        return None
    raw, starts = _parts(raw)
    clock = _joined(raw, starts, float(np.median(sound)))
    if clock is None or not overflow:
        return clock
    jumps = (replace(jump, seconds=float(np.remainder(jump.seconds + half, 2 * half) - half)) for jump in clock.jumps)
    return replace(clock, jumps=tuple(jumps))


def _joined(raw: Array, starts: list[int], period: float) -> Clock | None:
    """Mend each part and set the parts one after the other.

    Args:
        raw: (N,) seconds; NaN where unknown.
        starts: the first frame of each part.
        period: seconds between two frames.
    """
    parts: list[Array] = []
    jumps: list[Jump] = []
    mended = 0
    for start, stop in zip(starts, [*starts[1:], len(raw)], strict=True):
        part, wrong = _mend(raw[start:stop], period)
        if part is None:
            return None
        if parts:
            earlier = raw[:start][np.isfinite(raw[:start])][-1]
            later = raw[start:][np.isfinite(raw[start:])][0]
            jumps.append(Jump(start, float(later - earlier)))
            part = part - part[0] + parts[-1][-1] + period
        parts.append(part)
        mended += wrong
    time = np.concatenate(parts)
    return Clock(time - time[0], tuple(jumps), mended)


def _parts(raw: Array) -> tuple[Array, list[int]]:
    """Find where the clock jumps for good.

    Returns:
        (N,) the times, NaN where the clock is far ahead for a few frames only; and the first frame of each part.
    """
    raw, starts = raw.copy(), [0]
    recent: list[float] = []
    for frame, time in enumerate(raw):
        if not np.isfinite(time):
            continue
        if not recent or _goes_on(recent[-1], time):
            recent = [*recent[-TRANSIENT_FRAMES:], time]
            continue
        last = recent[-1]
        comes_back = any(_goes_on(last, later) for later in raw[frame + 1 : frame + 1 + TRANSIENT_FRAMES])
        was_ahead = [earlier for earlier in recent if _goes_on(earlier, time)]
        if was_ahead and time < last:
            recent = [*was_ahead, time]
        elif not comes_back and len(raw) - frame >= SHORTEST_PART:
            starts.append(frame)
            recent = [time]
        elif time > last:
            raw[frame] = np.nan
    return raw, starts


def _goes_on(earlier: float, later: float) -> bool:
    return 0 <= later - earlier <= LONGEST_PAUSE


def _mend(part: Array, period: float) -> tuple[Array | None, int]:
    """Replace what does not rise by what lies evenly between its neighbours.

    Args:
        part: (M,) seconds without a jump for good.
        period: seconds between two frames.

    Returns:
        (M,) seconds, strictly rising, or None where that can't be had; and how many were replaced.
    """
    good = _prefer_even(part, _rising(part))
    if good.mean() < 1 - MOST_WRONG and np.isfinite(part).all():
        part = np.sort(part)  # the file has them in the order of its packets, not of its pictures
        good = np.diff(part, prepend=-np.inf) > 0
    if good.mean() < 0.5:
        return None, 0
    frames = np.arange(len(part))
    known = frames[good]
    mended = np.interp(frames, known, part[good])
    mended += (np.minimum(frames - known[0], 0) + np.maximum(frames - known[-1], 0)) * period
    return mended, int((~good).sum())


def _rising(part: Array) -> NDArray[np.bool_]:
    """(M,) mask of the longest strictly rising run of times, gaps allowed; of equal ones the first counts."""
    ends: list[float] = []
    end_frames: list[int] = []
    before: dict[int, int | None] = {}
    for frame, time in enumerate(part):
        if not np.isfinite(time):
            continue
        place = bisect_left(ends, time)
        if place < len(ends) and ends[place] == time:
            continue
        before[frame] = end_frames[place - 1] if place else None
        ends[place : place + 1] = [float(time)]
        end_frames[place : place + 1] = [frame]
    mask = np.zeros(len(part), dtype=bool)
    frame_or_none = end_frames[-1] if end_frames else None
    while frame_or_none is not None:
        mask[frame_or_none] = True
        frame_or_none = before[frame_or_none]
    return mask


def _prefer_even(part: Array, good: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(M,) the mask, where of two neighbours either could be the wrong one, with that one left out that is less even.

    A step back does not say which of its two times is wrong.
    """
    good = good.copy()
    for wrong in np.flatnonzero(~good & np.isfinite(part)):
        for neighbour in (wrong - 1, wrong + 1):
            before, after = min(wrong, neighbour) - 1, max(wrong, neighbour) + 1
            if before < 0 or after >= len(part) or not (good[before] and good[neighbour] and good[after]):
                continue
            even = np.interp([wrong, neighbour], [before, after], [part[before], part[after]])
            off = np.abs(part[[wrong, neighbour]] - even)
            if part[before] < part[wrong] < part[after] and off[0] < off[1]:
                good[wrong], good[neighbour] = True, False
                break
    return good
