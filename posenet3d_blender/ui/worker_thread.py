"""Work in a thread of its own, so that Blender stays responsive. No bpy here: it is not thread-safe."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

from ..errors import Cancelled
from ..progress import Progress

Result = TypeVar("Result")


class Job(Generic[Result]):
    """Work that is started at once. The main thread looks at `is_running`, `stage` and `fraction` from time to time."""

    def __init__(self, work: Callable[[Progress], Result]) -> None:
        self.stage = "starting"
        self.fraction = 0.0
        self._work = work
        self._results: list[Result] = []
        self._error: BaseException | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="PoseNet3D", daemon=True)
        _jobs.add(self)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    def cancel(self) -> None:
        """Ask it to stop; it does at its next report of progress."""
        self._stop.set()

    def wait(self, seconds: float | None = None) -> None:
        """Return when it has ended, or after so many seconds."""
        self._thread.join(seconds)

    def result(self) -> Result:
        """What the work gave, once it has ended.

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
        except BaseException as error:  # handed over to the main thread, which shows it
            self._error = error

    def _report(self, stage: str, fraction: float) -> None:
        if self._stop.is_set():
            raise Cancelled
        self.stage, self.fraction = stage, fraction


_jobs: weakref.WeakSet[Job] = weakref.WeakSet()


def stop_all(seconds: float) -> None:
    """Cancel every job, those too that nobody waits for any more, and give each so many seconds to end."""
    for job in list(_jobs):
        job.cancel()
    for job in list(_jobs):
        job.wait(seconds)
