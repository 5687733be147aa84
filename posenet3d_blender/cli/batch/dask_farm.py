"""Capture the clips of a batch on the workers of a Dask scheduler.

Each clip is a task that runs a process of its own on the worker's machine, so that a crash does not end the worker. A
clip whose worker is lost goes to another one. Paths must be the same on all machines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from ...errors import Cancelled, PoseNet3DError
from .job import ClipJob, ClipResult
from .processes import run_in_process

if TYPE_CHECKING:
    import distributed

CONNECT_TIME: Final = 30
"""Seconds until the scheduler must have answered."""
POLL_INTERVAL: Final = 0.5
"""Seconds between two checks for a request to stop."""
TIMEOUTS: Final = (TimeoutError, OSError)


def run_on_dask(jobs: Sequence[ClipJob], address: str, check_stop: Callable[[], None]) -> Iterator[ClipResult]:
    """Capture the clips, as many at a time as the workers have threads; yields each result as soon as it is known.

    Closing the iterator cancels the clips in hand.

    Raises:
        PoseNet3DError: Dask is not installed, or there is no scheduler at this address.
        Cancelled: from `check_stop`.
    """
    client = _connect(address)
    batch = uuid4().hex  # a scheduler that several batches use tells their clips apart by the keys
    try:
        futures = {
            client.submit(capture_on_worker, job.as_json(), pure=False, key=f"posenet3d-{batch}-{number}"): job
            for number, job in enumerate(jobs)
        }
        try:
            while futures:
                check_stop()
                for future in _finished(list(futures)):
                    yield _result(future, futures.pop(future))
        finally:
            client.cancel(list(futures))
    finally:
        client.close()


def capture_on_worker(values: Mapping[str, Any]) -> dict[str, Any]:
    """Run one job, given and returned as plain values, in a process of its own with one thread: Dask's task.

    Raises:
        Cancelled: the batch was stopped, or its process is gone.
    """
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()

    def check_wanted() -> None:
        task = worker.state.tasks.get(key)
        if task is None or task.state == "cancelled":
            raise Cancelled

    return run_in_process(ClipJob.from_json(values), 1, check_wanted).to_worker_json()


def _connect(address: str) -> distributed.Client:
    try:
        from distributed import Client
    except ImportError as error:
        raise PoseNet3DError(
            "--scheduler needs the package 'distributed' in this Python; install it, or use --jobs"
        ) from error
    try:
        return Client(address, timeout=CONNECT_TIME)
    except (*TIMEOUTS, ValueError) as error:
        raise PoseNet3DError(f"{address}: no Dask scheduler answers there; check the address") from error


def _finished(futures: Sequence[distributed.Future[Any]]) -> list[distributed.Future[Any]]:
    from distributed import wait

    with suppress(*TIMEOUTS):
        wait(futures, timeout=POLL_INTERVAL, return_when="FIRST_COMPLETED")
    return [future for future in futures if future.done()]


def _result(future: distributed.Future[Any], job: ClipJob) -> ClipResult:
    if future.status == "finished":
        return ClipResult.from_worker_json(future.result())
    error = future.exception()
    return ClipResult(job.video, "failed", f"the Dask cluster lost the clip ({type(error).__name__}: {error})")
