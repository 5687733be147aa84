"""Training loop shared by all recipes: one stage, its loss terms, its batches and its schedule.

Runs on the CPU, on one GPU, or in several processes started by `torchrun` (one machine or many); resumes after a stop,
and logs every loss term to TensorBoard.
"""

from __future__ import annotations

import dataclasses
import logging
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from posenet3d_blender.errors import PoseNet3DError

from .distributed import Process, processes_joined, same_in_all_processes
from .metrics_log import MetricsLog
from .resume_state import TrainingState, delete_progress, load_progress, save_progress
from .schedule import Schedule, learning_rate

log = logging.getLogger(__name__)

_SECONDS_BETWEEN_SAVES: Final = 180.0
"""Longest training time that a kill loses, however slow the steps are."""
_PREFETCHED_BATCHES: Final = 4

Batch = TypeVar("Batch")


class Stage(nn.Module, Generic[Batch]):
    """One stage of a recipe: its networks and its losses. Parameters without gradient are frozen."""

    mixed_precision: bool = False
    """Run the networks that bear it in bfloat16; `train_stage` sets it as the stage's schedule says."""
    smallest_batch: ClassVar[int] = 1
    """Windows that each process needs for the losses."""

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Weighted loss terms by name, scalars; their sum is the loss. The batch is on the stage's device.

        With several processes each trained parameter must have a part in some term.
        """
        raise NotImplementedError

    def save(self, folder: Path, steps: int) -> None:
        """Write the checkpoint after `steps` steps; called in the main process with the averaged weights in place."""
        raise NotImplementedError

    def restore(self, folder: Path) -> None:
        """Load the checkpoint after the training, where it is not that of the last step."""


class BatchSource(Protocol):
    """Draws batches: tensors, or dataclasses of tensors."""

    def draw(self, count: int) -> object:
        """A batch of `count` windows."""
        ...


MakeSource = Callable[[int], BatchSource]
"""Makes a source from a seed, in the worker process. Load large data before, and capture it."""


def train_stage(
    stage: Stage[Any],
    make_source: MakeSource,
    schedule: Schedule,
    folder: Path,
    seed: int,
    threads: int,
    resume: bool,
    later: Sequence[Path] = (),
) -> None:
    """Train a stage; afterwards it holds the averaged weights, as its checkpoint in `folder` does.

    Args:
        stage: moved to the device; its trained parameters are made the same in all processes.
        make_source: see `MakeSource`.
        schedule: steps, batch size, learning rate.
        folder: one for each stage; holds the checkpoint, the progress file and TensorBoard's `log`.
        seed: decides the batches and the stage's own random numbers, not its initial weights.
        threads: CPU threads of each process.
        resume: continue from the folder's progress file; a finished stage is not trained again.
        later: folders of the stages that depend on this one. If any step is trained they are to be trained from
            scratch: their progress is deleted.

    Raises:
        PoseNet3DError: a loss is not finite, the progress file is damaged, or the folder can't be written.
    """
    torch.set_num_threads(threads)
    with processes_joined() as process:
        smallest = stage.smallest_batch * process.count
        if schedule.batch_size < smallest:
            raise PoseNet3DError(
                f"batch_size = {schedule.batch_size} is less than {smallest}, the least for this stage in "
                f"{process.count} process(es); raise it"
            )
        stage.to(process.device)
        stage.mixed_precision = schedule.mixed_precision
        model = _prepared(stage, schedule, process)
        state = _new_state(stage, schedule)
        done = load_progress(folder, state) if resume else 0
        if not same_in_all_processes(done, process):
            raise PoseNet3DError(f"{folder}: not the same folder for all processes; put the run on a shared disk")
        if done >= schedule.steps:
            log.info("%s: finished after %d steps", folder, done)
        else:
            # Before the first step: a kill at any time leaves nothing that counts as trained.
            delete_progress(later)
            torch.manual_seed(_seed(seed, done, process.rank))
            _run(model, state, make_source, schedule, folder, seed, done, process)
        _copy_weights(stage, state.averages)


def _run(
    model: nn.Module,
    state: TrainingState,
    make_source: MakeSource,
    schedule: Schedule,
    folder: Path,
    seed: int,
    done: int,
    process: Process,
) -> None:
    stage, trained = state.module, list(state.trained().values())
    assert isinstance(stage, Stage)
    last_save = time.monotonic()
    stage.train()
    with MetricsLog(folder, done, schedule.steps, schedule.batch_size, process) as metrics_log:
        for step, batch in enumerate(_batches(make_source, schedule, seed, done, process), start=done):
            rate = learning_rate(schedule, step)
            for group in state.optimiser.param_groups:
                group["lr"] = rate
            terms = model(batch)
            state.optimiser.zero_grad()
            torch.stack(list(terms.values())).sum().backward()
            norm = torch.nn.utils.clip_grad_norm_(trained, schedule.max_grad_norm)
            # After the gradients are averaged over the processes, so that all of them stop together.
            if not norm.isfinite():
                raise PoseNet3DError(_not_finite(terms, step + 1, folder))
            state.optimiser.step()
            _update_ema(state, min(schedule.ema_decay, (1 + step) / (10 + step)))
            metrics_log.add(terms)
            finished = step + 1 == schedule.steps
            at_save = (step + 1) % schedule.save_every == 0 or finished
            if at_save:
                # Before the progress file: points that are logged but not saved, the resumed run logs again.
                metrics_log.report(step + 1, rate)
            if process.is_main and at_save:
                with averaged(state):
                    stage.save(folder, step + 1)
            if process.is_main and (at_save or time.monotonic() - last_save > _SECONDS_BETWEEN_SAVES):
                save_progress(folder, step + 1, state)
                last_save = time.monotonic()
            if finished:
                return


@contextmanager
def averaged(state: TrainingState) -> Iterator[None]:
    """Put the averaged weights into the module inside the block."""
    raw = {name: parameter.detach().clone() for name, parameter in state.trained().items()}
    _copy_weights(state.module, state.averages)
    try:
        yield
    finally:
        _copy_weights(state.module, raw)


def set_trainable(parameters: Iterable[nn.Parameter], trainable: bool) -> None:
    """Train or freeze parameters in the next stage."""
    for parameter in parameters:
        parameter.requires_grad_(trainable)


def to_device(batch: Batch, device: torch.device) -> Batch:
    """Move a tensor, or all tensors of a dataclass, to the device."""
    if isinstance(batch, Tensor):
        return batch.to(device, non_blocking=True)  # type: ignore[return-value]
    if dataclasses.is_dataclass(batch) and not isinstance(batch, type):
        fields = {field.name: getattr(batch, field.name) for field in dataclasses.fields(batch)}
        return dataclasses.replace(batch, **{name: to_device(value, device) for name, value in fields.items()})
    return batch


def _new_state(stage: Stage[Any], schedule: Schedule) -> TrainingState:
    trained = {name: parameter for name, parameter in stage.named_parameters() if parameter.requires_grad}
    optimiser = torch.optim.AdamW(trained.values(), schedule.learning_rate, weight_decay=schedule.weight_decay)
    return TrainingState(stage, optimiser, {name: value.detach().clone() for name, value in trained.items()})


def _prepared(stage: Stage[Any], schedule: Schedule, process: Process) -> nn.Module:
    """The stage for several processes, and compiled, as far as asked for."""
    model: nn.Module = stage
    if process.count > 1:
        model = DistributedDataParallel(stage, forward_sync_buffers=False)
    return cast(nn.Module, torch.compile(model)) if schedule.compile else model


class _BatchStream(IterableDataset[object]):
    """Batches drawn in worker processes, beside the training; an error comes as the last item."""

    def __init__(self, make_source: MakeSource, count: int, seeds: list[int]) -> None:
        self.make_source, self.count, self.seeds = make_source, count, seeds

    def __iter__(self) -> Iterator[object]:
        torch.set_num_threads(1)
        # Ctrl+C reaches all processes; the training process handles it and ends this one.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        worker = get_worker_info()
        try:
            source = self.make_source(self.seeds[worker.id if worker else 0])
            while True:
                yield source.draw(self.count)
        except PoseNet3DError as error:
            yield error


def _batches(make_source: MakeSource, schedule: Schedule, seed: int, done: int, process: Process) -> Iterator[object]:
    seeds = [_seed(seed, done, process.rank, 1 + worker) for worker in range(schedule.num_workers)]
    stream = DataLoader(
        _BatchStream(make_source, schedule.batch_size // process.count, seeds),
        batch_size=None,
        num_workers=schedule.num_workers,
        prefetch_factor=_PREFETCHED_BATCHES,
    )
    for item in stream:
        if isinstance(item, PoseNet3DError):
            raise item
        yield to_device(item, process.device)


def _seed(*parts: int) -> int:
    """One seed from several numbers, so that steps, processes and workers draw different random numbers."""
    return int(np.random.SeedSequence(parts).generate_state(1)[0])


@torch.no_grad()
def _update_ema(state: TrainingState, decay: float) -> None:
    trained = state.trained()
    # One kernel for all: a GPU waits for hundreds of small ones.
    torch._foreach_lerp_([state.averages[name] for name in trained], list(trained.values()), 1 - decay)


@torch.no_grad()
def _copy_weights(module: nn.Module, weights: dict[str, Tensor]) -> None:
    parameters = dict(module.named_parameters())
    for name, value in weights.items():
        parameters[name].copy_(value)


def _not_finite(terms: dict[str, Tensor], step: int, folder: Path) -> str:
    wrong = [name for name, term in terms.items() if not term.isfinite()]
    subject = f"the loss '{wrong[0]}' is" if wrong else "the gradient is"
    return f"{folder}: {subject} not a finite number in step {step}; lower the learning rate, then --resume"
