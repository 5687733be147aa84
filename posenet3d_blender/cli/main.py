"""Entry point of all commands, under either launcher: arguments in, exit code out."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from typing import Final

from ..errors import Cancelled, PoseNet3DError
from . import capture, convert, doctor
from .batch import command as batch
from .batch import worker
from .batch.options import WORKER_COMMAND
from .console import Console, open_console, unexpected
from .parser import parse
from .process import stop_signals

FAILED: Final = 1
CANCELLED: Final = 130
"""A shell's code for a program ended by Ctrl-C."""

COMMANDS: Final = {
    "capture": capture.run,
    "convert": convert.run,
    "batch": batch.run,
    WORKER_COMMAND: worker.run,
    "doctor": doctor.run,
}


def main(argv: Sequence[str]) -> int:
    """Run one command.

    Returns:
        0 done; 1 failed, with one line on standard error; 2 wrong usage; 3 some of a batch failed; 130 cancelled.
    """
    try:
        arguments = parse(argv)
    except SystemExit as parser_exit:
        return int(parser_exit.code or 0)
    with stop_signals() as stop, open_console(arguments.debug, stop) as console:
        try:
            # A signal while the streams are opened or closed must not end the process by KeyboardInterrupt.
            with stop.interrupting():
                return COMMANDS[arguments.command](arguments, console)
        except (KeyboardInterrupt, Cancelled):
            return _report_cancelled(console)
        except Exception as error:
            if stop.received:
                return _report_cancelled(console)
            if arguments.debug:
                traceback.print_exc(file=console.error)
            console.fail(str(error) if isinstance(error, PoseNet3DError) else unexpected(error))
            return FAILED


def _report_cancelled(console: Console) -> int:
    console.fail("cancelled; no partial files were left")
    return CANCELLED
