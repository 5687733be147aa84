"""Checkpoints: a folder with `student.safetensors`, `student.json` and, while training, the optimiser's state.

Nothing is unpickled: weights and optimiser state are safetensors, the rest is JSON.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from posenet3d_blender.capture.student_input import STUDENT_FEATURE_COUNT, STUDENT_WINDOW
from posenet3d_blender.capture.student_network import StudentConfig, StudentNetwork
from posenet3d_blender.errors import PoseNet3DError
from posenet3d_blender.files import writing

CHECKPOINT_VERSION = 1


def save_student(folder: Path, network: StudentNetwork, notes: dict[str, str | int | float]) -> None:
    """Write the network and what is known of its training; each file appears whole."""
    folder.mkdir(parents=True, exist_ok=True)
    with writing(folder / "student.safetensors") as partial:
        save_file({name: tensor.contiguous() for name, tensor in network.state_dict().items()}, partial)
    description = {"version": CHECKPOINT_VERSION, "config": asdict(network.config), "training": notes}
    with writing(folder / "student.json") as partial:
        partial.write_text(json.dumps(description, indent=2) + "\n")


def load_student(folder: Path) -> StudentNetwork:
    """Read a network back.

    Raises:
        PoseNet3DError: a file is missing, corrupted or of another version.
    """
    try:
        description = json.loads((folder / "student.json").read_text())
        if description["version"] != CHECKPOINT_VERSION:
            raise PoseNet3DError(
                f"{folder}: checkpoint version {description['version']}, expected {CHECKPOINT_VERSION}"
            )
        network = StudentNetwork(StudentConfig(**description["config"]))
        weights = load_file(folder / "student.safetensors")
        network.load_state_dict(weights)
    except FileNotFoundError as error:
        raise PoseNet3DError(f"{error.filename}: no such file; give a checkpoint folder that training wrote") from error
    except (OSError, ValueError, KeyError, TypeError, SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise PoseNet3DError(f"{folder}: not a checkpoint that training wrote ({reason})") from error
    if (network.config.features, network.config.window) != (STUDENT_FEATURE_COUNT, STUDENT_WINDOW):
        raise PoseNet3DError(f"{folder}: a student with other inputs than this version's; train it again")
    for name, tensor in weights.items():
        if not tensor.isfinite().all():
            raise PoseNet3DError(f"{folder}: '{name}' holds values that are not finite numbers; use another checkpoint")
    return network


def save_progress(folder: Path, step: int, network: StudentNetwork, optimiser: torch.optim.Optimizer) -> None:
    """Write what is needed to go on after a stop: raw weights, optimiser state and step, as one safetensors file."""
    tensors: dict[str, Tensor] = {
        f"network.{name}": tensor.contiguous() for name, tensor in network.state_dict().items()
    }
    for index, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{name}": torch.as_tensor(value).contiguous() for name, value in state.items()}
    with writing(folder / "progress.safetensors") as partial:
        save_file(tensors, partial, metadata={"step": str(step)})


def load_progress(folder: Path, network: StudentNetwork, optimiser: torch.optim.Optimizer) -> int:
    """Restore what `save_progress` wrote, in place; returns the number of steps done, 0 when there is none."""
    from safetensors import safe_open

    path = folder / "progress.safetensors"
    if not path.exists():
        return 0
    tensors = load_file(path)
    prefix = "network."
    network.load_state_dict({k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)})
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith("optimiser."):
            _, index, name = key.split(".")
            state.setdefault(int(index), {})[name] = value
    whole = optimiser.state_dict()
    optimiser.load_state_dict({"state": state, "param_groups": whole["param_groups"]})
    with safe_open(path, "pt") as archive:
        return int(archive.metadata()["step"])
