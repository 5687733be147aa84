"""Evaluation of a student on motion capture, by the protocol that all tables of ours share."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.atomic_write import writing
from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import Body, load_body
from posenet3d_blender.capture.student.predict import Student
from posenet3d_blender.capture.student.predict import load_student as load_exported

from ..data.clips import load_clips
from ..paper.teacher.inference import Teacher
from ..paper.teacher.network import load_teacher
from ..synthesis.benchmark_views import BenchmarkView, benchmark_views
from ..synthesis.detector_noise import load_detector_noise
from ..training.checkpoint import load_student
from .metrics import Metrics, measure
from .models import CheckpointNetwork

SHIPPED: Final = "shipped"
CHECKPOINTS: Final = Path(__file__).parents[1] / "checkpoints"
NAMED: Final = ("supervised", "paper")
"""The folders of CHECKPOINTS that are known by name."""
INPUTS: Final = ("clean", "detected")


def evaluate(data: Path, checkpoint: str, views: int, seed: int, source: str, out: Path) -> Metrics:
    """Measure a student and write `out` (JSON).

    Skeletons differ in where they put joints: data sets give theirs 2 to 13 cm apart from SMPL's. The row `student` is
    therefore of the skeleton that the student itself gives the person (others who compare SMPL bodies with motion
    capture regress the data set's joints from the mesh); `student_body` is of the shipped body's own joints.

    Args:
        data: motion capture in the training-data format.
        checkpoint: "shipped", one of NAMED, or a folder that training or export wrote.
        views: cameras for each clip.
        seed: decides cameras and noise.
        source: one of INPUTS.
        out: the file to write.

    Returns:
        the row `student`.

    Raises:
        PoseNet3DError: data or checkpoint are missing or damaged, or `out` can't be written.
    """
    clips, student, body = load_clips(data), open_student(checkpoint), load_body()
    teacher = open_teacher(checkpoint, body)
    noise = load_detector_noise() if source == "detected" else None
    # The file is begun first: a folder that can't be written is said at once, not after minutes.
    with writing(out) as partial:
        seen = list(benchmark_views(clips, views, seed, noise))
        compared = [(student_joints(student, body, view), view.joints) for view in seen]
        taught = [teacher.joints(view.rays, view.confidence) for view in seen] if teacher else []
        rows = {} if teacher is None else {"teacher": measure(zip(taught, (true for _, true in compared), strict=True))}
        rows |= {
            "student": measure((said.person, true) for said, true in compared),
            "student_body": measure((said.body, true) for said, true in compared),
        }
        partial.write_text(json.dumps({name: asdict(row) for name, row in rows.items()}, indent=2) + "\n")
    return rows["student"]


def open_student(checkpoint: str) -> Student:
    """A student by name or folder: exported ones through the add-on's own run time, training's through torch.

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
    """The teacher of a checkpoint by name or folder; None where it has none.

    Raises:
        PoseNet3DError: it is damaged.
    """
    folder = checkpoint_folder(checkpoint)
    if checkpoint == SHIPPED or not (folder / "teacher.json").is_file():
        return None
    return Teacher(load_teacher(folder), body)


def checkpoint_folder(checkpoint: str) -> Path:
    """The folder of a checkpoint that is given by name or as a folder."""
    return CHECKPOINTS / checkpoint if checkpoint in NAMED else Path(checkpoint)


@dataclass(frozen=True)
class StudentJoints:
    """What a student says of a view, as joints (T, 24, 3) in the camera frame, pelvis at 0."""

    person: NDArray[np.float64]
    """Of the skeleton that the student gives the person."""
    body: NDArray[np.float64]
    """Of the shipped body in the student's shape, in the same pose."""


def student_joints(student: Student, body: Body, view: BenchmarkView) -> StudentJoints:
    """Run a student on a view."""
    prediction = student.predict_points(view.rays, view.confidence)
    person, _ = forward_kinematics(prediction.rotations, prediction.rest_joints(body))
    of_body, _ = forward_kinematics(prediction.rotations, body.rest_joints(prediction.betas))
    return StudentJoints(person, of_body)
