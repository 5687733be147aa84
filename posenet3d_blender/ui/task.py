"""A task that one button starts: work in a thread, then short steps on the main thread that show its result."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

from ..errors import Cancelled
from ..progress import Progress
from ..scene.incremental import Steps
from .progress_estimate import Estimate, ProgressEstimate
from .worker_thread import WorkerThread

Result = TypeVar("Result")

TURN_SECONDS: Final = 0.03
"""Time budget of one turn on the main thread; the last step may exceed it."""


class RunningTask(Protocol):
    """A task, or several, that the caller advances on the main thread, turn by turn; see `Task`."""

    @property
    def title(self) -> str:
        """Name for messages."""

    @property
    def stage(self) -> str:
        """Name of the current stage."""

    @property
    def fraction(self) -> float:
        """Progress of the stage, 0 to 1."""

    @property
    def estimate(self) -> Estimate:
        """Progress of the whole."""

    @property
    def is_building(self) -> bool:
        """True while the file is half changed."""

    @property
    def is_cancelled_by_escape(self) -> bool:
        """True while it takes all input, so that no button can be pressed."""

    def advance(self) -> bool:
        """Take one short turn; False when all is done."""

    def cancel(self) -> None:
        """Restore the state before."""

    def complete(self) -> None:
        """Take all turns at once."""


class Task(Generic[Result]):
    """Background work and the steps that show its result; the caller advances it on the main thread, turn by turn."""

    def __init__(
        self,
        title: str,
        work: Callable[[Progress], Result],
        show: Callable[[Result], Steps[None]],
        stages: dict[str, float] | None = None,
    ) -> None:
        """Start immediately.

        Args:
            title: name for messages.
            work: runs in a thread; must not touch bpy.
            show: runs on the main thread with the result of the work; cleans up after itself when it is closed early.
            stages: durations of the stages to each other; None: a capture's.
        """
        self.title = title
        self.estimate = ProgressEstimate(stages)
        """Of the whole task; up to date after each turn."""
        self._thread = WorkerThread(work)
        self._show = show
        self._steps: Steps[None] | None = None
        self._step_fraction = 0.0
        self._is_cancelled = False

    @property
    def stage(self) -> str:
        """Name of the current stage."""
        return "building the scene" if self._steps else self._thread.stage

    @property
    def fraction(self) -> float:
        """Progress of the stage, 0 to 1; of steps that don't tell it 0."""
        return self._step_fraction if self._steps else self._thread.fraction

    @property
    def is_building(self) -> bool:
        """True while steps are half done: nothing else should change the file until they end."""
        return self._steps is not None

    @property
    def is_cancelled_by_escape(self) -> bool:
        """True while the scene is built; before that Esc is the key that stops the playback."""
        return self.is_building

    def advance(self) -> bool:
        """Take one short turn; False when all is done.

        Raises:
            PoseNet3DError: the work failed, or was cancelled.
        """
        if self._is_cancelled:
            raise Cancelled
        self.estimate.update(self.stage, self.fraction)
        if self._thread.is_running:
            return True
        if self._steps is None:
            self._steps = self._show(self._thread.result())
        done = _take_steps(self._steps)
        self._step_fraction = done or 0.0
        return done is not None

    def cancel(self) -> None:
        """Restore the state before the task. The thread, which may be inside a network, ends soon by itself."""
        self._is_cancelled = True
        self._thread.cancel()
        if self._steps is not None:
            self._steps.close()

    def complete(self) -> None:
        """Take all turns at once, where there is no window.

        Raises:
            PoseNet3DError: the work failed.
        """
        self.wait()
        while self.advance():
            pass

    def wait(self) -> None:
        """Block until the thread has ended, where there is no window."""
        self._thread.wait()


class StepTask:
    """Steps on the main thread alone, which change the file from the first to the last."""

    def __init__(self, title: str, stage: str, steps: Steps[None]) -> None:
        """Name, one of `STAGE_NAMES`, and the steps, which restore the state before when they are closed early."""
        self.title = title
        self.stage = stage
        self.fraction = 0.0
        self.estimate = ProgressEstimate({"starting": 0.1, stage: 100.0})
        self.is_building = True
        self.is_cancelled_by_escape = True
        self._steps = steps

    def advance(self) -> bool:
        """Take one short turn; False when all is done."""
        done = _take_steps(self._steps)
        if done is None:
            return False
        self.fraction = done
        self.estimate.update(self.stage, done)
        return True

    def cancel(self) -> None:
        """Restore the state before the task."""
        self._steps.close()

    def complete(self) -> None:
        """Take all turns at once, where there is no window."""
        while self.advance():
            pass


def _take_steps(steps: Steps[None]) -> float | None:
    """Take steps for a turn's time: the part that is done, 0 if the steps don't tell it; None at their end."""
    end = time.perf_counter() + TURN_SECONDS
    while True:
        try:
            done = next(steps) or 0.0
        except StopIteration:
            return None
        if time.perf_counter() >= end:
            return done
