"""The training loop that all recipes share: one stage, its loss terms, its batches and its schedule.

It runs on the processor, on one GPU, or in several processes that `torchrun` starts (one machine or many); it goes on
after a stop, and logs every term for TensorBoard.
"""

from __future__ import annotations

import dataclasses
import logging
import math
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, Generic, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from posenet3d_blender.errors import PoseNet3DError

from .distributed import Process, processes_joined, same_in_all_processes
from .metrics_log import TrainingLog
from .resume_state import TrainingState, load_progress, save_progress

log = logging.getLogger(__name__)

_SECONDS_BETWEEN_SAVES: Final = 180.0
"""A kill costs no more than this, however slow the steps are."""
_BATCHES_AHEAD: Final = 4

Batch = TypeVar("Batch")


@dataclass(frozen=True)
class Schedule:
    """Training schedule of one stage; a table of the recipe file."""

    RENAMED_KEYS: ClassVar[dict[str, str]] = {
        "batch": "batch_size",
        "warm_up": "warmup_steps",
        "average_decay": "ema_decay",
        "gradient_norm": "max_grad_norm",
        "data_processes": "num_workers",
    }
    """Former names of keys, refused with the present one."""

    steps: int = 8000
    batch_size: int = 64
    """Windows a step, over all processes together."""
    learning_rate: float = 1e-3
    """The highest, after the warm-up; it then falls to zero along a cosine."""
    warmup_steps: int = 200
    """Steps."""
    weight_decay: float = 0.01
    ema_decay: float = 0.998
    """Of the moving average of the weights, which is what is kept."""
    max_grad_norm: float = 1.0
    """Longer gradients are shortened to it."""
    save_every: int = 200
    """Steps from one checkpoint and one point of the log to the next."""
    mixed_precision: bool = True
    """bfloat16 where the stage allows it."""
    num_workers: int = 1
    """Processes that draw batches beside each training process."""

    def __post_init__(self) -> None:
        for name, least in {"steps": 0, "batch_size": 1, "save_every": 1, "num_workers": 1}.items():
            if getattr(self, name) < least:
                raise ValueError(f"'{name}' must be at least {least}")
        for name in ("learning_rate", "max_grad_norm"):
            if not getattr(self, name) > 0:
                raise ValueError(f"'{name}' must be above 0")
        if not 0 <= self.ema_decay < 1:
            raise ValueError("'ema_decay' must be from 0 to just below 1")


class Stage(nn.Module, Generic[Batch]):
    """What a stage of a recipe trains: its networks and its losses. Parameters without gradient stay as they are."""

    some_idle = False
    """Whether a step may leave trained parameters without any loss; several processes have to know it."""

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """The weighted loss terms by name, scalars; their sum is the loss. The batch is on the stage's device."""
        raise NotImplementedError

    def save(self, folder: Path, steps: int) -> None:
        """Write the checkpoint after `steps` steps; called in the main process with the averaged weights in place."""
        raise NotImplementedError


class BatchSource(Protocol):
    """Draws batches: tensors, or dataclasses of tensors."""

    def draw(self, count: int) -> object:
        """A batch of `count` windows."""
        ...


MakeSource = Callable[[int], BatchSource]
"""From a seed. Called in the processes that draw; what is slow to load should be loaded before and captured."""


def mixed_precision(device: torch.device, enabled: bool = True) -> AbstractContextManager[object]:
    """Networks inside run in bfloat16; their outputs need `.float()` before losses that want precision.

    On CPUs that have no instructions for bfloat16, where it is ten times slower than float32, they stay in float32.
    """
    is_fast = device.type != "cpu" or torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.autocast(device.type, torch.bfloat16, enabled=enabled and is_fast)


