"""The stages of the recipe `paper`: priors, teacher, student, both together.

Every checkpoint is chosen without 3D: the averaged weights are kept when the stage's own loss on held-out 2D sequences
is the lowest so far.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import torch
from torch import Tensor, nn

from posenet3d_blender.atomic_write import writing
from posenet3d_blender.body.model import Body
from posenet3d_blender.capture.student.network import StudentNetwork, StudentOutput
from posenet3d_blender.errors import PoseNet3DError

from ..training.checkpoint import Notes, load_network, save_network
from ..training.loop import Stage, mixed_precision, set_trainable, to_device
from ..training.recipe_file import settings_of
from ..training.resume_state import PROGRESS_NAME
from .distillation_sampler import DistillationWindows
from .joint_batch import synthesise_half
from .pose_prior import Priors
from .sequence_sampler import PaperWindows
from .skeleton import template_ratios
from .student.losses import student_terms
from .student.smpl_skeleton import SmplSkeleton
from .teacher.losses import Lifted, teacher_terms
from .teacher.network import TeacherNetwork

if TYPE_CHECKING:
    from .recipe import PaperRecipe

PaperNetwork = Priors | TeacherNetwork | StudentNetwork

Batch = TypeVar("Batch", PaperWindows, DistillationWindows)

_CRITERIA: Final = "criterion.json"
_BLUR: Final = 0.005
"""Deviation, in the normalised points' unit, of what the priors learn from."""


class PaperStage(Stage[Batch]):
    """What the stages share: the checkpoint is written when the held-out loss is the lowest so far."""

    def __init__(self, recipe: PaperRecipe, held_out: Batch) -> None:
        super().__init__()
        self.recipe = recipe
        self._held_out: Batch = held_out

    def networks(self) -> dict[str, PaperNetwork]:
        """What the checkpoint holds, by name."""
        raise NotImplementedError

    def save(self, folder: Path, steps: int) -> None:
        """Write the networks unless an earlier checkpoint of this run was better."""
        criterion = self._criterion()
        history = {step: value for step, value in read_held_out_losses(folder).items() if step < steps}
        if criterion <= min(history.values(), default=criterion):
            data = ", ".join(Path(path).name for path in self.recipe.data)
            notes: Notes = {
                "recipe": "paper",
                "steps": steps,
                "data": data,
                "chosen_by": "the lowest loss of its stage on held-out 2D sequences",
                "held_out_2d_loss": criterion,
                "settings": settings_of(self.recipe),
            }
            for name, network in self.networks().items():
                save_network(folder, name, network, asdict(network.config), notes)
        with writing(folder / _CRITERIA) as partial:
            partial.write_text(json.dumps({**history, steps: criterion}, indent=1) + "\n")

    def restore(self, folder: Path) -> None:
        """Take the networks of the checkpoint in `folder`: the next stage goes on from the best.

        Raises:
            PoseNet3DError: the checkpoint is damaged.
        """
        for name, network in self.networks().items():
            load_network(folder, name, partial(_with_weights, network))

    @torch.no_grad()
    def _criterion(self) -> float:
        """The stage's loss on the held-out windows, always with the same cameras."""
        device = next(self.parameters()).device
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return float(torch.stack(list(self(to_device(self._held_out, device)).values())).sum())


def delete_progress(folders: Iterable[Path]) -> None:
    """Stages that are trained afresh neither go on from what they were before nor are compared with it."""
    for folder in folders:
        for name in (_CRITERIA, PROGRESS_NAME):
            (folder / name).unlink(missing_ok=True)


