"""Evaluation of a student on motion capture; the protocol is in RESULTS.md."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Final

from posenet3d_blender.atomic_write import writing
from posenet3d_blender.body.model import load_body

from ..data.clips import load_clips
from ..synthesis.benchmark_views import benchmark_views
from ..synthesis.detector_noise import load_detector_noise
from .metrics import Metrics, measure
from .models import PredictedJoints, open_models

INPUTS: Final = ("clean", "detected")
"""Exact 2D joints, or those of the simulated detector."""


def evaluate(data: Path, checkpoint: str, views: int, seed: int, source: str, out: Path) -> Metrics:
    """Measure a student and write `out` (JSON).

    Data sets place joints differently: theirs lie 2 to 13 cm from SMPL's. The row `student` is therefore of the
    skeleton that the student predicts for the person (others regress the data set's joints from the SMPL mesh);
    `student_body` is of the shipped body's own joints.

    Args:
        data: motion capture in the training-data format.
        checkpoint: "shipped", one of NAMED, or a folder written by training or export.
        views: cameras for each clip.
        seed: decides cameras and noise.
        source: one of INPUTS.
        out: the file to write.

    Returns:
        the row `student`.

    Raises:
        PoseNet3DError: data or checkpoint are missing or damaged, or `out` can't be written.
    """
    clips, models = load_clips(data), open_models(checkpoint, load_body())
    noise = load_detector_noise() if source == "detected" else None
    # The file is opened first: an unwritable folder is reported at once, not after minutes.
    with writing(out) as partial:
        rows = _rows([models.predict(view) for view in benchmark_views(clips, views, seed, noise)])
        partial.write_text(json.dumps({name: asdict(row) for name, row in rows.items()}, indent=2) + "\n")
    return rows["student"]


def _rows(predictions: list[PredictedJoints]) -> dict[str, Metrics]:
    """Metrics by row: of the teacher, if the checkpoint has one, and of the student."""
    teacher = [(one.teacher, one.truth) for one in predictions if one.teacher is not None]
    rows = {"teacher": measure(teacher)} if teacher else {}
    return rows | {
        "student": measure((one.student, one.truth) for one in predictions),
        "student_body": measure((one.student_body, one.truth) for one in predictions),
    }
