"""Checkpoints to evaluate, opened by name or folder, and their predictions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import SHAPE_COUNT, Body, load_body
from posenet3d_blender.capture.student.network import StudentNetwork
from posenet3d_blender.capture.student.predict import Student
from posenet3d_blender.capture.student.predict import load_student as load_exported

from ..paper.teacher.inference import Teacher
from ..paper.teacher.network import load_teacher
from ..synthesis.benchmark_views import BenchmarkView
from ..training.checkpoint import load_student

SHIPPED: Final = "shipped"
"""Name of the add-on's own student."""
CHECKPOINTS: Final = Path(__file__).parents[1] / "checkpoints"
NAMED: Final = ("supervised", "paper")
"""Folders of CHECKPOINTS that are known by name."""


class CheckpointNetwork:
    """A student run by torch on the CPU, with the add-on's interface for networks (`capture.runtime.network`)."""

    device = "cpu"
    backend = "torch"

    def __init__(self, student: StudentNetwork) -> None:
        """Set the network to evaluation mode.

        Args:
            student: the network.
        """
        self._student = student.eval()

    @torch.no_grad()
    def run(self, inputs: dict[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """Named inputs to named outputs."""
        output = self._student(torch.from_numpy(inputs["features"]))
        return {name: tensor.numpy() for name, tensor in output._asdict().items()}


@dataclass(frozen=True)
class PredictedJoints:
    """Predictions for one view beside the ground truth; joints (T, 24, 3), camera frame, metres, of any origin."""

    truth: Array
    student: Array
    """On the skeleton that the student predicts for the person."""
    student_body: Array
    """On the shipped body in the student's shape, in the same pose."""
    mean_body: Array
    """On the shipped body in its mean shape, in the same pose."""
    world_rotations: Array
    """(T, 24, 3, 3) of the student's pose."""
    teacher: Array | None = None
    """None where the checkpoint has no teacher."""


@dataclass(frozen=True)
class Models:
    """Networks of one checkpoint."""

    student: Student
    teacher: Teacher | None
    body: Body

    def predict(self, view: BenchmarkView) -> PredictedJoints:
        """Run the networks on a view."""
        prediction = self.student.predict_points(view.rays, view.confidence)
        person, _ = forward_kinematics(prediction.rotations, prediction.rest_joints(self.body))
        of_body, _ = forward_kinematics(prediction.rotations, self.body.rest_joints(prediction.betas))
        of_mean, world = forward_kinematics(prediction.rotations, self.body.rest_joints(np.zeros(SHAPE_COUNT)))
        teacher = self.teacher.joints(view.rays, view.confidence) if self.teacher else None
        return PredictedJoints(view.joints, person, of_body, of_mean, world, teacher)


def open_models(checkpoint: str) -> Models:
    """The student of a checkpoint by name or folder, its teacher if it has one, and the shipped body.

    Raises:
        PoseNet3DError: there is no student, or a file is damaged.
    """
    body = load_body()
    return Models(open_student(checkpoint), open_teacher(checkpoint, body), body)


def open_student(checkpoint: str) -> Student:
    """A student by name or folder: exported ones run by the add-on's runtime, training's by torch.

    Raises:
        PoseNet3DError: there is none, or it is damaged.
    """
    if checkpoint == SHIPPED:
        return load_exported("cpu")
    folder = checkpoint_folder(checkpoint)
    if (folder / "student.onnx").is_file():
        return load_exported("cpu", folder)
    return Student(CheckpointNetwork(load_student(folder)))


def open_teacher(checkpoint: str, body: Body) -> Teacher | None:
    """The teacher of a checkpoint by name or folder; None without one.

    Raises:
        PoseNet3DError: it is damaged.
    """
    folder = checkpoint_folder(checkpoint)
    if checkpoint == SHIPPED or not (folder / "teacher.json").is_file():
        return None
    return Teacher(load_teacher(folder), body)


def checkpoint_folder(checkpoint: str) -> Path:
    """Folder of a checkpoint that is given by name or as a folder."""
    return CHECKPOINTS / checkpoint if checkpoint in NAMED else Path(checkpoint)
