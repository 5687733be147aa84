"""Resume file of a stage: raw weights, their moving average, the optimiser's moments and the step.

A safetensors file, written atomically; nothing is unpickled. Frozen parameters are left out: the stage has them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from posenet3d_blender.errors import PoseNet3DError

from .checkpoint import write_tensors

PROGRESS_NAME: Final = "progress.safetensors"
HELD_OUT_LOSSES: Final = "held_out_losses.json"
"""File of the held-out losses so far, of stages that choose their checkpoint by them."""


@dataclass
class TrainingState:
    """Everything that changes while a stage trains."""

    module: nn.Module
    optimiser: torch.optim.Optimizer
    averages: dict[str, Tensor]
    """Moving average of each trained parameter, by name."""

    def trained(self) -> dict[str, nn.Parameter]:
        """Optimised parameters, by name."""
        return {name: parameter for name, parameter in self.module.named_parameters() if parameter.requires_grad}


def save_progress(folder: Path, step: int, state: TrainingState) -> None:
    """Write the state after `step` steps.

    Raises:
        PoseNet3DError: the folder can't be written or the disk is full.
    """
    tensors = {f"buffer/{name}": buffer for name, buffer in _buffers(state.module).items()}
    for name, parameter in state.trained().items():
        tensors |= {f"weights/{name}": parameter.detach(), f"average/{name}": state.averages[name]}
        # A parameter without any step has no moments yet: AdamW's initial ones.
        moments = _initial_moments(parameter) | state.optimiser.state[parameter]
        tensors |= {f"{moment}/{name}": torch.as_tensor(value) for moment, value in moments.items()}
    write_tensors(folder / PROGRESS_NAME, tensors, {"step": str(step)})


def load_progress(folder: Path, state: TrainingState) -> int:
    """Restore a state in place; returns the number of steps done, 0 without a file.

    Raises:
        PoseNet3DError: the file is corrupted or of another network; the state is then unchanged.
    """
    path = folder / PROGRESS_NAME
    if not path.exists():
        return 0
    try:
        with safe_open(path, "pt") as archive:
            tensors = {key: archive.get_tensor(key) for key in archive.keys()}  # noqa: SIM118 - not a dict
            step = int(archive.metadata()["step"])
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise PoseNet3DError(
            f"{path}: the training's progress is damaged ({reason}); train without --resume, or restore the file"
        ) from error
    _restore(path, tensors, state)
    return step


def delete_progress(folders: Iterable[Path]) -> None:
    """Delete the progress, and the held-out losses, of stages that are to be trained from scratch.

    Raises:
        PoseNet3DError: a file can't be deleted.
    """
    for path in (folder / name for folder in folders for name in (HELD_OUT_LOSSES, PROGRESS_NAME)):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise PoseNet3DError(
                f"{path}: the former run's file can't be deleted ({error.strerror}); give another folder"
            ) from error


@torch.no_grad()
def _restore(path: Path, tensors: dict[str, Tensor], state: TrainingState) -> None:
    targets: dict[str, Tensor] = {f"buffer/{name}": buffer for name, buffer in _buffers(state.module).items()}
    moments: dict[Tensor, dict[str, Tensor]] = {}
    for name, parameter in state.trained().items():
        moments[parameter] = _initial_moments(parameter)
        targets |= {f"weights/{name}": parameter, f"average/{name}": state.averages[name]}
        targets |= {f"{moment}/{name}": value for moment, value in moments[parameter].items()}
    for key, target in targets.items():
        _refuse_unfit(path, key, tensors.get(key), target)
    for key, target in targets.items():
        target.copy_(tensors[key])
    state.optimiser.state.update(moments)


def _refuse_unfit(path: Path, key: str, tensor: Tensor | None, target: Tensor) -> None:
    if tensor is None or tensor.shape != target.shape:
        raise PoseNet3DError(
            f"{path}: '{key}' is missing or of another shape: the progress of another recipe; "
            "train without --resume, or into another folder"
        )
    if not tensor.isfinite().all():
        raise PoseNet3DError(f"{path}: '{key}' holds values that are not finite numbers; train without --resume")


def _initial_moments(parameter: nn.Parameter) -> dict[str, Tensor]:
    """AdamW's moments before its first step. Its step count is on the CPU, whatever the parameter's device."""
    value = parameter.detach()
    return {"step": torch.zeros(()), "exp_avg": torch.zeros_like(value), "exp_avg_sq": torch.zeros_like(value)}


def _buffers(module: nn.Module) -> dict[str, Tensor]:
    """Persistent buffers of the module, without those of its frozen parts."""
    kept = module.state_dict()
    return {name: buffer for name, buffer in module.named_buffers() if name in kept and _is_trained(module, name)}


def _is_trained(module: nn.Module, name: str) -> bool:
    """True if the innermost submodule that holds the buffer and has parameters has trained ones."""
    submodule = name
    while submodule:
        submodule = submodule.rpartition(".")[0]
        parameters = list(module.get_submodule(submodule).parameters())
        if parameters:
            return any(parameter.requires_grad for parameter in parameters)
    return True
