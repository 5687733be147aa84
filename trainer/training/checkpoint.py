"""Checkpoints: a folder with `student.safetensors` and `student.json`, likewise `teacher`. Nothing is unpickled."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import Field, asdict
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol, TypeVar

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from posenet3d_blender.atomic_write import writing
from posenet3d_blender.capture.student.features import STUDENT_FEATURE_COUNT, STUDENT_WINDOW
from posenet3d_blender.capture.student.network import StudentConfig, StudentNetwork
from posenet3d_blender.errors import PoseNet3DError, one_line

CHECKPOINT_VERSION: Final = 2
_READABLE_VERSIONS: Final = (1, CHECKPOINT_VERSION)
"""In version 1 a student's feedback measured its residuals on keypoints of the mean body."""

Notes = dict[str, object]
"""Facts about a training, as JSON values."""
Network = TypeVar("Network", bound=nn.Module)


class RecipeSettings(Protocol):
    """A recipe's dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def data(self) -> list[str]:
        """Paths of the training data."""
        ...

    @property
    def run(self) -> str:
        """Folder of the run."""
        ...


def settings_of(recipe: RecipeSettings) -> dict[str, object]:
    """All settings of a recipe as nested tables for a checkpoint's notes; paths are cut to their last name."""
    settings = asdict(recipe) | {"data": [Path(path).name for path in recipe.data], "run": Path(recipe.run).name}
    if "start_from" in settings:
        settings["start_from"] = Path(settings["start_from"]).name
    return settings


def save_student(folder: Path, network: StudentNetwork, notes: Notes) -> None:
    """Write the network and the notes of its training, each file atomically."""
    save_network(folder, "student", network, asdict(network.config), notes)


def load_student(folder: Path) -> StudentNetwork:
    """Read a network back.

    Raises:
        PoseNet3DError: a file is missing, corrupted or of another version.
    """
    network = load_network(folder, "student", lambda config: StudentNetwork(StudentConfig(**config)))
    if network.feedback is not None and read_description(folder, "student")["version"] < CHECKPOINT_VERSION:
        raise PoseNet3DError(f"{folder}: a student whose feedback expects other residuals; train it again")
    if (network.config.features, network.config.window) != (STUDENT_FEATURE_COUNT, STUDENT_WINDOW):
        raise PoseNet3DError(f"{folder}: a student with other inputs than this version's; train it again")
    return network


def start_from(folder: Path, name: str, trained: nn.Module, network: nn.Module) -> None:
    """Copy weights into a network that is to be trained further; parts that `trained` lacks stay as they are.

    Args:
        folder: of the checkpoint, for the message.
        name: of the network in the checkpoint.
        trained: the checkpoint's network.
        network: the recipe's.

    Raises:
        PoseNet3DError: the networks have other sizes.
    """
    weights, wanted = trained.state_dict(), network.state_dict()
    for key, value in weights.items():
        if key not in wanted or value.shape != wanted[key].shape:
            own = tuple(wanted[key].shape) if key in wanted else "missing"
            raise PoseNet3DError(
                f"{folder}: its {name} has other sizes than the recipe's ('{key}' is {tuple(value.shape)}, "
                f"in the recipe {own}); set the recipe's table '{name}' as in {name}.json, or leave out 'start_from'"
            )
    network.load_state_dict({**wanted, **weights})


def save_network(folder: Path, name: str, network: nn.Module, config: dict[str, object], notes: Notes) -> None:
    """Write `name`.safetensors and `name`.json into `folder`, each atomically."""
    write_tensors(folder / f"{name}.safetensors", network.state_dict())
    description = {"version": CHECKPOINT_VERSION, "config": config, "training": notes}
    with writing(folder / f"{name}.json") as partial:
        partial.write_text(json.dumps(description, indent=2) + "\n")


def load_network(folder: Path, name: str, build: Callable[[dict[str, Any]], Network]) -> Network:
    """Read a network from `name`.safetensors and `name`.json; `build` makes it from its config.

    Raises:
        PoseNet3DError: a file is missing, corrupted or of another version, or the weights are not of this network.
    """
    config = read_description(folder, name)["config"]
    try:
        network = build(config)
    except (ValueError, TypeError, RuntimeError, OverflowError, MemoryError) as error:
        path = folder / f"{name}.json"
        raise PoseNet3DError(
            f"{path}: key 'config' makes no network ({one_line(str(error))}); restore the file"
        ) from error
    path = folder / f"{name}.safetensors"
    weights = _read_tensors(path)
    _refuse_other_weights(path, weights, network.state_dict())
    network.load_state_dict(weights)
    return network


def read_description(folder: Path, name: str) -> dict[str, Any]:
    """Contents of `name`.json: `config` and `training`, both tables.

    Raises:
        PoseNet3DError: the file is missing, damaged or of another version, or a key is missing.
    """
    path = folder / f"{name}.json"
    try:
        description = json.loads(path.read_text())
    except FileNotFoundError as error:
        raise _missing(path) from error
    except (OSError, ValueError) as error:
        raise PoseNet3DError(f"{path}: not a checkpoint that training wrote ({one_line(str(error))})") from error
    if not isinstance(description, dict):
        raise PoseNet3DError(f"{path}: not a checkpoint that training wrote (no table)")
    for key, kind in (("version", int), ("config", dict), ("training", dict)):
        if not isinstance(description.get(key), kind):
            raise PoseNet3DError(f"{path}: key '{key}' is missing or wrong; restore the file, or train again")
    if description["version"] not in _READABLE_VERSIONS:
        known = " or ".join(map(str, _READABLE_VERSIONS))
        raise PoseNet3DError(f"{path}: checkpoint version {description['version']}, expected {known}")
    return description


def _read_tensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except FileNotFoundError as error:
        raise _missing(path) from error
    except (OSError, ValueError, SafetensorError) as error:
        raise PoseNet3DError(f"{path}: not a checkpoint that training wrote ({one_line(str(error))})") from error


def _refuse_other_weights(path: Path, weights: dict[str, Tensor], wanted: dict[str, Tensor]) -> None:
    for key in {**wanted, **weights}:
        if key not in weights:
            raise PoseNet3DError(f"{path}: '{key}' is missing; restore the file, or train again")
        if key not in wanted:
            raise PoseNet3DError(f"{path}: '{key}' is of another network than the description's; train again")
        if weights[key].shape != wanted[key].shape:
            raise PoseNet3DError(
                f"{path}: '{key}' has the shape {tuple(weights[key].shape)}, not {tuple(wanted[key].shape)}; "
                "restore the description that belongs to it, or train again"
            )
        if not weights[key].isfinite().all():
            raise PoseNet3DError(f"{path}: '{key}' holds values that are not finite numbers; use another checkpoint")


def _missing(path: Path) -> PoseNet3DError:
    return PoseNet3DError(f"{path}: no such file; give a checkpoint folder that training wrote")


def write_tensors(path: Path, tensors: dict[str, Tensor], notes: dict[str, str] | None = None) -> None:
    """Write a safetensors file atomically; its folder is made.

    Raises:
        PoseNet3DError: the folder can't be made or written, or the disk is full.
    """
    make_folder(path.parent)
    # From memory: safetensors' own writer makes files that no other user may read.
    with writing(path) as partial:
        partial.write_bytes(save({name: tensor.detach().contiguous() for name, tensor in tensors.items()}, notes))


def make_folder(folder: Path) -> None:
    """Make an output folder and its parents, if they do not exist.

    Raises:
        PoseNet3DError: it can't be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PoseNet3DError(f"{folder}: can't be made ({error.strerror}); give another folder") from error
