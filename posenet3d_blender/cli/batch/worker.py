"""A process of a batch: it captures the clips that it is told, one after another, until its standard input ends.

A line of JSON on standard input is a job, a line on standard output that begins with MARK a message. If the input ends
during a capture, the batch has been killed: the capture is cancelled, so that nothing half written stays.
"""

from __future__ import annotations

import _thread
import argparse
import faulthandler
import json
import queue
import sys
import threading
from typing import Any, Final

from ..console import Console
from .capture_clip import capture_clip
from .job import ClipJob

MARK: Final = "posenet3d-batch "
"""Start of a message; Blender prints lines of its own."""


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run the command; the exit code is 0."""
    jobs: queue.Queue[ClipJob | None] = queue.Queue()
    is_busy = threading.Event()
    threading.Thread(target=_read_jobs, args=(jobs, is_busy), daemon=True).start()
    faulthandler.enable()  # a crash of a library names its place in the clip's log, to which descriptor 2 leads
    _send(console, {"ready": True})
    while (job := jobs.get()) is not None:
        result = capture_clip(job, console.progress, console.stop)
        is_busy.clear()
        _send(console, {"result": result.to_worker_json()})  # only then comes the next job
    return 0


def _read_jobs(jobs: queue.Queue[ClipJob | None], is_busy: threading.Event) -> None:
    for line in sys.stdin:
        is_busy.set()
        jobs.put(ClipJob.from_json(json.loads(line)))
    if is_busy.is_set():
        _thread.interrupt_main()
    jobs.put(None)


def _send(console: Console, message: dict[str, Any]) -> None:
    console.print(MARK + json.dumps(message))
