"""Training of the recipe `supervised`: the student learns from synthetic observations with their ground truth.

Single frames come first: each costs a thirtieth of a window, so the student sees more different poses in the same time.
Windows follow, then the feedback on the trained student.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from posenet3d_blender.body.model import Body, load_body
from posenet3d_blender.capture.student.features import STUDENT_RATE
from posenet3d_blender.capture.student.network import StudentNetwork
from posenet3d_blender.capture.student.torch_body import BodyBones, parent_offsets
from posenet3d_blender.errors import PoseNet3DError

from ..data.clips import Clips, join_clips, load_clips, resampled
from ..data.npz_takes import refuse_short
from ..data.subjects import subject_of
from ..training.checkpoint import Notes, load_student, save_student, settings_of, start_from
from ..training.distributed import processes_joined
from ..training.loop import Stage, set_trainable
from ..training.run import Run
from ..training.student_parts import predict, train_first_pass, train_only_feedback
from ..windows.fit_rotations import FittedClips, fit_clips, join_fitted
from ..windows.losses import SupervisedWeights, supervised_losses
from ..windows.sampler import WindowSampler
from ..windows.windows import Windows
from .recipe import SupervisedRecipe

log = logging.getLogger(__name__)


class SupervisedStage(Stage[Windows]):
    """The student against the true rotations."""

    def __init__(self, student: StudentNetwork, body: Body, weights: SupervisedWeights, notes: Notes) -> None:
        """Store the student and the body's bones.

        Args:
            student: the network.
            body: the shipped body.
            weights: of the loss terms.
            notes: of the checkpoint; the number of steps is added.
        """
        super().__init__()
        self.student, self.weights, self.notes = student, weights, notes
        self.body_bones = BodyBones(body)

    def forward(self, batch: Windows) -> dict[str, Tensor]:
        """The terms of `supervised_losses`."""
        output = predict(self.student, batch.features, self.mixed_precision)
        return supervised_losses(output, batch, self.body_bones, self.weights)

    def save(self, folder: Path, steps: int) -> None:
        """Write the student."""
        save_student(folder, self.student, {**self.notes, "steps": steps})


def train_supervised(recipe: SupervisedRecipe, resume: bool) -> Path:
    """Train, and return the folder of the checkpoint, which is rewritten every few minutes.

    Raises:
        PoseNet3DError: the data or the checkpoint to start from are unfit, or as `train_stage`.
    """
    torch.manual_seed(recipe.seed)
    torch.set_num_threads(recipe.threads)
    folder, body, student = Path(recipe.run), load_body(), StudentNetwork(recipe.student)
    # The last stage, whichever it is, leaves its checkpoint in the run's own folder.
    folders = {"frames": folder / "frames", "windows": folder / "windows", "last": folder}
    run = Run(folders, recipe.seed, recipe.threads, resume)
    if recipe.start_from:
        start = Path(recipe.start_from)
        start_from(start, "student", load_student(start), student)
    notes: Notes = {
        "recipe": "supervised",
        "data": ", ".join(Path(path).name for path in recipe.data),
        "chosen_by": "the last step's averaged weights",
        "settings": settings_of(recipe),
    }
    stage = SupervisedStage(student, body, recipe.weights, notes)
    with processes_joined():
        make_source = sampler_factory(recipe, body)
        run.begin()
        train_first_pass(student)
        set_trainable(student.time_parameters(), False)
        run.train(stage, partial(make_source, window=1), recipe.frames, "frames")
        set_trainable(student.time_parameters(), True)
        run.train(stage, make_source, recipe.windows, "windows" if recipe.feedback.steps > 0 else "last")
        train_only_feedback(student, student.feedback)
        mixture = replace(recipe.mixture, point_offset=recipe.feedback_point_offset)
        run.train(stage, partial(make_source, mixture=mixture), recipe.feedback, "last")
    return folder


def sampler_factory(recipe: SupervisedRecipe, body: Body) -> Callable[..., WindowSampler]:
    """A function that makes the recipe's `WindowSampler` from a seed.

    Clips are resampled to the student's rate; those shorter than its window, or of subjects that are held out, are
    left out.

    Raises:
        PoseNet3DError: the data is missing or damaged or has no clip that is long enough.
    """
    files = [_load_clips(Path(path), recipe, body) for path in recipe.data]
    known = {subject for _, _, subjects in files for subject in subjects}
    for name in sorted(set(recipe.held_out) - known):
        log.warning("held_out: no clip is of the subject %s; the data has %s", name, ", ".join(sorted(known)))
    weights = recipe.data_weights or [1.0] * len(files)
    return partial(
        WindowSampler,
        join_clips([clips for clips, _, _ in files]),
        join_fitted([fitted for _, fitted, _ in files]),
        body,
        mixture=recipe.mixture,
        views=recipe.views,
        noise=recipe.noise,
        partial=recipe.partial,
        tumbles=recipe.tumbles,
        weights=torch.cat([torch.full((len(c.names),), w) for (c, _, _), w in zip(files, weights, strict=True)]),
    )


def _load_clips(path: Path, recipe: SupervisedRecipe, body: Body) -> tuple[Clips, FittedClips, set[str]]:
    """The clips of one file that are trained on, their rotations, and all subjects of the file."""
    window = recipe.student.window
    clips = resampled(load_clips(path), STUDENT_RATE)
    refuse_short(path, clips, window)
    # Subjects' constants are measured on all of their clips, short ones too.
    fitted = fit_clips(clips, parent_offsets(body.joint_template))
    long_enough = [index for index, (start, end) in enumerate(clips.ranges()) if end - start >= window]
    if len(long_enough) < len(clips.names):
        log.info("%s: %d clips with fewer than %d samples left out", path, len(clips.names) - len(long_enough), window)
    chosen = [index for index in long_enough if subject_of(clips.names[index]) not in recipe.held_out]
    if not chosen:
        raise PoseNet3DError(f"{path}: key 'held_out' leaves none of its clips; remove the file from 'data'")
    rows = clips.rows_of(chosen)
    subjects = {subject_of(name) for name in clips.names}
    return clips.select(chosen), FittedClips(fitted.rotations[rows], fitted.bones[rows]), subjects
