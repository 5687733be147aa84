"""Console output of the commands, with third-party prints suppressed.

Blender's exporters, decoders and network runtimes write to the process's file descriptors, bypassing `sys.stdout`.
While a command runs these descriptors lead to the null device (unless --debug), so that a JSON object is the last
thing on standard output and a failure is one line on standard error.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from typing import Any, TextIO

from ..errors import one_line, printable
from .process import StopRequest
from .progress import ProgressBar


@dataclass(frozen=True)
class Console:
    """The user's standard output and standard error."""

    output: TextIO
    error: TextIO
    stop: StopRequest
    bar: ProgressBar | None
    """None unless standard error is a terminal."""

    def progress(self, stage: str, fraction: float) -> None:
        """Report progress as a `Progress`; raises `Cancelled` when the user asked to stop."""
        self.stop.check()
        if self.bar:
            self.bar(stage, fraction)

    def print(self, line: str) -> None:
        """Print a line of results to standard output."""
        self._clear_bar()
        print(printable(line), file=self.output, flush=True)

    def print_json(self, value: dict[str, Any]) -> None:
        """Print a JSON object on one line to standard output."""
        self.print(json.dumps(value, ensure_ascii=False))

    def print_status(self, line: str) -> None:
        """Print a line to standard error, for example a result while standard output is reserved for JSON."""
        self._clear_bar()
        print(printable(line), file=self.error, flush=True)

    def warn(self, line: str) -> None:
        """Print a warning to standard error."""
        self.print_status(f"posenet3d: warning: {line}")

    def fail(self, line: str) -> None:
        """Print the reason of a failure, one line, to standard error."""
        self.print_status(f"posenet3d: error: {line}")

    def _clear_bar(self) -> None:
        if self.bar:
            self.bar.clear()


def unexpected(error: Exception) -> str:
    """The message for an exception that is a bug of ours, not the user's mistake."""
    return f"unexpected {type(error).__name__}: {one_line(str(error))}; run again with --debug and report the traceback"


@contextmanager
def open_console(debug: bool, stop: StopRequest) -> Iterator[Console]:
    """Open the user's streams and suppress all other prints, or send them to standard error if `debug`."""
    sys.stdout.flush()
    sys.stderr.flush()
    third_party_target = os.dup(2) if debug else os.open(os.devnull, os.O_WRONLY)
    with (
        _open_stream(os.dup(1)) as output,
        _open_stream(os.dup(2)) as error,
        _open_stream(third_party_target) as third_party,
        redirect_prints(third_party),
    ):
        yield Console(output, error, stop, ProgressBar(error) if error.isatty() else None)


def _open_stream(descriptor: int) -> TextIO:
    return open(descriptor, "w", encoding="utf-8", errors="backslashreplace")


@contextmanager
def redirect_prints(stream: TextIO) -> Iterator[None]:
    """Redirect file descriptors 1 and 2, and Python's `sys.stdout` and `sys.stderr`, to this stream."""
    saved = os.dup(1), os.dup(2)
    try:
        for descriptor in (1, 2):
            os.dup2(stream.fileno(), descriptor)
        with redirect_stdout(stream), redirect_stderr(stream):
            yield
    finally:
        # Text still buffered belongs to the libraries too; a full disk must not hide why the work ended.
        with suppress(OSError):
            stream.flush()
        _flush_c_streams()
        for descriptor, original in zip((1, 2), saved, strict=True):
            os.dup2(original, descriptor)
            os.close(original)


def _flush_c_streams() -> None:
    library = ctypes.CDLL("ucrtbase") if sys.platform == "win32" else ctypes.CDLL(None)
    library.fflush(None)
