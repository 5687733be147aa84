"""Stages of the recipe `paper`: priors, teacher, student, both together.

Checkpoints are chosen without 3D data: the averaged weights are saved when the stage's own loss on held-out 2D
sequences is the lowest so far.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import torch
from torch import Tensor, nn

from posenet3d_blender.atomic_write import writing
from posenet3d_blender.body.model import Body
from posenet3d_blender.capture.student.network import StudentNetwork, StudentOutput
from posenet3d_blender.errors import PoseNet3DError

from ..training.checkpoint import Notes, load_network, save_network
from ..training.loop import Stage, set_trainable, to_device
from ..training.precision import mixed_precision
from ..training.resume_state import PROGRESS_NAME
from .geometry import Lifted, View, root_centred
from .pose_prior import PriorConfig, Priors
from .skeleton import template_ratios
from .student.joint_batch import show_from_new_views
from .student.losses import StudentWeights, student_terms
from .student.observation import Observer
from .student.smpl_skeleton import SmplSkeleton
from .teacher.losses import TeacherWeights, teacher_terms
from .teacher.network import TeacherConfig, TeacherNetwork, lift_mirrored
from .windows import DistillationWindows, SequenceWindows

PaperNetwork = Priors | TeacherNetwork | StudentNetwork

Batch = TypeVar("Batch", SequenceWindows, DistillationWindows)

_HELD_OUT_LOSSES: Final = "criterion.json"
_HALF_TRUST: Final = 0.1
"""Distance at which a joint of the teacher counts half, in the normalised points' unit: 5 cm."""
_BLUR: Final = 0.005
"""Standard deviation of the noise on the priors' training poses, in the normalised points' unit."""


class PaperStage(Stage[Batch]):
    """Base of the stages: saves a checkpoint when the held-out loss is the lowest so far."""

    def __init__(self, held_out: Batch, notes: Notes) -> None:
        """Store the held-out windows and the notes.

        Args:
            held_out: windows to choose the checkpoint by.
            notes: of the checkpoint; steps and held-out loss are added.
        """
        super().__init__()
        self._held_out: Batch = held_out
        self._notes = notes

    def networks(self) -> dict[str, PaperNetwork]:
        """Networks of the checkpoint, by name."""
        raise NotImplementedError

    def save(self, folder: Path, steps: int) -> None:
        """Write the networks, unless an earlier checkpoint of this run was better."""
        loss = self._held_out_loss()
        history = {step: value for step, value in read_held_out_losses(folder).items() if step < steps}
        if loss <= min(history.values(), default=loss):
            notes = {**self._notes, "steps": steps, "held_out_2d_loss": loss}
            for name, network in self.networks().items():
                save_network(folder, name, network, asdict(network.config), notes)
        with writing(folder / _HELD_OUT_LOSSES) as partial_file:
            partial_file.write_text(json.dumps({**history, steps: loss}, indent=1) + "\n")

    def restore(self, folder: Path) -> None:
        """Load the networks of the checkpoint in `folder`: the next stage starts from the best weights.

        Raises:
            PoseNet3DError: the checkpoint is damaged.
        """
        for name, network in self.networks().items():
            load_network(folder, name, partial(_same_network, network))

    @torch.no_grad()
    def _held_out_loss(self) -> float:
        """The stage's loss on the held-out windows, always with the same cameras."""
        device = next(self.parameters()).device
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return float(torch.stack(list(self(to_device(self._held_out, device)).values())).sum())


def delete_progress(folders: Iterable[Path]) -> None:
    """Delete progress and held-out losses of stages that are trained from scratch."""
    for folder in folders:
        for name in (_HELD_OUT_LOSSES, PROGRESS_NAME):
            (folder / name).unlink(missing_ok=True)


