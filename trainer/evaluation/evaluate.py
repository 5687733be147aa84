"""Evaluation of a student on motion capture; the protocol is in RESULTS.md."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Final

from posenet3d_blender.atomic_write import refuse_overwriting, writing

from ..data.clips import load_clips
from ..data.subjects import subject_of
from ..synthesis.benchmark_views import benchmark_views
from ..synthesis.detector_noise import load_detector_noise
from .joint_regression import BodyView, regress_joints
from .metrics import Metrics, measure
from .models import PredictedJoints, open_models

INPUTS: Final = ("clean", "detected")
"""Exact 2D joints, or those of the simulated detector."""


def evaluate(data: Path, checkpoint: str, views: int, seed: int, source: str, out: Path) -> Metrics:
    """Measure a student and write `out` (JSON).

    Data sets place joints differently: theirs lie 2 to 13 cm from SMPL's. The row `student` is therefore of the
    skeleton that the student predicts for the person (others regress the data set's joints from the SMPL mesh);
    `student_body` is of the shipped body's own joints, and `student_regressed` of the body's joints moved by constant
    offsets for each subject, see `joint_regression`.

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
        PoseNet3DError: data or checkpoint are missing or damaged, or `out` can't be written or is the data.
    """
    refuse_overwriting(out, [data])
    clips, models = load_clips(data), open_models(checkpoint)
    noise = load_detector_noise() if source == "detected" else None
    # The file is opened first: an unwritable folder is reported at once, not after minutes.
    with writing(out) as partial:
        predictions = [models.predict(view) for view in benchmark_views(clips, views, seed, noise)]
        # Views come clip by clip.
        clip_of_view = [(index // views, clips.names[index // views]) for index in range(len(predictions))]
        rows = _rows(predictions, clip_of_view)
        partial.write_text(json.dumps({name: asdict(row) for name, row in rows.items()}, indent=2) + "\n")
    return rows["student"]


def _rows(predictions: list[PredictedJoints], clip_of_view: list[tuple[int, str]]) -> dict[str, Metrics]:
    """Metrics by row: of the teacher, if the checkpoint has one, and of the student."""
    teacher = [(one.teacher, one.truth) for one in predictions if one.teacher is not None]
    rows = {"teacher": measure(teacher)} if teacher else {}
    rows |= {
        "student": measure((one.student, one.truth) for one in predictions),
        "student_body": measure((one.student_body, one.truth) for one in predictions),
    }
    regressed = regress_joints(
        [
            BodyView(one.mean_body, one.world_rotations, one.truth, subject_of(name), clip)
            for one, (clip, name) in zip(predictions, clip_of_view, strict=True)
        ]
    )
    # A subject with one clip has none to fit the offsets on.
    return rows | ({"student_regressed": measure(regressed)} if regressed else {})
