"""The command `pictures`: what a checkpoint makes of motion capture, and how its training went."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.body.model import load_body
from posenet3d_blender.body.skeleton import PARENTS
from posenet3d_blender.capture.student.features import STUDENT_RATE
from posenet3d_blender.errors import PoseNet3DError

from ..data.clips import Clips, load_clips
from ..synthesis.benchmark_views import BenchmarkView, benchmark_views
from ..synthesis.detector_noise import load_detector_noise
from ..synthesis.joint_of_point import JOINT_OF_POINT, NO_JOINT
from .evaluate import open_student, open_teacher, student_joints
from .figures import Moment, loss_curves, side_by_side

Array = NDArray[np.float64]

CLIPS: Final = 3
MOMENTS: Final = 2
"""Of each clip."""


@dataclass(frozen=True)
class Answers:
    """Joints (T, 24, 3) of a whole view in the camera frame; None where the checkpoint has no such network."""

    teacher: Array | None = None
    student: Array | None = None


def write_pictures(data: Path, checkpoint: str, run: Path | None, seed: int, source: str, out: Path) -> list[Path]:
    """Write `side_by_side.png` and, of a run, `loss_curves.png`; returns their paths.

    Args:
        data: motion capture in the training-data format.
        checkpoint: as for `evaluate`.
        run: folder of a run, with all its stages; None: the checkpoint's, if training's log lies there.
        seed: decides cameras and noise.
        source: one of `evaluate.INPUTS`.
        out: folder, made if need be.

    Raises:
        PoseNet3DError: data or checkpoint are missing or damaged, or `out` can't be written.
    """
    clips, student, body = load_clips(data), open_student(checkpoint), load_body()
    teacher = open_teacher(checkpoint, body)

    def answer(view: BenchmarkView) -> Answers:
        taught = teacher.joints(view.rays, view.confidence) if teacher else None
        return Answers(taught, student_joints(student, body, view).person)

    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PoseNet3DError(f"{out}: can't be made ({error.strerror}); give another folder") from error
    written = [out / "side_by_side.png"]
    side_by_side(list(chosen_moments(clips, answer, seed, source)), written[0])
    if run is None and any(Path(checkpoint).rglob("events.out.tfevents.*")):
        run = Path(checkpoint)
    if run is not None:
        written.append(out / "loss_curves.png")
        loss_curves(run, written[1])
    return written


def chosen_moments(
    clips: Clips, answer: Callable[[BenchmarkView], Answers], seed: int, source: str
) -> Iterator[Moment]:
    """A few moments of a few clips, spread evenly over both, before the evaluation's first camera.

    Answers are drawn at the truth's size, which one camera does not show.
    """
    noise = load_detector_noise() if source == "detected" else None
    wanted = set(np.linspace(0, len(clips.names) - 1, CLIPS).astype(int).tolist())
    for index, view in enumerate(benchmark_views(clips, 1, seed, noise)):
        if index not in wanted:
            continue
        answers = answer(view)
        for frame in np.linspace(0, len(view.rays), MOMENTS + 2)[1:-1].astype(int):
            yield Moment(
                f"{clips.names[index]}, {frame / STUDENT_RATE:.1f} s",
                _input_joints(view, frame),
                _at_true_size(answers.teacher, view, frame),
                _at_true_size(answers.student, view, frame),
                view.joints[frame],
            )


def _input_joints(view: BenchmarkView, frame: int) -> Array:
    """(24, 2) the input's points at the joints that they stand for, NaN where there is none."""
    joints = np.full((view.joints.shape[1], 2), np.nan)
    for point, joint in enumerate(JOINT_OF_POINT):
        if joint != NO_JOINT and view.confidence[frame, point] > 0:
            joints[joint] = view.rays[frame, point]
    return joints


def _at_true_size(joints: Array | None, view: BenchmarkView, frame: int) -> Array | None:
    """One frame, pelvis-centred, enlarged until its bones are as long in sum as the truth's."""
    if joints is None:
        return None
    said, true = _bone_lengths(joints[frame]), _bone_lengths(view.joints[frame])
    known = np.isfinite(said)
    return (joints[frame] - joints[frame, :1]) * true[known].sum() / said[known].sum()


def _bone_lengths(joints: Array) -> Array:
    return np.linalg.norm(joints[1:] - joints[list(PARENTS[1:])], axis=-1)