def read_held_out_losses(folder: Path) -> dict[int, float]:
    """The held-out losses of a stage by step, as far as it has got.

    Raises:
        PoseNet3DError: the file is damaged.
    """
    path = folder / _CRITERIA
    try:
        return {int(step): float(value) for step, value in json.loads(path.read_text()).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise PoseNet3DError(f"{path}: damaged; train without --resume, or bring the file back") from error


class PriorStage(PaperStage[PaperWindows]):
    """The flows learn what 2D poses and their motion look like."""

    def __init__(self, recipe: PaperRecipe, held_out: PaperWindows, examples: PaperWindows) -> None:
        """`examples`: windows to find the main components by."""
        super().__init__(recipe, held_out)
        self.priors = Priors(recipe.priors)
        self.priors.fit_components(examples.view.points)

    def forward(self, batch: PaperWindows) -> dict[str, Tensor]:
        """Negative log-likelihoods of slightly blurred real poses."""
        return self.priors.blurred_terms(batch.view.points, _BLUR)

    def networks(self) -> dict[str, PaperNetwork]:
        """The flows."""
        return {"priors": self.priors}


class TeacherStage(PaperStage[PaperWindows]):
    """The teacher learns to lift, judged by the frozen priors."""

    ratios: Tensor

    def __init__(self, recipe: PaperRecipe, held_out: PaperWindows, body: Body, priors: Priors) -> None:
        super().__init__(recipe, held_out)
        self.teacher = TeacherNetwork(recipe.teacher)
        self.priors = _frozen(priors)
        self.register_buffer("ratios", template_ratios(body), persistent=False)

    def forward(self, batch: PaperWindows) -> dict[str, Tensor]:
        """The terms of `teacher_terms`."""
        return self.terms_and_prediction(batch)[0]

    def terms_and_prediction(self, batch: PaperWindows) -> tuple[dict[str, Tensor], Lifted]:
        """The terms, and what the teacher says of the windows."""
        weights, mixed = self.recipe.teacher_weights, self.recipe.teacher_stage.mixed_precision
        return teacher_terms(self.teacher, self.priors, batch.view, self.ratios, weights, mixed)

    def networks(self) -> dict[str, PaperNetwork]:
        """The teacher."""
        return {"teacher": self.teacher}


class StudentStage(PaperStage[DistillationWindows]):
    """The student learns from the frozen teacher's skeletons and from its own projections."""

    def __init__(
        self,
        recipe: PaperRecipe,
        held_out: DistillationWindows,
        body: Body,
        teacher_stage: TeacherStage,
        student: StudentNetwork,
    ) -> None:
        super().__init__(recipe, held_out)
        self.student = student
        self.skeleton = SmplSkeleton(body)
        self.priors = teacher_stage.priors
        self.teacher = _frozen(teacher_stage.teacher)

    def forward(self, batch: DistillationWindows) -> dict[str, Tensor]:
        """The terms of `student_terms`."""
        return self.terms(batch.windows, batch.prediction, batch.real_count)

    def terms(self, batch: PaperWindows, prediction: Lifted, real_count: int) -> dict[str, Tensor]:
        """The terms against any answer; the first `filmed` windows show poses that were filmed."""
        with mixed_precision(batch.features.device, self.recipe.student_stage.mixed_precision):
            output = self.student(batch.features)
        output = StudentOutput(*(tensor.float() for tensor in output))
        return student_terms(
            output, self.skeleton, self.priors, batch, prediction, real_count, self.recipe.student_weights
        )

    def networks(self) -> dict[str, PaperNetwork]:
        """Teacher and student."""
        return {"teacher": self.teacher, "student": self.student}


class JointStage(PaperStage[PaperWindows]):
    """Teacher and student learn from each other, end to end, under the losses of both."""

    def __init__(
        self, recipe: PaperRecipe, held_out: PaperWindows, teacher_stage: TeacherStage, student_stage: StudentStage
    ) -> None:
        super().__init__(recipe, held_out)
        self.teacher_stage, self.student_stage = teacher_stage, student_stage
        set_trainable(teacher_stage.teacher.parameters(), True)

    def forward(self, batch: PaperWindows) -> dict[str, Tensor]:
        """The teacher's terms and the student's, whose gradient reaches the teacher too."""
        terms, prediction = self.teacher_stage.terms_and_prediction(batch)
        student_terms = self.student_stage.terms(*synthesise_half(batch, prediction))
        return terms | {f"student_{name}": term for name, term in student_terms.items()}

    def networks(self) -> dict[str, PaperNetwork]:
        """Teacher and student."""
        return self.student_stage.networks()


def _with_weights(network: PaperNetwork, config: dict[str, object]) -> PaperNetwork:
    """The network itself, to be given the saved weights."""
    # By way of JSON, which knows no tuples.
    if json.loads(json.dumps(asdict(network.config))) != config:
        raise ValueError("it is of other sizes than the recipe's")
    return network


Frozen = TypeVar("Frozen", bound=nn.Module)


def _frozen(network: Frozen) -> Frozen:
    return network.requires_grad_(False)
