"""Export of a student as the add-on's asset: ONNX with a description beside it."""

from __future__ import annotations

import hashlib
import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from posenet3d_blender.atomic_write import writing
from posenet3d_blender.body.keypoints import keypoint_rest_points, keypoints_on_body
from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import SHAPE_COUNT, load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.body.skeleton import JOINT_COUNT, JOINT_INDEX
from posenet3d_blender.capture.runtime.network import open_network
from posenet3d_blender.capture.student.features import STUDENT_RATE, STUDENT_WINDOW, normalise_windows
from posenet3d_blender.capture.student.network import StudentNetwork, StudentOutput
from posenet3d_blender.capture.student.predict import STUDENT_VERSION
from posenet3d_blender.errors import PoseNet3DError

from .evaluation.models import CheckpointNetwork
from .half_precision import halve_weights
from .training.checkpoint import load_student, make_folder, read_description

if TYPE_CHECKING:
    import onnx

OPSET: Final = 18
LARGEST_DIFFERENCE: Final = 1e-4
"""Between the outputs of the exported network and of the checkpoint, each in its own unit."""
_CHECKED_WINDOWS: Final = 64
_VERBOSE_LOGGERS: Final = ("torch.onnx", "onnxscript", "onnx_ir")


class _Named(nn.Module):
    """The network with a plain tuple as output, as ONNX needs it."""

    def __init__(self, network: StudentNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, features: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.network(features))


def export_student(checkpoint: Path, folder: Path, windows: NDArray[np.float32] | None = None) -> Path:
    """Write `student.onnx`, in half precision, and `student.json` into `folder`; returns the ONNX file's path.

    Args:
        checkpoint: folder of the checkpoint.
        folder: made if there is none.
        windows: (B, T, 82) features to compare the exported network on; None: `windows_of_people`.

    Raises:
        PoseNet3DError: the checkpoint is missing or damaged, the folder can't be written or holds a checkpoint, or the
            exported network's outputs differ from those of the rounded checkpoint; nothing is then written.
    """
    refuse_checkpoint(folder)
    network = in_half_precision(load_student(checkpoint)).eval()
    training = read_description(checkpoint, "student")["training"]
    make_folder(folder)
    path, description_path = folder / "student.onnx", folder / "student.json"
    with writing(description_path) as partial_description, writing(path) as partial:
        _write_onnx(network, partial)
        refuse_difference(network, partial, path, windows)
        description = {
            "version": STUDENT_VERSION,
            "rate": STUDENT_RATE,
            "config": asdict(network.config),
            "training": training,
            "sha256": hashlib.sha256(partial.read_bytes()).hexdigest(),
        }
        partial_description.write_text(json.dumps(description, indent=2) + "\n")
        # The description is deleted first and written last: a kill in between leaves a student without one, never one
        # with a wrong one.
        description_path.unlink(missing_ok=True)
    return path


def refuse_checkpoint(folder: Path) -> None:
    """Check that a folder to export into holds no checkpoint, whose description has the same name.

    Raises:
        PoseNet3DError: it holds one.
    """
    if (folder / "student.safetensors").exists():
        raise PoseNet3DError(f"{folder}: holds a checkpoint, whose student.json would be replaced; give another folder")


def in_half_precision(network: StudentNetwork) -> StudentNetwork:
    """The network itself, its weights rounded to half precision: the file is half as large.

    Poses change by a tenth of a millimetre. The network still computes in single precision.
    """
    return network.half().float()


def refuse_difference(
    network: StudentNetwork, exported: Path, path: Path, windows: NDArray[np.float32] | None = None
) -> None:
    """Check that an exported network's outputs are the network's.

    Args:
        network: of the checkpoint.
        exported: the ONNX file.
        path: its final name, for the message.
        windows: as of `export_student`.

    Raises:
        PoseNet3DError: an output differs.
    """
    for name, difference in differences(network, exported, windows).items():
        if not difference <= LARGEST_DIFFERENCE:
            raise PoseNet3DError(
                f"{path}: '{name}' differs from the checkpoint's by {difference:.1e}, more than "
                f"{LARGEST_DIFFERENCE:.0e}; not exported: use the versions of torch and onnx in pyproject.toml"
            )


def differences(
    network: StudentNetwork, exported: Path, windows: NDArray[np.float32] | None = None
) -> dict[str, float]:
    """Largest differences between the outputs of an exported network and of the network, each in its own unit.

    windows: (B, T, 82) features; None: `windows_of_people`.
    """
    features = windows_of_people() if windows is None else windows
    runtime = open_network(exported, "cpu")
    expected, actual = (one.run({"features": features}) for one in (CheckpointNetwork(network), runtime))
    return {name: float(np.abs(actual[name] - expected[name]).max()) for name in StudentOutput._fields}


def windows_of_people() -> NDArray[np.float32]:
    """(B, T, 82) features of the shipped body in random poses before a camera, the same in every call.

    On numbers that are no person's points rotations may be so ill defined that rounding turns them.
    """
    random, body = np.random.default_rng(0), load_body()
    size = (_CHECKED_WINDOWS, STUDENT_WINDOW)
    turns = random.normal(0, 0.3, (_CHECKED_WINDOWS, 1, JOINT_COUNT, 3)) + random.normal(
        0, 0.1, (*size, JOINT_COUNT, 3)
    )
    rest_joints, rest_points = (
        body.rest_joints(np.zeros(SHAPE_COUNT)),
        keypoint_rest_points(body, np.zeros(SHAPE_COUNT)),
    )
    joints, world = forward_kinematics(axis_angle_to_matrix(turns), rest_joints)
    keypoints = keypoints_on_body(joints, world, rest_joints, rest_points)
    neck_and_head = joints[:, :, [JOINT_INDEX["neck"], JOINT_INDEX["head"]]]
    # Upright, four metres before the camera, which looks at the hips: x right, y down, z forward.
    points = np.concatenate([keypoints, neck_and_head], 2) * [1, -1, -1] + [0, 1, 4]
    confidence = random.uniform(0, 1, points.shape[:-1])
    return normalise_windows(points[..., :2] / points[..., 2:], confidence).features


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
    _reduce(path)


@contextmanager
def _quiet() -> Iterator[None]:
    """Limit the exporter's loggers to errors inside the block."""
    levels = {logging.getLogger(name): logging.getLogger(name).level for name in _VERBOSE_LOGGERS}
    for logger in levels:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in levels.items():
            logger.setLevel(level)


def _reduce(path: Path) -> None:
    """Store weights in half precision, without the exporter's notes on source code and machine."""
    import onnx

    model = onnx.load(path)
    _strip_metadata(model)
    halve_weights(model.graph)
    onnx.save(model, path)


def _strip_metadata(model: onnx.ModelProto) -> None:
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
