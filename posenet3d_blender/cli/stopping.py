"""Ctrl-C and a polite kill: the work ends at once, and temporary files go."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from ..errors import Cancelled


class Stop:
    """Whether the user asked to stop.

    The signal raises KeyboardInterrupt, but C extensions swallow it or make another exception of it when it comes while
    they are loaded or call back; so it is remembered too.
    """

    def __init__(self) -> None:
        self.asked = False

    def check(self) -> None:
        """Raise `errors.Cancelled` when the user asked to stop."""
        if self.asked:
            raise Cancelled

    def _receive(self, _signal: int, _frame: FrameType | None) -> None:
        self.asked = True
        raise KeyboardInterrupt


@contextmanager
def listening_for_stop() -> Iterator[Stop]:
    """Listen to SIGINT and SIGTERM until the end; Blender itself would exit at once, temporary files or not."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    signals = [signal.SIGINT, signal.SIGTERM]
    before = [signal.signal(one, stop._receive) for one in signals]
    try:
        yield stop
    finally:
        for one, handler in zip(signals, before, strict=True):
            signal.signal(one, handler if handler is not None else signal.SIG_DFL)
