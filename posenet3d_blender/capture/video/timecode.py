"""Times of the footage for people, as players show them."""

from __future__ import annotations


def timecode(seconds: float) -> str:
    """Minutes and seconds, with hours where there are any: 0:02.0, 1:02:03.4."""
    tenths = max(0, round(seconds * 10))
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    rest = f"{tenths // 10:02}.{tenths % 10}"
    return f"{hours}:{minutes:02}:{rest}" if hours else f"{minutes}:{rest}"


def timespan(first: float, last: float) -> str:
    """From one time to another, seconds."""
    return f"{timecode(first)} to {timecode(last)}"
