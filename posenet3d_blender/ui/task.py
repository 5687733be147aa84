"""What one button starts: work in a thread, then short steps on the main thread that show what it gave."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from ..errors import Cancelled
from ..progress import Progress
from ..scene.incremental import Steps
from .worker_thread import Job

Result = TypeVar("Result")

LONGEST_TURN: Final = 0.03
"""Seconds for which steps are taken in one turn; the last of them may last longer."""


class Activity(Generic[Result]):
    """Advanced by whoever has the main thread, a turn at a time."""

    def __init__(self, title: str, work: Callable[[Progress], Result], show: Callable[[Result], Steps[None]]) -> None:
        """Start at once.

        Args:
            title: what it is, for people.
            work: done in a thread; must not touch bpy.
            show: done on the main thread with what the work gave; takes its traces away when it is dropped half done.
        """
        self.title = title
        self._job = Job(work)
        self._show = show
        self._steps: Steps[None] | None = None
        self._is_cancelled = False

    @property
    def stage(self) -> str:
        return "building the scene" if self._steps else self._job.stage

    @property
    def fraction(self) -> float:
        """Of the stage, 0 to 1."""
        return 1.0 if self._steps else self._job.fraction

    @property
    def is_building(self) -> bool:
        """Whether steps are half done: nothing else should change the file meanwhile."""
        return self._steps is not None

    def advance(self) -> bool:
        """Take a turn, which is short; False when all is done.

        Raises:
            PoseNet3DError: the work failed, or was cancelled.
        """
        if self._is_cancelled:
            raise Cancelled
        if self._job.is_running:
            return True
        if self._steps is None:
            self._steps = self._show(self._job.result())
        end = time.perf_counter() + LONGEST_TURN
        while True:
            try:
                next(self._steps)
            except StopIteration:
                return False
            if time.perf_counter() >= end:
                return True

    def cancel(self) -> None:
        """Leave everything as it was before. The thread, which may be deep in a network, ends soon by itself."""
        self._is_cancelled = True
        self._job.cancel()
        if self._steps is not None:
            self._steps.close()

    def complete(self) -> None:
        """All turns at once, where there is no window.

        Raises:
            PoseNet3DError: the work failed.
        """
        self._job.wait()
        while self.advance():
            pass
