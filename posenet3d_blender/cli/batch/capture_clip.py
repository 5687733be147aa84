"""One clip of a batch in this process: capture it, keep its messages in its log, turn any failure into its result."""

from __future__ import annotations

import os
import shlex
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TextIO

from ...errors import Cancelled, PoseNet3DError
from ...progress import Progress
from ..capture import capture_as_told
from ..console import redirect_prints, unexpected
from ..parser import parse_command
from ..process import StopRequest
from .job import ClipJob, ClipResult


def capture_clip(job: ClipJob, progress: Progress, stop: StopRequest) -> ClipResult:
    """Capture one clip; any failure becomes its result, so that the next clips are still captured.

    Raises:
        Cancelled: the user stopped the batch.
    """
    start = time.perf_counter()
    with _open_log(job) as log:
        _write(log, f"{datetime.now():%Y-%m-%d %H:%M:%S} {shlex.join(job.command)}")
        reason = ""
        try:
            with redirect_prints(log):
                summary = capture_as_told(parse_command(job.command), progress)
        except (KeyboardInterrupt, Cancelled):
            _write(log, "cancelled")
            raise
        except Exception as error:
            if stop.received:  # a library turned the interrupt into an exception of its own
                _write(log, "cancelled")
                raise Cancelled from error
            if isinstance(error, PoseNet3DError):
                reason = str(error).removeprefix(f"{job.command[1]}: ")
            else:
                reason = unexpected(error)
                _write(log, traceback.format_exc())
        seconds = time.perf_counter() - start
        if reason:
            _write(log, f"failed after {seconds:.1f} s: {reason}")
            return ClipResult(job.video, "failed", reason, seconds=seconds)
        for warning in summary.warnings:
            _write(log, f"warning: {warning}")
        for stage, part in summary.seconds.items():
            _write(log, f"{stage:<14} {part:8.1f} s")
        _write(log, f"done in {seconds:.1f} s: {summary.as_line()}")
    return ClipResult(job.video, "ok", summary=summary.as_json(), line=summary.as_line(), seconds=seconds)


@contextmanager
def _open_log(job: ClipJob) -> Iterator[TextIO]:
    """The clip's log, or the null device where it can't be written: a log must not cost the capture."""
    path = job.log
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("", encoding="utf-8")
    except OSError:
        path = Path(os.devnull)
    log = path.open("a", encoding="utf-8", errors="backslashreplace")
    try:
        yield log
    finally:
        with suppress(OSError):  # a full disk
            log.close()


def _write(log: TextIO, line: str) -> None:
    with suppress(OSError):
        print(line, file=log, flush=True)
