"""Evaluation of a student on motion capture, by the protocol that all tables of ours share."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import Body, load_body
from posenet3d_blender.capture.student import Student
from posenet3d_blender.capture.student import load_student as load_exported
from posenet3d_blender.files import writing

from .checkpoint import load_student
from .checkpoint_network import CheckpointNetwork
from .data.clips import load_clips
from .data.detected import load_detector_noise
from .data.evaluation_views import EvaluationView, evaluation_views
from .metrics import Metrics, measure

SHIPPED: Final = "shipped"
CHECKPOINTS: Final = Path(__file__).parent / "checkpoints"
NAMED: Final = ("supervised",)
"""The folders of CHECKPOINTS that are known by name."""
INPUTS: Final = ("clean", "detected")


def evaluate(data: Path, checkpoint: str, views: int, seed: int, source: str, out: Path) -> Metrics:
    """Measure a student and write `out` (JSON).

    Args:
        data: motion capture in the training-data format.
        checkpoint: "shipped", one of NAMED, or a folder that training or export wrote.
        views: cameras for each clip.
        seed: decides cameras and noise.
        source: one of INPUTS.
        out: the file to write.

    Raises:
        PoseNet3DError: data or checkpoint are missing or damaged, or `out` can't be written.
    """
    clips, student, body = load_clips(data), open_student(checkpoint), load_body()
    noise = load_detector_noise() if source == "detected" else None
    # The file is begun first: a folder that can't be written is said at once, not after minutes.
    with writing(out) as partial:
        metrics = measure(_compared(student, body, evaluation_views(clips, views, seed, noise)))
        partial.write_text(json.dumps({"student": asdict(metrics)}, indent=2) + "\n")
    return metrics


def open_student(checkpoint: str) -> Student:
    """A student by name or folder: exported ones through the add-on's own run time, training's through torch.

    Raises:
        PoseNet3DError: there is none, or it is damaged.
    """
    if checkpoint == SHIPPED:
        return load_exported("cpu")
    folder = CHECKPOINTS / checkpoint if checkpoint in NAMED else Path(checkpoint)
    if (folder / "student.onnx").is_file():
        return load_exported("cpu", folder)
    return Student(CheckpointNetwork(load_student(folder)))


def student_joints(student: Student, body: Body, view: EvaluationView) -> NDArray[np.float64]:
    """(T, 24, 3) in the camera frame: the body's skeleton in the student's own shape, posed by its rotations."""
    prediction = student.predict_points(view.rays, view.confidence)
    joints, _ = forward_kinematics(prediction.rotations, body.rest_joints(prediction.betas))
    return joints


def _compared(
    student: Student, body: Body, views: Iterator[EvaluationView]
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    for view in views:
        yield student_joints(student, body, view), view.joints
