"""The one entrance to all commands, whoever launches them: arguments in, exit code out."""

from __future__ import annotations

import signal
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from ..errors import Cancelled, PoseNet3DError
from . import batch, capture, convert, doctor
from .console import open_console, unexpected
from .parser import parse

FAILED = 1
CANCELLED = 130
"""As shells count a program that Ctrl-C ended."""

COMMANDS = {"capture": capture.run, "convert": convert.run, "batch": batch.run, "doctor": doctor.run}


def main(argv: Sequence[str]) -> int:
    """Run one command.

    Returns:
        0 done; 1 failed, with one line on standard error; 2 wrong usage; 3 some of a batch failed; 130 cancelled.
    """
    try:
        arguments = parse(argv)
    except SystemExit as stop:
        return int(stop.code or 0)
    with open_console(arguments.debug) as console:
        try:
            with _signals_raise():
                return COMMANDS[arguments.command](arguments, console)
        except (KeyboardInterrupt, Cancelled):
            console.fail("cancelled; nothing was left half-written")
            return CANCELLED
        except PoseNet3DError as error:
            if arguments.debug:
                traceback.print_exc(file=console.error)
            console.fail(str(error))
            return FAILED
        except Exception as error:
            if arguments.debug:
                traceback.print_exc(file=console.error)
            console.fail(unexpected(error))
            return FAILED


@contextmanager
def _signals_raise() -> Iterator[None]:
    """Ctrl-C and a polite kill raise KeyboardInterrupt, so that temporary files go; Blender itself would just exit."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = [signal.SIGINT, signal.SIGTERM]
    before = [signal.signal(name, _interrupt) for name in names]
    try:
        yield
    finally:
        for name, handler in zip(names, before, strict=True):
            signal.signal(name, handler if handler is not None else signal.SIG_DFL)


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
