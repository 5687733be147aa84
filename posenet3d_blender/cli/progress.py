"""A progress bar on one line of a terminal."""

from __future__ import annotations

import time
from typing import Final, TextIO

BAR_WIDTH: Final = 30
"""Characters."""
REDRAW_INTERVAL: Final = 0.1
"""Seconds."""


class ProgressBar:
    """A `Progress` that redraws itself on the last line of a terminal."""

    def __init__(self, terminal: TextIO) -> None:
        """Draw on this terminal, at the first call."""
        self._terminal = terminal
        self._stage = ""
        self._stage_start = 0.0
        self._last_draw = 0.0
        self._visible = False

    def __call__(self, stage: str, fraction: float) -> None:
        """Draw the stage's name, a bar, the percentage and the seconds since the stage began."""
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._stage_start, self._last_draw = stage, now, 0.0
        if now - self._last_draw < REDRAW_INTERVAL and fraction < 1.0:
            return
        self._last_draw = now
        filled = round(BAR_WIDTH * min(max(fraction, 0.0), 1.0))
        bar = "#" * filled + "." * (BAR_WIDTH - filled)
        self._terminal.write(f"\r\x1b[K{stage:<12} {bar} {fraction:4.0%} {now - self._stage_start:5.0f} s")
        self._terminal.flush()
        self._visible = True

    def clear(self) -> None:
        """Erase the bar, so that a line can be printed in its place."""
        if self._visible:
            self._terminal.write("\r\x1b[K")
            self._visible = False
