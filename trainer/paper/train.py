"""Training of the recipe `paper`: its stages in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import torch

from posenet3d_blender.body.model import Body, load_body
from posenet3d_blender.capture.student.network import StudentNetwork

from ..synthesis.detector_noise import load_detector_noise
from ..training.checkpoint import Notes, load_student, settings_of, start_from
from ..training.distributed import processes_joined
from ..training.loop import set_trainable
from ..training.run import Run
from ..training.student_parts import train_all_but_lifter, train_first_pass, train_only_feedback
from ..windows.sampler import WindowSampler
from .dataset import SequenceSplit, load_sequence_split
from .lifted_clips import (
    LiftedClips,
    TeacherWindowSampler,
    end_to_end_windows,
    lifted_clips,
    lifted_feedback_windows,
    student_windows,
)
from .recipe import PaperRecipe
from .sequence_sampler import SequenceSampler
from .stages.end_to_end import EndToEndStage
from .stages.joint_student import JointStudentStage
from .stages.joint_teacher import JointTeacherStage
from .stages.priors import PriorStage
from .stages.student import StudentStage
from .stages.teacher import TeacherStage
from .student.distillation_sampler import DistillationSampler, TeacherMotions, run_teacher
from .student.observation import Observer
from .teacher.constant_bones import CAUTIOUS
from .teacher.inference import Teacher
from .teacher.network import TeacherNetwork, give_lifter, load_teacher
from .windows import DistillationWindows

STAGES: Final = (
    "priors",
    "teacher",
    "frames",
    "student",
    "feedback",
    "joint_teacher",
    "joint_student",
    "lifted_feedback",
    "end_to_end",
)
"""Folders of the stages, in the run's."""
_HELD_OUT_WINDOWS: Final = 256
_HELD_OUT_FRAMES: Final = 2048
_KEYPOINT_SHARE: Final = 0.6
"""Of the student's windows, those in which it sees what the add-on's detector gives: neither neck nor head."""
_EXAMPLES: Final = 3000
"""Windows for the priors' principal components."""


@dataclass(frozen=True)
class LiftedSplit:
    """The sequences of a `SequenceSplit` as the teacher lifts them."""

    train: TeacherMotions
    held_out: TeacherMotions


def train_paper(recipe: PaperRecipe, resume: bool) -> Path:
    """Train all stages; returns the folder of the last one, which holds both networks."""
    torch.set_num_threads(recipe.threads)
    folders = {name: Path(recipe.run) / name for name in STAGES}
    run, notes = Run(folders, recipe.seed, recipe.threads, resume), _notes(recipe)
    body, noise = load_body(), load_detector_noise()
    with processes_joined():
        paths = [Path(path) for path in recipe.data]
        cameras = [1 if path.name in recipe.one_camera else recipe.cameras for path in paths]
        split = load_sequence_split(paths, cameras, recipe.seed)
        make_windows = partial(SequenceSampler, split.train, noise)
        held_out = SequenceSampler(split.held_out, noise, recipe.seed).draw(_HELD_OUT_WINDOWS)
        examples = make_windows(recipe.seed).draw(_EXAMPLES)
        run.begin()

        torch.manual_seed(recipe.seed)
        priors = PriorStage(recipe.priors, examples, held_out, notes)
        run.train(priors, make_windows, recipe.prior_stage, "priors")
        teacher = TeacherStage(recipe.teacher, priors.priors, body, recipe.teacher_weights, held_out, notes)
        network = StudentNetwork(recipe.student)
        if recipe.start_from:
            start = Path(recipe.start_from)
            start_from(start, "teacher", load_teacher(start), teacher.teacher)
            start_from(start, "student", load_student(start), network)
        run.train(teacher, make_windows, recipe.teacher_stage, "teacher")
        observer = Observer(body, noise, _KEYPOINT_SHARE)
        make_student_stage = partial(
            StudentStage, network, teacher.teacher, priors.priors, body, recipe.student_weights
        )
        motions = _lift(Teacher(teacher.teacher, body, CAUTIOUS), split)
        _train_student(recipe, run, make_student_stage, motions, observer)
        _train_jointly(recipe, run, teacher.teacher, network, body, split, motions)
    return folders[last_stage(recipe)]


