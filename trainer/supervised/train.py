"""Training of the recipe `supervised`: the student learns from synthetic observations with their ground truth.

Single frames come first: each costs a thirtieth of a window, so the student sees more different poses in the same time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from posenet3d_blender.body.model import Body, load_body
from posenet3d_blender.capture.student.features import STUDENT_RATE
from posenet3d_blender.capture.student.network import StudentNetwork, StudentOutput

from ..data.clips import load_clips, resampled
from ..data.npz_takes import refuse_short
from ..geometry.body_bones import BodyBones, parent_offsets
from ..training.checkpoint import Notes, save_student, settings_of
from ..training.distributed import main_process_first, processes_joined
from ..training.loop import Stage, set_trainable, train_stage
from ..training.precision import mixed_precision
from .fit_rotations import FittedClips, load_or_fit
from .losses import SupervisedWeights, supervised_losses
from .recipe import SupervisedRecipe
from .sampler import WindowSampler
from .windows import Windows

log = logging.getLogger(__name__)


class SupervisedStage(Stage[Windows]):
    """The student against the true rotations."""

    def __init__(
        self, student: StudentNetwork, body: Body, weights: SupervisedWeights, mixed_precision: bool, notes: Notes
    ) -> None:
        """Store the student and the body's bones.

        Args:
            student: the network.
            body: the shipped body.
            weights: of the loss terms.
            mixed_precision: run the network in bfloat16.
            notes: of the checkpoint; the number of steps is added.
        """
        super().__init__()
        self.student, self.weights, self.mixed_precision, self.notes = student, weights, mixed_precision, notes
        self.body_bones = BodyBones(body)

    def forward(self, batch: Windows) -> dict[str, Tensor]:
        """The terms of `supervised_losses`."""
        with mixed_precision(batch.features.device, self.mixed_precision):
            output = self.student(batch.features)
        output = StudentOutput(*(tensor.float() for tensor in output))
        return supervised_losses(output, batch, self.body_bones, self.weights)

    def save(self, folder: Path, steps: int) -> None:
        """Write the student."""
        save_student(folder, self.student, {**self.notes, "steps": steps})


def train_supervised(recipe: SupervisedRecipe, resume: bool) -> Path:
    """Train, and return the folder of the checkpoint, which is rewritten every few minutes."""
    torch.manual_seed(recipe.seed)
    torch.set_num_threads(recipe.threads)
    folder, body, student = Path(recipe.run), load_body(), StudentNetwork(recipe.student)
    notes: Notes = {
        "recipe": "supervised",
        "data": Path(recipe.data).name,
        "chosen_by": "the last step's averaged weights",
        "settings": settings_of(recipe),
    }
    # One setting for both stages.
    stage = SupervisedStage(student, body, recipe.weights, recipe.windows.mixed_precision, notes)
    with processes_joined():
        make_source = sampler_factory(recipe, body)
        if recipe.frames.steps > 0:
            set_trainable(student.time_parameters(), False)
            make_frames = partial(make_source, window=1)
            train_stage(stage, make_frames, recipe.frames, folder / "frames", recipe.seed, recipe.threads, resume)
            set_trainable(student.time_parameters(), True)
        train_stage(stage, make_source, recipe.windows, folder, recipe.seed, recipe.threads, resume)
    return folder


def sampler_factory(recipe: SupervisedRecipe, body: Body) -> Callable[..., WindowSampler]:
    """A function that makes the recipe's `WindowSampler` from a seed.

    Clips are resampled to the student's rate; those shorter than its window are left out. The clips' rotations are
    fitted once and cached beside the run.

    Raises:
        PoseNet3DError: the data is missing or damaged or has no clip that is long enough.
    """
    path, window = Path(recipe.data), recipe.student.window
    clips = resampled(load_clips(path), STUDENT_RATE)
    refuse_short(path, clips, window)
    with main_process_first():
        cache = Path(recipe.run).parent / f"{path.stem}_rotations.npz"
        fitted = load_or_fit(clips, parent_offsets(body.joint_template), cache)
    # After the fit, which serves windows of any length.
    chosen = [index for index, (start, end) in enumerate(clips.ranges()) if end - start >= window]
    if len(chosen) < len(clips.names):
        log.info("%s: %d clips with fewer than %d samples left out", path, len(clips.names) - len(chosen), window)
        frames = clips.rows_of(chosen)
        clips, fitted = clips.select(chosen), FittedClips(fitted.rotations[frames], fitted.bones[frames])
    return partial(WindowSampler, clips, fitted, body, mixture=recipe.mixture, views=recipe.views, noise=recipe.noise)
