"""Training metrics: TensorBoard, a progress bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import torch
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from posenet3d_blender.errors import PoseNet3DError

from .distributed import Process, mean_of_processes

log = logging.getLogger(__name__)


class MetricsLog:
    """Means of the loss terms between two reports.

    All processes must call it; only the main one writes."""

    def __init__(self, folder: Path, done: int, steps: int, batch_size: int, process: Process) -> None:
        """Open the log.

        Args:
            folder: the stage's; gets the folder `log`.
            done: steps trained before.
            steps: steps in total.
            batch_size: windows per step.
            process: this process.
        """
        self._batch_size, self._process, self._steps = batch_size, process, steps
        self._sums: dict[str, Tensor] = {}
        self._count, self._since, self._started = 0, time.monotonic(), time.monotonic()
        self._bar = tqdm(
            total=steps, initial=done, unit="step", disable=not (process.is_main and sys.stderr.isatty()), leave=False
        )
        self._folder = folder / "log"
        self._writer = _open_writer(self._folder, done) if process.is_main else None

    def __enter__(self) -> MetricsLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()
        if self._writer is not None:
            with _write_errors(self._folder):
                self._writer.close()

    def add(self, terms: dict[str, Tensor]) -> None:
        """Add the terms of one step."""
        for name, term in terms.items():
            self._sums[name] = self._sums.get(name, torch.zeros_like(term)) + term.detach()
        self._count += 1
        self._bar.update()

    def report(self, step: int, learning_rate: float) -> None:
        """Write the means since the last report; `step` counts from 1."""
        means = mean_of_processes(torch.stack(list(self._sums.values())) / self._count).tolist()
        seconds = time.monotonic() - self._since
        values = dict(zip(self._sums, means, strict=True)) | {"total": sum(means)}
        speed = self._count * self._batch_size / seconds
        extra = {"learning_rate": learning_rate, "windows_per_second": speed}
        if self._process.device.type == "cuda":
            extra["gpu_memory_gib"] = torch.cuda.max_memory_allocated(self._process.device) / 2**30
        self._sums, self._count, self._since = {}, 0, time.monotonic()
        if self._writer is None:
            return
        with _write_errors(self._folder):
            for name, value in (values | extra).items():
                self._writer.add_scalar(name, value, step)
            self._writer.flush()
        minutes = (time.monotonic() - self._started) / 60
        numbers = ", ".join(f"{name} {value:.4g}" for name, value in (values | extra).items())
        line = f"step {step} of {self._steps}, {minutes:.1f} min: {numbers}"
        if self._bar.disable:
            log.info(line)
        else:
            # Above the bar, which remains the last line.
            self._bar.write(line, file=sys.stderr)


def _open_writer(folder: Path, done: int) -> SummaryWriter:
    """Hide points after `done`: they are of a run that was cut off."""
    with _write_errors(folder):
        return SummaryWriter(os.fspath(folder), purge_step=done + 1)


@contextmanager
def _write_errors(folder: Path) -> Iterator[None]:
    """Turn a failed write into PoseNet3DError."""
    try:
        yield
    except OSError as error:
        raise PoseNet3DError(f"{folder}: can't be written ({error.strerror}); check the folder and disk") from error
