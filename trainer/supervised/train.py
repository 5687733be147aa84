"""The recipe `supervised`: the student learns from made-up observations with their exact truth.

First from single frames, which cost a thirtieth of a window and differ more, then from windows.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from posenet3d_blender.body.model import Body, load_body
from posenet3d_blender.capture.student.features import STUDENT_RATE
from posenet3d_blender.capture.student.network import StudentNetwork, StudentOutput
from posenet3d_blender.errors import PoseNet3DError

from ..data.clips import Clips, chosen_clips, frames_of, joined_clips, load_clips, refuse_short, resampled
from ..data.subjects import subject_of
from ..geometry.body_bones import BodyBones, rest_bones
from ..training.checkpoint import Notes, load_student, save_student
from ..training.distributed import processes_joined
from ..training.loop import Stage, mixed_precision, set_trainable, train_stage
from ..training.recipe_file import settings_of
from .fit_rotations import FittedClips, fit_clips
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
            "data": ", ".join(Path(path).name for path in self.recipe.data),
            "chosen_by": "the last step's averaged weights",
            "settings": settings_of(self.recipe),
        }
        save_student(folder, self.student, notes)


def train_supervised(recipe: SupervisedRecipe, resume: bool) -> Path:
    """Train, and return the folder of the checkpoint; it is written anew every few minutes."""
    torch.manual_seed(recipe.seed)
    torch.set_num_threads(recipe.threads)
    folder, body = Path(recipe.run), load_body()
    student = StudentNetwork(recipe.student)
    if recipe.start_from:
        student.load_state_dict(load_student(Path(recipe.start_from)).state_dict())
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
    """The recipe's source of windows, by seed.

    Clips of other rates come to the student's; those that are shorter than its window, or of a subject that is held
    out, are left out.

    Raises:
        PoseNet3DError: the data is missing or damaged or has no clip that is long enough.
    """
    files = [_load_material(Path(path), recipe, body) for path in recipe.data]
    weights = recipe.data_weights or [1.0] * len(files)
    clips = joined_clips([clips for clips, _ in files])
    fitted = FittedClips(
        np.concatenate([fitted.rotations for _, fitted in files]), np.concatenate([fitted.bones for _, fitted in files])
    )
    clip_weights = torch.cat([torch.full((len(c.names),), w) for (c, _), w in zip(files, weights, strict=True)])
    return partial(
        WindowSampler,
        clips,
        fitted,
        body,
        mixture=recipe.mixture,
        views=recipe.views,
        noise=recipe.noise,
        partial=recipe.partial,
        tumbles=recipe.tumbles,
        weights=clip_weights,
    )


def _load_material(path: Path, recipe: SupervisedRecipe, body: Body) -> tuple[Clips, FittedClips]:
    """The clips of one file that serve, and their rotations."""
    window = recipe.student.window
    clips = resampled(load_clips(path), STUDENT_RATE)
    lengths = [end - start for start, end in clips.ranges()]
    refuse_short(path, lengths, window)
    fitted = fit_clips(clips, rest_bones(body))
    chosen = [
        index
        for index, (length, name) in enumerate(zip(lengths, clips.names, strict=True))
        if length >= window and subject_of(name) not in recipe.held_out
    ]
    short = sum(length < window for length in lengths)
    if short:
        log.info("%s: %d clips with fewer than %d samples left out", path, short, window)
    if not chosen:
        raise PoseNet3DError(f"{path}: 'held_out' leaves no clip of it; leave the file out of 'data'")
    frames = frames_of(clips, chosen)
    return chosen_clips(clips, chosen), FittedClips(fitted.rotations[frames], fitted.bones[frames])
