"""A progress bar on one line of a terminal."""

from __future__ import annotations

import time
from typing import TextIO

BAR_WIDTH = 30
SECONDS_BETWEEN_DRAWINGS = 0.1


class ProgressBar:
    """A `Progress` that draws itself over and over on the last line of a terminal."""

    def __init__(self, terminal: TextIO) -> None:
        self._terminal = terminal
        self._stage = ""
        self._stage_began = 0.0
        self._drawn = 0.0
        self._visible = False

    def __call__(self, stage: str, fraction: float) -> None:
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._stage_began, self._drawn = stage, now, 0.0
        if now - self._drawn < SECONDS_BETWEEN_DRAWINGS and fraction < 1.0:
            return
        self._drawn = now
        filled = round(BAR_WIDTH * min(max(fraction, 0.0), 1.0))
        bar = "#" * filled + "." * (BAR_WIDTH - filled)
        self._terminal.write(f"\r\x1b[K{stage:<12} {bar} {fraction:4.0%} {now - self._stage_began:5.0f} s")
        self._terminal.flush()
        self._visible = True

    def clear(self) -> None:
        """Take the bar off the terminal, so that a line can be printed."""
        if self._visible:
            self._terminal.write("\r\x1b[K")
            self._visible = False
