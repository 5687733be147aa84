"""Tune a student: train it further on one person's 2D sequences, and export it."""

from __future__ import annotations

import copy
import logging
import tempfile
from functools import partial
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from posenet3d_blender.body.model import load_body
from posenet3d_blender.capture.student.features import STUDENT_RATE, STUDENT_WINDOW
from posenet3d_blender.capture.student.network import StudentNetwork, StudentOutput
from posenet3d_blender.capture.student.points import StudentPoints

from ..data.npz_takes import refuse_short
from ..data.sequences import load_sequences
from ..export import export_student, refuse_checkpoint
from ..training.checkpoint import Notes, load_student, read_description, save_student
from ..training.loop import Stage, train_stage
from ..training.schedule import Schedule
from ..training.student_parts import train_all_but_lifter
from .footage import FootageSampler, FootageWindows
from .losses import TuneDeviations, tune_terms

_CHECKED_WINDOWS: Final = 64
_LEAST_FOOTAGE: Final = 5.0
"""Seconds; tuned on 1.3 s of a walk, the student captured it worse, see RESULTS.md."""
log = logging.getLogger(__name__)


class TuneStage(Stage[FootageWindows]):
    """The student against footage, held near its first answers."""

    def __init__(self, student: StudentNetwork, deviations: TuneDeviations, notes: Notes) -> None:
        """Keep a frozen copy of the student.

        Args:
            student: trained; all but its lifter is trained on.
            deviations: of the loss terms.
            notes: of the checkpoint; the number of steps is added.
        """
        super().__init__()
        self.student, self.deviations, self._notes = student, deviations, notes
        self.untuned = copy.deepcopy(student).requires_grad_(False)
        train_all_but_lifter(student)
        self.points = StudentPoints(load_body())

    def forward(self, batch: FootageWindows) -> dict[str, Tensor]:
        """The terms of `tune_terms`."""
        output: StudentOutput = self.student(batch.features)
        untuned: StudentOutput = self.untuned(batch.features)
        return tune_terms(output, untuned, self.points, batch, self.deviations)

    def save(self, folder: Path, steps: int) -> None:
        """Write the student."""
        save_student(folder, self.student, {**self._notes, "tuning_steps": steps})


def tune_student(data: Path, checkpoint: Path, steps: int, seed: int, out: Path) -> Path:
    """Tune a checkpoint's student and export it into `out`; returns the ONNX file's path.

    Args:
        data: 2D sequences of one person, `.npz`.
        checkpoint: folder of the student.
        steps: of training.
        seed: of the windows.
        out: folder that `capture --student` takes.

    Raises:
        PoseNet3DError: data or checkpoint are missing or damaged, or `out` can't be written or holds a checkpoint.
    """
    # Refused at once, not after the training.
    refuse_checkpoint(out)
    sequences = load_sequences(data)
    refuse_short(data, sequences, STUDENT_WINDOW)
    seconds = len(sequences.rays) / STUDENT_RATE
    if seconds < _LEAST_FOOTAGE:
        log.warning(
            "%s: %.1f s of footage; less than %g s may make captures worse, give more clips",
            data,
            seconds,
            _LEAST_FOOTAGE,
        )
    student = load_student(checkpoint)
    notes: Notes = {**read_description(checkpoint, "student")["training"], "tuned_on": data.name}
    schedule = Schedule(
        steps=steps,
        batch_size=16,
        learning_rate=1e-4,
        warmup_steps=20,
        ema_decay=0.98,
        save_every=100,
        mixed_precision=False,
    )
    with tempfile.TemporaryDirectory(prefix="posenet3d_tune_") as folder:
        stage = TuneStage(student, TuneDeviations(), notes)
        train_stage(
            stage,
            partial(FootageSampler, sequences),
            schedule,
            Path(folder),
            seed,
            torch.get_num_threads(),
            resume=False,
        )
        # On random numbers, which are no person's points, a rotation may be so ill defined that rounding turns it.
        seen = FootageSampler(sequences, seed).draw(_CHECKED_WINDOWS).features.numpy()
        return export_student(Path(folder), out, seen)
