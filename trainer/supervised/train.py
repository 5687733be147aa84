"""The recipe `supervised`: the student learns from made-up observations with their exact truth.

First from single frames, which cost a thirtieth of a window and differ more, then from windows.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from posenet3d_blender.body.model import Body, load_body
from posenet3d_blender.body.skeleton import PARENTS
from posenet3d_blender.capture.student.features import STUDENT_RATE
from posenet3d_blender.capture.student.network import StudentNetwork, StudentOutput

from ..data.clips import chosen_clips, frames_of, load_clips, refuse_short, resampled
from ..geometry.body_bones import BodyBones
from ..training.checkpoint import Notes, save_student
from ..training.distributed import main_process_first, processes_joined
from ..training.loop import Stage, mixed_precision, set_trainable, train_stage
from ..training.recipe_file import settings_of
from .fit_rotations import FittedClips, load_or_fit
from .losses import supervised_losses
from .recipe import SupervisedRecipe
from .sampler import Windows, WindowSampler

log = logging.getLogger(__name__)


class SupervisedStage(Stage[Windows]):
    """The student against the truth."""

    def __init__(self, recipe: SupervisedRecipe, student: StudentNetwork, body: Body) -> None:
        super().__init__()
        self.recipe, self.student = recipe, student
        self.body_bones = BodyBones(body)

    def forward(self, batch: Windows) -> dict[str, Tensor]:
        """The terms of `supervised_losses`."""
        with mixed_precision(batch.features.device, self.recipe.windows.mixed_precision):
            output = self.student(batch.features)
        output = StudentOutput(*(tensor.float() for tensor in output))
        return supervised_losses(output, batch, self.body_bones, self.recipe.weights)

    def save(self, folder: Path, steps: int) -> None:
        """Write the student."""
        notes: Notes = {
            "recipe": "supervised",
            "steps": steps,
            "data": Path(self.recipe.data).name,
            "chosen_by": "the last step's averaged weights",
            "settings": settings_of(self.recipe),
        }
        save_student(folder, self.student, notes)


def train_supervised(recipe: SupervisedRecipe, resume: bool) -> Path:
    """Train, and return the folder of the checkpoint; it is written anew every few minutes."""
    torch.manual_seed(recipe.seed)
    torch.set_num_threads(recipe.threads)
    folder, body, student = Path(recipe.run), load_body(), StudentNetwork(recipe.student)
    stage = SupervisedStage(recipe, student, body)
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
    """The recipe's source of windows, by seed; the clips' rotations are fitted once and kept beside the run.

    Clips of other rates come to the student's; those that are shorter than its window are left out.

    Raises:
        PoseNet3DError: the data is missing or damaged or has no clip that is long enough.
    """
    path, window = Path(recipe.data), recipe.student.window
    clips = resampled(load_clips(path), STUDENT_RATE)
    lengths = [end - start for start, end in clips.ranges()]
    refuse_short(path, lengths, window)
    rest_bones = body.joint_template.copy()
    rest_bones[1:] -= body.joint_template[list(PARENTS[1:])]
    with main_process_first():
        fitted = load_or_fit(clips, rest_bones, Path(recipe.run).parent / f"{path.stem}_rotations.npz")
    # After the fit, which then serves windows of any length.
    chosen = [index for index, length in enumerate(lengths) if length >= window]
    if len(chosen) < len(lengths):
        log.info("%s: %d clips with fewer than %d samples left out", path, len(lengths) - len(chosen), window)
        frames = frames_of(clips, chosen)
        clips, fitted = chosen_clips(clips, chosen), FittedClips(fitted.rotations[frames], fitted.bones[frames])
    return partial(WindowSampler, clips, fitted, body, mixture=recipe.mixture, views=recipe.views, noise=recipe.noise)
