"""The one entrance to all commands, whoever launches them: arguments in, exit code out."""

from __future__ import annotations

import traceback
from collections.abc import Sequence

from ..errors import Cancelled, PoseNet3DError
from . import batch, capture, convert, doctor
from .console import Console, open_console, unexpected
from .parser import parse
from .stopping import listening_for_stop

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
    except SystemExit as leaving:
        return int(leaving.code or 0)
    with listening_for_stop() as stop, open_console(arguments.debug, stop) as console:
        try:
            return COMMANDS[arguments.command](arguments, console)
        except (KeyboardInterrupt, Cancelled):
            return _cancelled(console)
        except Exception as error:
            if stop.asked:
                return _cancelled(console)
            if arguments.debug:
                traceback.print_exc(file=console.error)
            console.fail(str(error) if isinstance(error, PoseNet3DError) else unexpected(error))
            return FAILED


def _cancelled(console: Console) -> int:
    console.fail("cancelled; nothing was left half-written")
    return CANCELLED
