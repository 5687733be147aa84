"""The recipe `paper`: all that decides a run, and its stages in their order."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import torch

from posenet3d_blender.body.model import load_body
from posenet3d_blender.capture.student_network import StudentConfig

from ..data.detected import load_detector_noise
from ..distributed import main_process_first, processes_joined
from ..loop import Schedule, train_stage
from .flow import PriorConfig
from .sources import load_material
from .stages import JointStage, PaperStage, PriorStage, StudentStage, TeacherStage, forget_criteria
from .student_losses import StudentWeights
from .teacher import TeacherConfig
from .teacher_losses import TeacherWeights
from .windows import SequenceSampler

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
    student_stage: Schedule = field(default_factory=Schedule)
    joint_stage: Schedule = field(default_factory=Schedule)


def train_paper(recipe: PaperRecipe, resume: bool) -> Path:
    """Train stage after stage, each in a folder of its own; returns the last one's, which holds both networks."""
    torch.set_num_threads(recipe.threads)
    run, body = Path(recipe.run), load_body()
    with processes_joined():
        material = load_material([Path(path) for path in recipe.data], recipe.cameras, recipe.seed)
        noise = load_detector_noise()
        make_source = partial(SequenceSampler, material.train, noise)
        held_out = SequenceSampler(material.held_out, noise, recipe.seed)
        examples = make_source(recipe.seed).draw(_EXAMPLES)

        def train(stage: PaperStage, schedule: Schedule, name: str) -> None:
            folder = run / name
            if not resume:
                forget_criteria(folder)
            train_stage(stage, make_source, schedule, folder, recipe.seed, recipe.threads, resume)
            with main_process_first():
                stage.restore(folder)

        torch.manual_seed(recipe.seed)
        priors = PriorStage(recipe, held_out, examples)
        train(priors, recipe.prior_stage, "priors")
        teacher = TeacherStage(recipe, held_out, body, priors.priors)
        train(teacher, recipe.teacher_stage, "teacher")
        student = StudentStage(recipe, held_out, body, teacher)
        train(student, recipe.student_stage, "student")
        if not recipe.joint_stage.steps:
            return run / "student"
        train(JointStage(recipe, held_out, teacher, student), recipe.joint_stage, "joint")
    return run / "joint"
