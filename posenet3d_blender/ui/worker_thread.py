"""Work in a thread of its own, so that Blender stays responsive. No bpy here: it is not thread-safe."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from ..errors import Cancelled
from ..progress import Progress

Result = TypeVar("Result")


class WorkerThread(Generic[Result]):
    """A function that runs in a thread; the main thread polls `is_running`, `stage` and `fraction`."""

    def __init__(self, work: Callable[[Progress], Result]) -> None:
        """Start immediately."""
        self.stage = "starting"
        self.fraction = 0.0
        self._work = work
        self._results: list[Result] = []
        self._error: BaseException | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="PoseNet3D", daemon=True)
        _threads.add(self)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """False once the function has returned or failed."""
        return self._thread.is_alive()

    def cancel(self) -> None:
        """Ask it to stop; it does at its next report of progress."""
        self._stop.set()

    def wait(self, timeout: float | None = None) -> None:
        """Block until it has ended, or for `timeout` seconds."""
        self._thread.join(timeout)

    def result(self) -> Result:
        """The function's result, once it has ended.

        Raises:
            PoseNet3DError: the work failed, or was cancelled.
        """
        if self._error is not None:
            raise self._error
        assert self._results, "the work has not ended yet"
        return self._results[0]

    def _run(self) -> None:
        try:
            self._results.append(self._work(self._report))
        except BaseException as error:  # raised again by result(), in the main thread
            self._error = error

    def _report(self, stage: str, fraction: float) -> None:
        if self._stop.is_set():
            raise Cancelled
        self.stage, self.fraction = stage, fraction


_threads: weakref.WeakSet[WorkerThread[Any]] = weakref.WeakSet()


def stop_all(timeout: float) -> None:
    """Cancel every thread, abandoned ones too, and wait up to `timeout` seconds for each to end."""
    for thread in list(_threads):
        thread.cancel()
    for thread in list(_threads):
        thread.wait(timeout)
