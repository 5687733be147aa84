"""Checkpoints: a folder with `student.safetensors` and `student.json`, likewise `teacher`. Nothing is unpickled."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from posenet3d_blender.capture.student_input import STUDENT_FEATURE_COUNT, STUDENT_WINDOW
from posenet3d_blender.capture.student_network import StudentConfig, StudentNetwork
from posenet3d_blender.errors import PoseNet3DError
from posenet3d_blender.files import writing

CHECKPOINT_VERSION = 1

Notes = dict[str, str | int | float]
"""What is known of a training, as JSON values."""
Network = TypeVar("Network", bound=nn.Module)


def save_student(folder: Path, network: StudentNetwork, notes: Notes) -> None:
    """Write the network and what is known of its training; each file appears whole."""
    save_network(folder, "student", network, asdict(network.config), notes)


def load_student(folder: Path) -> StudentNetwork:
    """Read a network back.

    Raises:
        PoseNet3DError: a file is missing, corrupted or of another version.
    """
    network = load_network(folder, "student", lambda config: StudentNetwork(StudentConfig(**config)))
    if (network.config.features, network.config.window) != (STUDENT_FEATURE_COUNT, STUDENT_WINDOW):
        raise PoseNet3DError(f"{folder}: a student with other inputs than this version's; train it again")
    return network


def save_network(folder: Path, name: str, network: nn.Module, config: dict[str, object], notes: Notes) -> None:
    """Write `name`.safetensors and `name`.json into `folder`, each whole."""
    write_tensors(folder / f"{name}.safetensors", network.state_dict())
    description = {"version": CHECKPOINT_VERSION, "config": config, "training": notes}
    with writing(folder / f"{name}.json") as partial:
        partial.write_text(json.dumps(description, indent=2) + "\n")


def load_network(folder: Path, name: str, build: Callable[[dict[str, Any]], Network]) -> Network:
    """Read what `save_network` wrote; `build` makes the network from its config.

    Raises:
        PoseNet3DError: a file is missing, corrupted or of another version.
    """
    try:
        description = json.loads((folder / f"{name}.json").read_text())
        if description["version"] != CHECKPOINT_VERSION:
            raise PoseNet3DError(
                f"{folder}: checkpoint version {description['version']}, expected {CHECKPOINT_VERSION}"
            )
        network = build(description["config"])
        weights = load_file(folder / f"{name}.safetensors")
        network.load_state_dict(weights)
    except FileNotFoundError as error:
        raise PoseNet3DError(f"{error.filename}: no such file; give a checkpoint folder that training wrote") from error
    except (OSError, ValueError, KeyError, TypeError, SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise PoseNet3DError(f"{folder}: not a checkpoint that training wrote ({reason})") from error
    for key, tensor in weights.items():
        if not tensor.isfinite().all():
            raise PoseNet3DError(f"{folder}: '{key}' holds values that are not finite numbers; use another checkpoint")
    return network


def write_tensors(path: Path, tensors: dict[str, Tensor], notes: dict[str, str] | None = None) -> None:
    """Write a safetensors file, whole or not at all; its folder is made.

    Raises:
        PoseNet3DError: the folder can't be made or written, or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PoseNet3DError(f"{path.parent}: can't be made ({error.strerror}); give another folder") from error
    # Written from memory, since safetensors' own writing would leave a file that no other user may read.
    with writing(path) as partial:
        partial.write_bytes(save({name: tensor.detach().contiguous() for name, tensor in tensors.items()}, notes))
