"""Export of a student as the asset that the add-on ships: ONNX with its description beside it."""

from __future__ import annotations

import hashlib
import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from posenet3d_blender.atomic_write import writing
from posenet3d_blender.body.rotations import six_d_to_matrix
from posenet3d_blender.capture.runtime.network import open_network
from posenet3d_blender.capture.student.features import STUDENT_RATE
from posenet3d_blender.capture.student.network import StudentConfig, StudentNetwork, StudentOutput
from posenet3d_blender.capture.student.predict import STUDENT_VERSION
from posenet3d_blender.errors import PoseNet3DError

from .evaluation.models import CheckpointNetwork
from .training.checkpoint import load_student, make_folder, read_description

OPSET: Final = 18
LARGEST_DIFFERENCE: Final = 1e-4
"""Between the exported network and the checkpoint: radians of each joint's rotation; each other number as it is."""
_CHECKED_WINDOWS: Final = 64
_CHATTY: Final = ("torch.onnx", "onnxscript", "onnx_ir")


class _Named(nn.Module):
    """The network with a plain tuple as output, as ONNX wants it."""

    def __init__(self, network: StudentNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, features: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.network(features))


def export_student(checkpoint: Path, folder: Path) -> Path:
    """Write `student.onnx` and `student.json` into `folder`; returns the ONNX file's path.

    Raises:
        PoseNet3DError: the checkpoint is missing or damaged, the folder can't be written, or what was exported does not
            give the checkpoint's answers; nothing is then left behind.
    """
    network = load_student(checkpoint).eval()
    training = read_description(checkpoint, "student")["training"]
    make_folder(folder)
    path, description_path = folder / "student.onnx", folder / "student.json"
    with writing(description_path) as partial_description, writing(path) as partial:
        _write_onnx(network, partial)
        refuse_difference(network, partial, path)
        description = {
            "version": STUDENT_VERSION,
            "rate": STUDENT_RATE,
            "config": asdict(network.config),
            "training": training,
            "sha256": hashlib.sha256(partial.read_bytes()).hexdigest(),
        }
        partial_description.write_text(json.dumps(description, indent=2) + "\n")
        # The description goes first and comes last: whoever is killed in between leaves a student that is known to
        # lack it, never one with another's.
        description_path.unlink(missing_ok=True)
    return path


def refuse_difference(network: StudentNetwork, exported: Path, path: Path) -> None:
    """Raise PoseNet3DError, in the name of `path`, where an exported network's answers are not the network's."""
    for name, difference in differences(network, exported).items():
        if not difference <= LARGEST_DIFFERENCE:
            raise PoseNet3DError(
                f"{path}: '{name}' differs from the checkpoint's by {difference:.1e}, more than "
                f"{LARGEST_DIFFERENCE:.0e}; not exported: use the versions of torch and onnx in pyproject.toml"
            )


def differences(network: StudentNetwork, exported: Path) -> dict[str, float]:
    """How far an exported network's answers to random windows are from the network's, at most, by output.

    Rotations in radians; everything else in its own unit.
    """
    features = random_windows(network.config)
    run_time = open_network(exported, "cpu")
    expected, said = CheckpointNetwork(network).run({"features": features}), run_time.run({"features": features})
    return {
        name: _largest_angle(said[name], expected[name])
        if name == "rotations"
        else float(np.abs(said[name] - expected[name]).max())
        for name in StudentOutput._fields
    }


def random_windows(config: StudentConfig) -> NDArray[np.float32]:
    """(B, T, 82) normally distributed features, always the same."""
    size = (_CHECKED_WINDOWS, config.window, config.features)
    return np.random.default_rng(0).standard_normal(size).astype(np.float32)


def _largest_angle(six_d: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """Radians between rotations (..., 6), at most."""
    apart = np.linalg.norm(six_d_to_matrix(six_d) - six_d_to_matrix(other), axis=(-1, -2))
    return float(2 * np.arcsin(np.minimum(apart / np.sqrt(8), 1)).max())


def _write_onnx(network: StudentNetwork, path: Path) -> None:
    features = torch.zeros(2, network.config.window, network.config.features)
    with warnings.catch_warnings(), _quiet():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Named(network),
            (features,),
            path,
            input_names=["features"],
            output_names=list(StudentOutput._fields),
            dynamic_shapes={"features": {0: torch.export.Dim("batch")}},
            opset_version=OPSET,
            external_data=False,
            verbose=False,
        )
    _strip_notes(path)


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter's loggers tell of errors alone meanwhile."""
    levels = {logging.getLogger(name): logging.getLogger(name).level for name in _CHATTY}
    for logger in levels:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in levels.items():
            logger.setLevel(level)


def _strip_notes(path: Path) -> None:
    """Take out what the exporter notes of the source code and the machine; the add-on ships none of it."""
    import onnx

    model = onnx.load(path)
    for part in (
        model,
        model.graph,
        *model.graph.node,
        *model.graph.value_info,
        *model.graph.input,
        *model.graph.output,
    ):
        part.doc_string = ""
        del part.metadata_props[:]
    onnx.save(model, path)
