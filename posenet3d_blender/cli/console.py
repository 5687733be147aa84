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
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any, TextIO

from ..errors import one_line
from .progress import ProgressBar
from .stopping import Stop


@dataclass(frozen=True)
class Console:
    """The user's two streams."""

    output: TextIO
    error: TextIO
    stop: Stop
    bar: ProgressBar | None
    """Where standard error is a terminal."""

    def progress(self, stage: str, fraction: float) -> None:
        """A `Progress` for the command's work, which ends it when the user asked to stop."""
        self.stop.check()
        if self.bar:
            self.bar(stage, fraction)

    def say(self, line: str) -> None:
        """A line of results, on standard output."""
        self._clear_bar()
        print(line, file=self.output, flush=True)

    def warn(self, line: str) -> None:
        """Something that the user should know, on standard error."""
        self._clear_bar()
        print(f"posenet3d: warning: {one_line(line)}", file=self.error, flush=True)

    def note(self, line: str) -> None:
        """A line of results on standard error, where standard output is kept for JSON."""
        self._clear_bar()
        print(line, file=self.error, flush=True)

    def fail(self, line: str) -> None:
        """Why the command failed: one line on standard error."""
        self._clear_bar()
        print(f"posenet3d: error: {one_line(line)}", file=self.error, flush=True)

    def say_json(self, value: dict[str, Any]) -> None:
        """One JSON object on one line, on standard output."""
        self.say(json.dumps(value, ensure_ascii=False))

    def _clear_bar(self) -> None:
        if self.bar:
            self.bar.clear()


def unexpected(error: Exception) -> str:
    """The line for a failure that is ours, not the user's."""
    return f"unexpected {type(error).__name__}: {error}; run again with --debug and report the traceback"


@contextmanager
def open_console(debug: bool, stop: Stop) -> Iterator[Console]:
    """The user's streams, with everybody else's prints hidden unless `debug`."""
    sys.stdout.flush()
    sys.stderr.flush()
    others_go_to = os.dup(2) if debug else os.open(os.devnull, os.O_WRONLY)
    with (
        _stream(os.dup(1)) as output,
        _stream(os.dup(2)) as error,
        _stream(others_go_to) as others,
        _prints_go_to(others),
    ):
        yield Console(output, error, stop, ProgressBar(error) if error.isatty() else None)


def _stream(descriptor: int) -> TextIO:
    """File names may hold bytes that are no text: they are shown escaped."""
    return open(descriptor, "w", encoding="utf-8", errors="backslashreplace")


@contextmanager
def _prints_go_to(stream: TextIO) -> Iterator[None]:
    """All that anyone prints goes to this stream until the end, past our own lines."""
    saved = os.dup(1), os.dup(2)
    try:
        for descriptor in (1, 2):
            os.dup2(stream.fileno(), descriptor)
        with redirect_stdout(stream), redirect_stderr(stream):
            yield
    finally:
        # What is still in a buffer belongs to the libraries too.
        stream.flush()
        _flush_c_streams()
        for descriptor, original in zip((1, 2), saved, strict=True):
            os.dup2(original, descriptor)
            os.close(original)


def _flush_c_streams() -> None:
    library = ctypes.CDLL("ucrtbase") if sys.platform == "win32" else ctypes.CDLL(None)
    library.fflush(None)
