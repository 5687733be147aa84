"""The process around a command: stop signals while it runs, the exit code when it is over."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from ..errors import Cancelled


class StopRequest:
    """Record of SIGINT or SIGTERM.

    The signal raises KeyboardInterrupt, but C extensions swallow it or turn it into another exception when it arrives
    during their import or callbacks; so it is recorded here too.
    """

    def __init__(self) -> None:
        """Start without a request."""
        self.received = False
        self._may_interrupt = False

    @contextmanager
    def interrupting(self) -> Iterator[None]:
        """Let signals interrupt the block; those before and after it are only recorded, and check() tells of them.

        Raises:
            Cancelled: the user had asked to stop before.
        """
        try:
            self._may_interrupt = True
            self.check()
            yield
        finally:
            self._may_interrupt = False

    def check(self) -> None:
        """Raise `errors.Cancelled` if the user asked to stop."""
        if self.received:
            raise Cancelled

    def handle(self, _signal: int, _frame: FrameType | None) -> None:
        """Record the signal and, within `interrupting`, interrupt the main thread: a handler for `signal.signal`."""
        self.received = True
        if self._may_interrupt:
            raise KeyboardInterrupt


@contextmanager
def stop_signals() -> Iterator[StopRequest]:
    """Handle SIGINT and SIGTERM inside the block; Blender's own handler would exit without removing temporary files.

    Outside the main thread, where Python installs no handlers, the request is never set.
    """
    stop = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    signals = [signal.SIGINT, signal.SIGTERM]
    previous_handlers = [signal.signal(number, stop.handle) for number in signals]
    try:
        yield stop
    finally:
        for number, handler in zip(signals, previous_handlers, strict=True):
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)


class SignalHold:
    """Hold back SIGINT and SIGTERM for a moment, so that several files replace their targets together."""

    def __init__(self) -> None:
        """Hold nothing back yet."""
        self._handlers: dict[int, signal._HANDLER] = {}
        self._received: list[int] = []

    def begin(self) -> None:
        """Record signals from now on, instead of handling them; outside the main thread this has no effect."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._handlers[number] = signal.signal(number, self._record)

    def end(self) -> None:
        """Handle signals again, and those that were recorded now."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        self._handlers.clear()
        for number in self._received:
            signal.raise_signal(number)

    def _record(self, number: int, _frame: FrameType | None) -> None:
        self._received.append(number)


def exit_process(code: int) -> NoReturn:
    """Exit with this code at once, past the interpreter's teardown.

    Unloading the bpy wheel may crash (4.2, after a glTF export) or hang (4.5, after Rigify made a rig). And `python -m`
    kills itself with SIGINT, whatever the code, if a KeyboardInterrupt ever passed through `exec` (as in the making of
    dataclasses), even one that was handled.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    bpy = sys.modules.get("bpy")
    if bpy is not None:
        shutil.rmtree(bpy.app.tempdir, ignore_errors=True)
    os._exit(code)
