"""The processes of one training: alone, or several that `torchrun` started, each with its device."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor


@dataclass(frozen=True)
class Process:
    """One of the processes that train together."""

    rank: int
    count: int
    device: torch.device

    @property
    def is_main(self) -> bool:
        """Whether this process is the one that writes and logs."""
        return self.rank == 0


def this_process() -> Process:
    """The place of this process, as `torchrun` says in the environment; alone where it does not."""
    local = int(os.environ.get("LOCAL_RANK", "0"))
    device = torch.device("cuda", local) if torch.cuda.is_available() else torch.device("cpu")
    return Process(int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1")), device)


@contextmanager
def processes_joined() -> Iterator[Process]:
    """Join the processes that `torchrun` started (NCCL on GPUs, else Gloo); does nothing when joined already."""
    process = this_process()
    if process.device.type == "cuda":
        torch.cuda.set_device(process.device)
    if process.count == 1 or dist.is_initialized():
        yield process
        return
    dist.init_process_group("nccl" if process.device.type == "cuda" else "gloo")
    try:
        yield process
    finally:
        dist.destroy_process_group()


@contextmanager
def main_process_first() -> Iterator[None]:
    """What the main process leaves behind (a fitted file, say), the others find when they enter."""
    joined = dist.is_initialized()
    if joined and dist.get_rank() > 0:
        dist.barrier()
    yield
    if joined and dist.get_rank() == 0:
        dist.barrier()


def mean_of_processes(value: Tensor) -> Tensor:
    """The mean of a tensor over all processes, the same in each."""
    if not dist.is_initialized():
        return value
    total = value.clone()
    dist.all_reduce(total)
    return total / dist.get_world_size()


def same_in_all_processes(number: int, process: Process) -> bool:
    """Whether all processes came with the same number; the answer is the same in each."""
    if not dist.is_initialized():
        return True
    extremes = torch.tensor([number, -number], device=process.device)
    dist.all_reduce(extremes, dist.ReduceOp.MAX)
    return bool(extremes.sum() == 0)