def _train_student(
    recipe: PaperRecipe,
    run: Run,
    make_stage: Callable[[DistillationWindows, Notes], StudentStage],
    motions: LiftedSplit,
    observer: Observer,
) -> None:
    """The student from single frames, then from windows, then its feedback."""
    notes = _notes(recipe)
    make_distillation = partial(DistillationSampler, motions.train, observer)
    frames = DistillationSampler(motions.held_out, observer, recipe.seed, window=1).draw(_HELD_OUT_FRAMES)
    frame_stage = make_stage(frames, notes)
    network = frame_stage.student
    train_first_pass(network)
    set_trainable(network.time_parameters(), False)
    run.train(frame_stage, partial(make_distillation, window=1), recipe.frame_stage, "frames")
    set_trainable(network.time_parameters(), not recipe.single_frame_student)
    windows = DistillationSampler(motions.held_out, observer, recipe.seed).draw(_HELD_OUT_WINDOWS)
    student = make_stage(windows, notes)
    run.train(student, make_distillation, recipe.student_stage, "student")
    train_only_feedback(network, network.feedback)
    run.train(student, make_distillation, recipe.feedback_stage, "feedback")


def _train_jointly(
    recipe: PaperRecipe,
    run: Run,
    teacher: TeacherNetwork,
    student: StudentNetwork,
    body: Body,
    split: SequenceSplit,
    motions: LiftedSplit,
) -> None:
    """The teacher on the student's body, then the student on what the teacher lifts now."""
    if recipe.joint_teacher_stage.steps:
        train, held_out = lifted_clips(motions.train, body), lifted_clips(motions.held_out, body)
        pairs = TeacherWindowSampler(held_out, recipe.seed).draw(_HELD_OUT_WINDOWS)
        stage = JointTeacherStage(teacher, student, body, recipe.joint_teacher_weights, pairs, _notes(recipe))
        run.train(stage, partial(TeacherWindowSampler, train), recipe.joint_teacher_stage, "joint_teacher")
        motions = _lift(Teacher(teacher, body), split)
    _train_joint_student(recipe, run, teacher, student, body, motions)


def _train_joint_student(
    recipe: PaperRecipe,
    run: Run,
    teacher: TeacherNetwork,
    student: StudentNetwork,
    body: Body,
    motions: LiftedSplit,
) -> None:
    """The student with its feedback, then the feedback that has the teacher as its lifter, then all of it."""
    if not any(
        stage.steps for stage in (recipe.joint_student_stage, recipe.lifted_feedback_stage, recipe.end_to_end_stage)
    ):
        return
    train, held_out = lifted_clips(motions.train, body), lifted_clips(motions.held_out, body)

    def make_stage(
        kind: type[JointStudentStage], windows: Callable[[LiftedClips], Callable[[int], WindowSampler]]
    ) -> JointStudentStage:
        shown = windows(held_out)(recipe.seed).draw(_HELD_OUT_WINDOWS)
        return kind(student, teacher, body, recipe.joint_student_weights, shown, _notes(recipe))

    if recipe.joint_student_stage.steps:
        set_trainable(student.parameters(), True)
        set_trainable(student.time_parameters(), not recipe.single_frame_student)
        if student.lifted_feedback is not None:
            set_trainable(student.lifted_feedback.parameters(), False)
        stage = make_stage(JointStudentStage, student_windows)
        run.train(stage, student_windows(train), recipe.joint_student_stage, "joint_student")
    if student.lifter is not None and recipe.lifted_feedback_stage.steps + recipe.end_to_end_stage.steps:
        give_lifter(student, teacher)
    if recipe.lifted_feedback_stage.steps:
        train_only_feedback(student, student.lifted_feedback)
        stage = make_stage(JointStudentStage, lifted_feedback_windows)
        run.train(stage, lifted_feedback_windows(train), recipe.lifted_feedback_stage, "lifted_feedback")
    if recipe.end_to_end_stage.steps:
        train_all_but_lifter(student)
        set_trainable(student.time_parameters(), not recipe.single_frame_student)
        stage = make_stage(EndToEndStage, end_to_end_windows)
        run.train(stage, end_to_end_windows(train), recipe.end_to_end_stage, "end_to_end")


def _lift(teacher: Teacher, split: SequenceSplit) -> LiftedSplit:
    """All sequences, as the teacher lifts them now."""
    return LiftedSplit(run_teacher(teacher, split.train), run_teacher(teacher, split.held_out))


def last_stage(recipe: PaperRecipe) -> str:
    """The stage whose checkpoint is the run's."""
    schedules = {
        "end_to_end": recipe.end_to_end_stage,
        "lifted_feedback": recipe.lifted_feedback_stage,
        "joint_student": recipe.joint_student_stage,
        "joint_teacher": recipe.joint_teacher_stage,
        "feedback": recipe.feedback_stage,
        "student": recipe.student_stage,
        "frames": recipe.frame_stage,
    }
    return next((name for name, schedule in schedules.items() if schedule.steps), "teacher")


def _notes(recipe: PaperRecipe) -> Notes:
    return {
        "recipe": "paper",
        "data": ", ".join(Path(path).name for path in recipe.data),
        "chosen_by": "the lowest loss of its stage on held-out 2D sequences",
        "settings": settings_of(recipe),
    }
