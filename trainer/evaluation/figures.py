"""Figures of the command `pictures`: skeletons side by side, and loss curves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.skeleton import PARENTS
from posenet3d_blender.capture.student.features import STUDENT_RATE
from posenet3d_blender.capture.student.joint_of_point import JOINT_OF_POINT, NO_JOINT

from ..data.clips import Clips, load_clips
from ..synthesis.benchmark_views import BenchmarkView, benchmark_views
from ..synthesis.detector_noise import DetectorNoise, load_detector_noise
from ..training.checkpoint import make_folder
from .loss_curves import draw_loss_curves
from .models import Models, open_models
from .skeleton_figure import FigureRow, draw_side_by_side

CLIPS: Final = 3
FRAMES: Final = 2
"""Of each clip."""


def write_figures(data: Path, checkpoint: str, run: Path | None, seed: int, source: str, out: Path) -> list[Path]:
    """Write `side_by_side.png` and, of a run, `loss_curves.png`; returns their paths.

    Args:
        data: motion capture in the training-data format.
        checkpoint: as for `evaluate`.
        run: folder of a run, with all its stages; None: the checkpoint's, if it holds training's log.
        seed: decides cameras and noise.
        source: one of `evaluate.INPUTS`.
        out: folder, made if needed.

    Raises:
        PoseNet3DError: data or checkpoint are missing or damaged, or `out` can't be written.
    """
    clips, models = load_clips(data), open_models(checkpoint)
    noise = load_detector_noise() if source == "detected" else None
    make_folder(out)
    written = [out / "side_by_side.png"]
    draw_side_by_side(list(figure_rows(clips, models, seed, noise)), written[0])
    if run is None and any(Path(checkpoint).rglob("events.out.tfevents.*")):
        run = Path(checkpoint)
    if run is not None:
        written.append(out / "loss_curves.png")
        draw_loss_curves(run, written[1])
    return written


def figure_rows(clips: Clips, models: Models, seed: int, noise: DetectorNoise | None) -> Iterator[FigureRow]:
    """A few frames of a few clips, evenly spaced, in the evaluation's first camera.

    Predictions are scaled to the true size, which one camera does not show.
    """
    chosen = set(np.linspace(0, len(clips.names) - 1, CLIPS).astype(int).tolist())
    for index, view in enumerate(benchmark_views(clips, 1, seed, noise)):
        if index not in chosen:
            continue
        predictions = models.predict(view)
        for frame in np.linspace(0, len(view.rays), FRAMES + 2)[1:-1].astype(int):
            joints = {} if predictions.teacher is None else {"teacher": predictions.teacher}
            joints["student"] = predictions.student
            scaled = {name: _at_true_size(track[frame], view.joints[frame]) for name, track in joints.items()}
            yield FigureRow(
                f"{clips.names[index]}, {frame / STUDENT_RATE:.1f} s",
                _input_points(view, frame),
                {**scaled, "truth": view.joints[frame]},
            )


def _input_points(view: BenchmarkView, frame: int) -> Array:
    """(24, 2) the input's points at the joints they stand for, NaN for the others."""
    points = np.full((view.joints.shape[1], 2), np.nan)
    for point, joint in enumerate(JOINT_OF_POINT):
        if joint != NO_JOINT and view.confidence[frame, point] > 0:
            points[joint] = view.rays[frame, point]
    return points


def _at_true_size(prediction: Array, truth: Array) -> Array:
    """Joints (24, 3), pelvis-centred, scaled until their bones have the true total length."""
    lengths, true_lengths = _bone_lengths(prediction), _bone_lengths(truth)
    known = np.isfinite(lengths)
    scaled: Array = (prediction - prediction[:1]) * true_lengths[known].sum() / lengths[known].sum()
    return scaled


def _bone_lengths(joints: Array) -> Array:
    lengths: Array = np.linalg.norm(joints[1:] - joints[list(PARENTS[1:])], axis=-1)
    return lengths