def read_held_out_losses(folder: Path) -> dict[int, float]:
    """Held-out losses of a stage by step; empty before the first checkpoint.

    Raises:
        PoseNet3DError: the file is damaged.
    """
    path = folder / _HELD_OUT_LOSSES
    try:
        return {int(step): float(value) for step, value in json.loads(path.read_text()).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise PoseNet3DError(f"{path}: damaged; train without --resume, or restore the file") from error


class PriorStage(PaperStage[SequenceWindows]):
    """The flows learn the distribution of 2D poses and their motion."""

    def __init__(self, config: PriorConfig, examples: SequenceWindows, held_out: SequenceWindows, notes: Notes) -> None:
        """Build the flows and set their principal components.

        Args:
            config: sizes of the flows.
            examples: windows for the principal components.
            held_out: see `PaperStage`.
            notes: see `PaperStage`.
        """
        super().__init__(held_out, notes)
        self.priors = Priors(config)
        self.priors.fit_components(examples.view.points)

    def forward(self, batch: SequenceWindows) -> dict[str, Tensor]:
        """Negative log-likelihoods of slightly blurred real poses."""
        return self.priors.blurred_terms(batch.view.points, _BLUR)

    def networks(self) -> dict[str, PaperNetwork]:
        """The flows."""
        return {"priors": self.priors}


class TeacherStage(PaperStage[SequenceWindows]):
    """The teacher learns to lift, judged by the frozen priors."""

    ratios: Tensor

    def __init__(
        self,
        config: TeacherConfig,
        priors: Priors,
        body: Body,
        weights: TeacherWeights,
        mixed_precision: bool,
        held_out: SequenceWindows,
        notes: Notes,
    ) -> None:
        """Build the teacher and freeze the priors.

        Args:
            config: sizes of the teacher.
            priors: trained.
            body: the shipped body, for its bone ratios.
            weights: of the loss terms.
            mixed_precision: run the teacher in bfloat16.
            held_out: see `PaperStage`.
            notes: see `PaperStage`.
        """
        super().__init__(held_out, notes)
        self.weights, self.mixed_precision = weights, mixed_precision
        self.teacher = TeacherNetwork(config)
        self.priors = _frozen(priors)
        self.register_buffer("ratios", template_ratios(body), persistent=False)

    def forward(self, batch: SequenceWindows) -> dict[str, Tensor]:
        """The terms of `teacher_terms`."""
        return self.terms_and_prediction(batch)[0]

    def terms_and_prediction(self, batch: SequenceWindows) -> tuple[dict[str, Tensor], Lifted]:
        """The terms, and the teacher's prediction for the windows."""
        return teacher_terms(self.teacher, self.priors, batch, self.ratios, self.weights, self.mixed_precision)

    @torch.no_grad()
    def trust(self, view: View, prediction: Lifted) -> Tensor:
        """(B, T, 18) from 0 to 1: how far the teacher lifts the mirror image of an exact `view` to the same joints."""
        with mixed_precision(view.points.device, self.mixed_precision):
            other = lift_mirrored(self.teacher, view, is_exact=True)
        distance = (root_centred(prediction.joints) - root_centred(other.joints)).norm(dim=-1)
        trust: Tensor = 1 / (1 + (distance / _HALF_TRUST) ** 2)
        return trust

    def networks(self) -> dict[str, PaperNetwork]:
        """The teacher."""
        return {"teacher": self.teacher}


class StudentStage(PaperStage[DistillationWindows]):
    """The student learns from the frozen teacher's skeletons and from its own projections."""

    with_feedback = False
    """True: the student is seen with its feedback."""

    def __init__(
        self,
        student: StudentNetwork,
        teacher_stage: TeacherStage,
        body: Body,
        weights: StudentWeights,
        mixed_precision: bool,
        held_out: DistillationWindows,
        notes: Notes,
    ) -> None:
        """Freeze the teacher.

        Args:
            student: the network.
            teacher_stage: trained; its teacher is frozen.
            body: the shipped body.
            weights: of the loss terms.
            mixed_precision: run the student in bfloat16.
            held_out: see `PaperStage`.
            notes: see `PaperStage`.
        """
        super().__init__(held_out, notes)
        self.weights, self.mixed_precision = weights, mixed_precision
        self.student = student
        self.skeleton = SmplSkeleton(body)
        self.priors = teacher_stage.priors
        self.teacher = _frozen(teacher_stage.teacher)

    def forward(self, batch: DistillationWindows) -> dict[str, Tensor]:
        """The terms of `student_terms`."""
        with mixed_precision(batch.features.device, self.mixed_precision):
            student = self.student if self.with_feedback else self.student.without_feedback
            output = student(batch.features)
        output = StudentOutput(*(tensor.float() for tensor in output))
        return student_terms(output, self.skeleton, self.priors, batch, self.weights)

    def networks(self) -> dict[str, PaperNetwork]:
        """Teacher and student."""
        return {"teacher": self.teacher, "student": self.student}


class JointStage(PaperStage[SequenceWindows]):
    """Teacher and student learn from each other, end to end, with the losses of both."""

    def __init__(
        self,
        teacher_stage: TeacherStage,
        student_stage: StudentStage,
        observer: Observer,
        held_out: SequenceWindows,
        notes: Notes,
    ) -> None:
        """Unfreeze the teacher.

        Args:
            teacher_stage: trained; its teacher is trained on.
            student_stage: trained.
            observer: shows the teacher's skeletons to the student.
            held_out: see `PaperStage`.
            notes: see `PaperStage`.
        """
        super().__init__(held_out, notes)
        self.teacher_stage, self.student_stage, self._observer = teacher_stage, student_stage, observer
        set_trainable(teacher_stage.teacher.parameters(), True)

    def forward(self, batch: SequenceWindows) -> dict[str, Tensor]:
        """The teacher's terms and the student's, whose gradient reaches the teacher too."""
        terms, lifted = self.teacher_stage.terms_and_prediction(batch)
        trust = self.teacher_stage.trust(batch.view, lifted)
        mean_bone = self.student_stage.skeleton.mean_bone
        student_terms = self.student_stage(show_from_new_views(batch.view, lifted, trust, self._observer, mean_bone))
        return terms | {f"student_{name}": term for name, term in student_terms.items()}

    def networks(self) -> dict[str, PaperNetwork]:
        """Teacher and student."""
        return self.student_stage.networks()


def _same_network(network: PaperNetwork, config: dict[str, object]) -> PaperNetwork:
    """The network itself, if the checkpoint's config is its own."""
    # Through JSON, which has no tuples.
    if json.loads(json.dumps(asdict(network.config))) != config:
        raise ValueError("its sizes differ from the recipe's")
    return network


Network = TypeVar("Network", bound=nn.Module)


def _frozen(network: Network) -> Network:
    return network.requires_grad_(False)
