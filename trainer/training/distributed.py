"""Processes of a training: one, or several started by `torchrun`, each with its device."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor

from posenet3d_blender.errors import PoseNet3DError


@dataclass(frozen=True)
class Process:
    """One process of a training."""

    rank: int
    count: int
    device: torch.device

    @property
    def is_main(self) -> bool:
        """True for the process that writes and logs."""
        return self.rank == 0


def this_process() -> Process:
    """This process by `torchrun`'s environment variables; a single one without them.

    Raises:
        PoseNet3DError: there is no GPU for it on a machine that has GPUs.
    """
    local, gpus = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
    if 0 < gpus <= local:
        raise PoseNet3DError(
            f"more processes than the {gpus} GPU(s) of this machine; lower torchrun's --nproc-per-node"
        )
    device = torch.device("cuda", local) if gpus else torch.device("cpu")
    return Process(int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1")), device)


@contextmanager
def processes_joined() -> Iterator[Process]:
    """Join the process group of `torchrun` (NCCL on GPUs, else Gloo); does nothing inside another such block."""
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
    """Run the block in the main process first, so that the others find the files it wrote."""
    joined = dist.is_initialized()
    if joined and dist.get_rank() > 0:
        dist.barrier()
    yield
    if joined and dist.get_rank() == 0:
        dist.barrier()


def mean_of_processes(value: Tensor) -> Tensor:
    """Mean of a tensor over all processes."""
    if not dist.is_initialized():
        return value
    total = value.clone()
    dist.all_reduce(total)
    return total / dist.get_world_size()


def same_in_all_processes(number: int, process: Process) -> bool:
    """True, in each process, if all passed the same number."""
    if not dist.is_initialized():
        return True
    extremes = torch.tensor([number, -number], device=process.device)
    dist.all_reduce(extremes, dist.ReduceOp.MAX)
    return bool(extremes.sum() == 0)