def train_stage(
    stage: Stage, make_source: MakeSource, schedule: Schedule, folder: Path, seed: int, threads: int, resume: bool
) -> bool:
    """Train a stage; afterwards it holds the averaged weights, which its checkpoint in `folder` has too.

    Args:
        stage: is moved to the device; its trained parameters must be the same in each process or are made so.
        make_source: see `MakeSource`.
        schedule: how long and how.
        folder: one for each stage; takes the checkpoint, the progress file and `log` for TensorBoard.
        seed: decides the batches and what chance the stage itself uses; not its first weights.
        threads: of the processor, for each process.
        resume: go on from the folder's progress file; a stage that is finished is not trained again.

    Returns:
        whether anything was trained.

    Raises:
        PoseNet3DError: a loss is not finite, the progress file is damaged, or the folder can't be written.
    """
    torch.set_num_threads(threads)
    with processes_joined() as process:
        if schedule.batch_size < process.count:
            raise PoseNet3DError(
                f"batch_size = {schedule.batch_size} is less than the {process.count} processes; raise it"
            )
        stage.to(process.device)
        model = _shared(stage, process)
        state = _new_state(stage, schedule)
        done = load_progress(folder, state) if resume else 0
        if not same_in_all_processes(done, process):
            raise PoseNet3DError(f"{folder}: not the same folder for all processes; put the run on a disk they share")
        if done >= schedule.steps:
            log.info("%s: finished after %d steps", folder, done)
        else:
            torch.manual_seed(_seed(seed, done, process.rank))
            _run(model, state, make_source, schedule, folder, seed, done, process)
        _put(stage, state.averages)
        return done < schedule.steps


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
    saved = time.monotonic()
    stage.train()
    with TrainingLog(folder, done, schedule.steps, schedule.batch_size, process) as training_log:
        for step, batch in enumerate(_batches(make_source, schedule, seed, done, process), start=done):
            rate = learning_rate(schedule, step)
            for group in state.optimiser.param_groups:
                group["lr"] = rate
            terms = model(batch)
            state.optimiser.zero_grad()
            torch.stack(list(terms.values())).sum().backward()
            norm = torch.nn.utils.clip_grad_norm_(trained, schedule.max_grad_norm)
            # After the processes shared their gradients, so that all of them stop together.
            if not norm.isfinite():
                raise PoseNet3DError(_not_finite(terms, step + 1, folder))
            state.optimiser.step()
            _update_ema(state, min(schedule.ema_decay, (1 + step) / (10 + step)))
            training_log.add(terms)
            finished = step + 1 == schedule.steps
            at_save = (step + 1) % schedule.save_every == 0 or finished
            if at_save:
                # Before the progress: what is logged and then not kept, the resumed run logs again.
                training_log.report(step + 1, rate)
            if process.is_main and at_save:
                with averaged(state):
                    stage.save(folder, step + 1)
            if process.is_main and (at_save or time.monotonic() - saved > _SECONDS_BETWEEN_SAVES):
                save_progress(folder, step + 1, state)
                saved = time.monotonic()
            if finished:
                return


def learning_rate(schedule: Schedule, step: int) -> float:
    """The rate of a step (from 0): warm-up, then half a cosine down to zero."""
    warm = min(1.0, (step + 1) / max(schedule.warmup_steps, 1))
    return schedule.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * step / schedule.steps))


@contextmanager
def averaged(state: TrainingState) -> Iterator[None]:
    """The averaged weights stand in the module meanwhile."""
    raw = {name: parameter.detach().clone() for name, parameter in state.trained().items()}
    _put(state.module, state.averages)
    try:
        yield
    finally:
        _put(state.module, raw)


def set_trainable(parameters: Iterable[nn.Parameter], trainable: bool) -> None:
    """Let parameters be trained by the next stage, or keep them as they are."""
    for parameter in parameters:
        parameter.requires_grad_(trainable)


def to_device(batch: Batch, device: torch.device) -> Batch:
    """A tensor, or a dataclass with all its tensors, on the device."""
    if isinstance(batch, Tensor):
        return batch.to(device, non_blocking=True)  # type: ignore[return-value]
    if dataclasses.is_dataclass(batch) and not isinstance(batch, type):
        fields = {field.name: getattr(batch, field.name) for field in dataclasses.fields(batch)}
        return dataclasses.replace(batch, **{name: to_device(value, device) for name, value in fields.items()})
    return batch


def _new_state(stage: Stage, schedule: Schedule) -> TrainingState:
    trained = {name: parameter for name, parameter in stage.named_parameters() if parameter.requires_grad}
    optimiser = torch.optim.AdamW(trained.values(), schedule.learning_rate, weight_decay=schedule.weight_decay)
    return TrainingState(stage, optimiser, {name: value.detach().clone() for name, value in trained.items()})


def _shared(stage: Stage, process: Process) -> nn.Module:
    if process.count == 1:
        return stage
    return DistributedDataParallel(stage, forward_sync_buffers=False, find_unused_parameters=stage.some_idle)


class _BatchStream(IterableDataset[object]):
    """Batches drawn in processes of their own, beside the training; a failure comes as the last item."""

    def __init__(self, make_source: MakeSource, count: int, seeds: list[int]) -> None:
        self.make_source, self.count, self.seeds = make_source, count, seeds

    def __iter__(self) -> Iterator[object]:
        torch.set_num_threads(1)
        # Ctrl+C goes to all processes; the training one answers it and ends this one.
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
        prefetch_factor=_BATCHES_AHEAD,
    )
    for item in stream:
        if isinstance(item, PoseNet3DError):
            raise item
        yield to_device(item, process.device)


def _seed(*parts: int) -> int:
    """One seed of several numbers: other steps, processes and drawers get other chance."""
    return int(np.random.SeedSequence(parts).generate_state(1)[0])


@torch.no_grad()
def _update_ema(state: TrainingState, decay: float) -> None:
    for name, parameter in state.trained().items():
        state.averages[name].lerp_(parameter, 1 - decay)


@torch.no_grad()
def _put(module: nn.Module, weights: dict[str, Tensor]) -> None:
    parameters = dict(module.named_parameters())
    for name, value in weights.items():
        parameters[name].copy_(value)


def _not_finite(terms: dict[str, Tensor], step: int, folder: Path) -> str:
    bad = [name for name, term in terms.items() if not term.isfinite()]
    what = f"the loss '{bad[0]}' is" if bad else "the gradient is"
    return f"{folder}: {what} not a finite number in step {step}; lower the learning rate, then go on with --resume"
