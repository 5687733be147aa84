"""What the user sees: our lines, and nothing of what libraries print on the side.

Blender's exporters, decoders and network run times write to the process's own descriptors, past Python's `sys.stdout`.
While a command runs those descriptors lead nowhere (unless --debug), so that a JSON object is the last thing on
standard output and a failure is one line on standard error.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TextIO

from ..progress import Progress, silent
from .progress import ProgressBar


@dataclass(frozen=True)
class Console:
    """The user's two streams."""

    output: TextIO
    error: TextIO
    progress: Progress

    def say(self, line: str) -> None:
        """A line of results, on standard output."""
        self._clear_bar()
        print(line, file=self.output, flush=True)

    def warn(self, line: str) -> None:
        """Something that the user should know, on standard error."""
        self._clear_bar()
        print(f"posenet3d: warning: {_one_line(line)}", file=self.error, flush=True)

    def note(self, line: str) -> None:
        """A line of results on standard error, where standard output is kept for JSON."""
        self._clear_bar()
        print(line, file=self.error, flush=True)

    def fail(self, line: str) -> None:
        """Why the command failed: one line on standard error."""
        self._clear_bar()
        print(f"posenet3d: error: {_one_line(line)}", file=self.error, flush=True)

    def say_json(self, value: dict[str, Any]) -> None:
        """One JSON object on one line, on standard output."""
        self.say(json.dumps(value, ensure_ascii=False))

    def _clear_bar(self) -> None:
        if isinstance(self.progress, ProgressBar):
            self.progress.clear()


def unexpected(error: Exception) -> str:
    """The line for a failure that is ours, not the user's."""
    return f"unexpected {type(error).__name__}: {error}; run again with --debug and report the traceback"


@contextmanager
def open_console(debug: bool) -> Iterator[Console]:
    """The user's streams, with everybody else's prints hidden unless `debug`."""
    sys.stdout.flush()
    sys.stderr.flush()
    with (
        open(os.dup(1), "w", encoding="utf-8", errors="backslashreplace") as output,
        open(os.dup(2), "w", encoding="utf-8", errors="backslashreplace") as error,
        _descriptors_lead_to(error.fileno() if debug else None),
    ):
        yield Console(output, error, ProgressBar(error) if error.isatty() else silent)


@contextmanager
def _descriptors_lead_to(target: int | None) -> Iterator[None]:
    """Standard output and error lead to this descriptor, or to nowhere, until the end."""
    saved = os.dup(1), os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        for descriptor in (1, 2):
            os.dup2(nowhere if target is None else target, descriptor)
        yield
    finally:
        # What is still in a buffer belongs to the libraries too.
        sys.stdout.flush()
        sys.stderr.flush()
        _flush_c_streams()
        for descriptor, original in zip((1, 2), saved, strict=True):
            os.dup2(original, descriptor)
            os.close(original)
        os.close(nowhere)


def _flush_c_streams() -> None:
    library = ctypes.CDLL("ucrtbase") if sys.platform == "win32" else ctypes.CDLL(None)
    library.fflush(None)


def _one_line(text: str) -> str:
    return " ".join(text.split())
