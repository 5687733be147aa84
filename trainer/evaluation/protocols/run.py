"""Evaluation of a checkpoint by a published protocol."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from posenet3d_blender.arrays import Array
from posenet3d_blender.atomic_write import writing
from posenet3d_blender.body.model import Body
from posenet3d_blender.body.skeleton import JOINT_INDEX
from posenet3d_blender.errors import PoseNet3DError

from ...synthesis.benchmark_views import BenchmarkView
from ..metrics import COMMON_JOINTS, HIPS, Metrics, measure
from ..models import Models, open_models
from .human36m import human36m_sequences
from .mpi_inf_3dhp import mpi_inf_3dhp_sequences
from .sequence import HEAD_TOP, TestSequence, at_frames, at_student_rate
from .threedpw import threedpw_sequences


@dataclass(frozen=True)
class Protocol:
    """A test set and the joints that count in it; errors are centred between the hips."""

    sequences: Callable[[Path, bool], Iterator[TestSequence]]
    joints: Sequence[int]


_HEAD: Final = JOINT_INDEX["head"]
PROTOCOLS: Final = {
    "h36m": Protocol(human36m_sequences, COMMON_JOINTS),
    "3dpw": Protocol(threedpw_sequences, COMMON_JOINTS),
    # The official script's 14 joints have the crown in place of the head.
    "3dhp": Protocol(mpi_inf_3dhp_sequences, [HEAD_TOP if joint == _HEAD else joint for joint in COMMON_JOINTS]),
}
"""By the name on the command line."""


def evaluate_protocol(name: str, folder: Path, checkpoint: str, source: str, out: Path) -> Metrics:
    """Measure a checkpoint on a public test set and write `out` (JSON); returns the row `student`.

    Networks see 30 samples a second, interpolated from the data set's frames; their joints are interpolated back, so
    that the frames that count are the data set's own. Rows: `student`, `student_body` as in `evaluate`, and `teacher`
    where the checkpoint has one and every sequence has the points that it lifts.

    Args:
        name: a key of PROTOCOLS.
        folder: the data set's.
        checkpoint: as for `evaluate`.
        source: "clean", exact 2D joints, or "detected", those of the detector that the data set comes with.
        out: the file to write.

    Raises:
        PoseNet3DError: data or checkpoint are missing or damaged, or `out` can't be written.
    """
    protocol, models = PROTOCOLS[name], open_models(checkpoint)
    rows: dict[str, list[tuple[Array, Array]]] = {}
    with writing(out) as partial:
        for sequence in protocol.sequences(folder, source == "detected"):
            for row, joints in _predict(models, sequence).items():
                rows.setdefault(row, []).extend(_stretches(joints, sequence))
        if not any(rows.values()):
            raise PoseNet3DError(f"{folder}: no frame of the test set counts; get the files again")
        complete = {row: clips for row, clips in rows.items() if len(clips) == len(rows["student"])}
        metrics = {row: measure(clips, protocol.joints, HIPS) for row, clips in complete.items()}
        partial.write_text(json.dumps({row: asdict(one) for row, one in metrics.items()}, indent=2) + "\n")
    return metrics["student"]


def _predict(models: Models, sequence: TestSequence) -> dict[str, Array]:
    """Joints (T, 25, 3) by row, at the sequence's frames."""
    rays, confidence = at_student_rate(sequence)
    if not sequence.has_teacher_points:
        models = replace(models, teacher=None)
    predicted = models.predict(BenchmarkView(rays, confidence, np.zeros((len(rays), len(JOINT_INDEX), 3))))
    rows = {"student": predicted.student, "student_body": predicted.student_body}
    if predicted.teacher is not None:
        rows["teacher"] = predicted.teacher
    return {row: with_head_top(at_frames(joints, sequence), models.body) for row, joints in rows.items()}


def with_head_top(joints: Array, body: Body) -> Array:
    """(T, 25, 3): joints (T, 24, 3) and the crown, which lies as far beyond neck and head as on the body."""
    neck, head = JOINT_INDEX["neck"], _HEAD
    of_body = np.linalg.norm(body.joint_template[head] - body.joint_template[neck])
    share = (body.template[:, 1].max() - body.joint_template[head, 1]) / of_body
    crown = joints[:, head] + share * (joints[:, head] - joints[:, neck])
    return np.concatenate([joints, crown[:, None]], axis=1)


def _stretches(joints: Array, sequence: TestSequence) -> Iterator[tuple[Array, Array]]:
    """Predicted and true joints of each run of frames that count."""
    edges = np.flatnonzero(np.diff(sequence.evaluated.astype(int), prepend=0, append=0))
    for start, end in edges.reshape(-1, 2):
        yield joints[start:end], sequence.joints[start:end]
