"""Capture the clips of a batch in several processes of this machine.

A process that dies (a crash in a library, no memory left) takes only its clip along. That clip is tried once more at
the end, alone.
"""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from ...cores import usable_cores
from ...errors import PoseNet3DError
from .job import ClipJob, ClipResult
from .launcher import worker_command, worker_environment
from .worker import MARK

PATIENCE: Final = 30.0
"""Seconds that a process may take to cancel its capture."""
POLL_INTERVAL: Final = 0.2
"""Seconds between two checks for a request to stop."""
KEPT_LINES: Final = 3
"""Of what a process prints by itself, for the message if it does not start."""


def run_in_processes(jobs: Sequence[ClipJob], count: int, check_stop: Callable[[], None]) -> Iterator[ClipResult]:
    """Capture the clips, `count` at a time; yields each result as soon as it is known.

    Closing the iterator cancels the clips in hand.

    Raises:
        PoseNet3DError: the processes do not start.
        Cancelled: from `check_stop`.
    """
    died: list[ClipJob] = []
    with _Pool(min(count, len(jobs))) as pool:
        for job, result in pool.run(jobs, check_stop):
            if result.died and count > 1:
                died.append(job)
            else:
                yield result
    if died:
        with _Pool(1) as pool:
            yield from (result for _, result in pool.run(died, check_stop))


def run_in_process(job: ClipJob, threads: int | None, check_stop: Callable[[], None]) -> ClipResult:
    """Capture one clip in a process of its own with so many threads."""
    with _Pool(1, threads) as pool:
        return next(result for _, result in pool.run([job], check_stop))


class _Worker:
    """A process that captures one clip after another."""

    def __init__(self, messages: queue.Queue[_Message], threads: int | None) -> None:
        self.job: ClipJob | None = None
        self.is_ready = False
        self.printed: deque[str] = deque(maxlen=KEPT_LINES)
        self.process = subprocess.Popen(
            worker_command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=worker_environment(threads),
            encoding="utf-8",
            errors="replace",
        )
        threading.Thread(target=self._read, args=(messages,), daemon=True).start()

    def begin(self, job: ClipJob) -> None:
        """Send a job."""
        self.job = job
        stream = self.process.stdin
        if stream is not None:
            with suppress(OSError):  # its end is reported by the reading thread
                stream.write(json.dumps(job.as_json()) + "\n")
                stream.flush()

    def end_input(self) -> None:
        """Tell it that no job follows: it ends, or cancels the one in hand."""
        with suppress(OSError):
            if self.process.stdin:
                self.process.stdin.close()

    def wait(self) -> int:
        """Wait for its end; returns the exit code."""
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def _read(self, messages: queue.Queue[_Message]) -> None:
        for line in self.process.stdout or ():
            if line.startswith(MARK):
                messages.put(_Message(self, json.loads(line.removeprefix(MARK))))
            elif line.strip():
                self.printed.append(line.strip())
        messages.put(_Message(self, None))


@dataclass(frozen=True)
class _Message:
    sender: _Worker
    content: dict[str, Any] | None
    """None: the process has ended."""


class _Pool:
    """Some processes, which end with the block."""

    def __init__(self, count: int, threads: int | None = None) -> None:
        self._threads = threads or (max(1, usable_cores() // count) if count > 1 else None)
        self._count = count
        self._messages: queue.Queue[_Message] = queue.Queue()
        self._workers: list[_Worker] = []

    def __enter__(self) -> _Pool:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.end_input()
        for worker in self._workers:
            worker.wait()

    def run(self, jobs: Sequence[ClipJob], check_stop: Callable[[], None]) -> Iterator[tuple[ClipJob, ClipResult]]:
        """Capture clips; yields each with its result."""
        pending = deque(jobs)
        while pending or any(worker.job for worker in self._workers):
            while pending and (worker := self._idle_worker()):
                worker.begin(pending.popleft())
            message = self._next_message(check_stop)
            worker, content = message.sender, message.content
            if content is None:
                yield from self._bury(worker)
            elif "result" in content:
                job, worker.job = worker.job, None
                if job is not None:
                    yield job, ClipResult.from_worker_json(content["result"])
            else:
                worker.is_ready = True

    def _idle_worker(self) -> _Worker | None:
        """A process without a clip, a new one if there may be more."""
        idle = next((worker for worker in self._workers if worker.job is None), None)
        if idle is None and len(self._workers) < self._count:
            idle = _Worker(self._messages, self._threads)
            self._workers.append(idle)
        return idle

    def _next_message(self, check_stop: Callable[[], None]) -> _Message:
        while True:
            check_stop()
            with suppress(queue.Empty):
                return self._messages.get(timeout=POLL_INTERVAL)

    def _bury(self, worker: _Worker) -> Iterator[tuple[ClipJob, ClipResult]]:
        """The result of a process that ended by itself."""
        self._workers.remove(worker)
        code = worker.wait()
        if not worker.is_ready:
            said = " ".join(worker.printed) or f"exit code {code}"
            raise PoseNet3DError(
                f"The batch's processes don't start ({said}); in Blender, enable the add-on in the preferences"
            )
        if worker.job is not None:
            reason = f"its process died ({_describe_end(code)}), perhaps for lack of memory; see {worker.job.log}"
            yield worker.job, ClipResult(worker.job.video, "failed", reason, died=True)


def _describe_end(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    with suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"
