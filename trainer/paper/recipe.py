"""The recipe `paper`: all that decides a run, and its stages in their order."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import torch

from posenet3d_blender.body.model import load_body
from posenet3d_blender.capture.student.network import StudentConfig, StudentNetwork

from ..synthesis.detector_noise import load_detector_noise
from ..training.distributed import main_process_first, processes_joined
from ..training.loop import MakeSource, Schedule, set_trainable, train_stage
from .dataset import load_sequence_split
from .distillation_sampler import DistillationSampler, run_teacher
from .pose_prior import PriorConfig
from .sequence_sampler import SequenceSampler
from .stages import JointStage, PaperStage, PriorStage, StudentStage, TeacherStage, delete_progress
from .student.losses import StudentWeights
from .teacher.inference import Teacher
from .teacher.losses import TeacherWeights
from .teacher.network import TeacherConfig

STAGES: Final = ("priors", "teacher", "frames", "student", "joint")
"""Folders in the run's."""
_HELD_OUT_WINDOWS: Final = 256
_HELD_OUT_FRAMES: Final = 2048
_EXAMPLES: Final = 3000
"""Windows by which the priors' main components are found."""


@dataclass(frozen=True, kw_only=True)
class PaperRecipe:
    """Read from a TOML file in `trainer/recipes`; without steps for it, the joint stage is left out."""

    data: list[str]
    """2D sequences, or motion capture that is projected to them; `.npz`."""
    run: str
    seed: int = 0
    threads: int = 2
    cameras: int = 4
    """Fixed cameras around each clip of motion capture."""
    priors: PriorConfig = field(default_factory=PriorConfig)
    teacher: TeacherConfig = field(default_factory=TeacherConfig)
    student: StudentConfig = field(default_factory=StudentConfig)
    single_frame_student: bool = False
    """Without its mixing along time: for comparison."""
    teacher_weights: TeacherWeights = field(default_factory=TeacherWeights)
    student_weights: StudentWeights = field(default_factory=StudentWeights)
    prior_stage: Schedule = field(default_factory=Schedule)
    teacher_stage: Schedule = field(default_factory=Schedule)
    frame_stage: Schedule = field(default_factory=Schedule)
    """Single frames come first: more different poses in the same time. `batch_size` counts frames."""
    student_stage: Schedule = field(default_factory=Schedule)
    joint_stage: Schedule = field(default_factory=Schedule)


def train_paper(recipe: PaperRecipe, resume: bool) -> Path:
    """Train stage after stage, each in a folder of its own; returns the last one's, which holds both networks."""
    torch.set_num_threads(recipe.threads)
    run, body, noise = Path(recipe.run), load_body(), load_detector_noise()
    with processes_joined():
        material = load_sequence_split([Path(path) for path in recipe.data], recipe.cameras, recipe.seed)
        make_windows = partial(SequenceSampler, material.train, noise)
        held_out = SequenceSampler(material.held_out, noise, recipe.seed).draw(_HELD_OUT_WINDOWS)
        examples = make_windows(recipe.seed).draw(_EXAMPLES)
        if not resume:
            delete_progress(run / name for name in STAGES)

        def train(stage: PaperStage[Any], make_source: MakeSource, schedule: Schedule, name: str) -> None:
            trained = train_stage(stage, make_source, schedule, run / name, recipe.seed, recipe.threads, resume)
            if trained:
                # What builds on this stage has to be trained anew.
                delete_progress(run / later for later in STAGES[STAGES.index(name) + 1 :])
            with main_process_first():
                stage.restore(run / name)

        torch.manual_seed(recipe.seed)
        priors = PriorStage(recipe, held_out, examples)
        train(priors, make_windows, recipe.prior_stage, "priors")
        teacher = TeacherStage(recipe, held_out, body, priors.priors)
        train(teacher, make_windows, recipe.teacher_stage, "teacher")

        at_work, network = Teacher(teacher.teacher, body), StudentNetwork(recipe.student)
        taught_held_out = run_teacher(at_work, material.held_out)
        make_taught = partial(DistillationSampler, run_teacher(at_work, material.train), noise)
        frames = DistillationSampler(taught_held_out, noise, recipe.seed, window=1).draw(_HELD_OUT_FRAMES)
        of_frames = StudentStage(recipe, frames, body, teacher, network)
        set_trainable(network.time_parameters(), False)
        train(of_frames, partial(make_taught, window=1), recipe.frame_stage, "frames")
        set_trainable(network.time_parameters(), not recipe.single_frame_student)
        windows = DistillationSampler(taught_held_out, noise, recipe.seed).draw(_HELD_OUT_WINDOWS)
        student = StudentStage(recipe, windows, body, teacher, network)
        train(student, make_taught, recipe.student_stage, "student")
        if not recipe.joint_stage.steps:
            return run / "student"
        train(JointStage(recipe, held_out, teacher, student), make_windows, recipe.joint_stage, "joint")
    return run / "joint"
