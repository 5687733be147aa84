"""Stage of the teacher."""

from __future__ import annotations

from torch import Tensor

from posenet3d_blender.body.model import Body

from ...training.checkpoint import Notes
from ...training.loop import set_trainable
from ..pose_prior import Priors
from ..skeleton import template_ratios
from ..teacher.losses import TeacherWeights, teacher_terms
from ..teacher.network import TeacherConfig, TeacherNetwork
from ..windows import SequenceWindows
from .held_out_stage import PaperNetwork, PaperStage


class TeacherStage(PaperStage[SequenceWindows]):
    """The teacher learns to lift, judged by the frozen priors."""

    smallest_batch = 2  # the losses compare the two halves of a batch
    ratios: Tensor

    def __init__(
        self,
        config: TeacherConfig,
        priors: Priors,
        body: Body,
        weights: TeacherWeights,
        held_out: SequenceWindows,
        notes: Notes,
    ) -> None:
        """Build the teacher and freeze the priors.

        Args:
            config: sizes of the teacher.
            priors: trained.
            body: the shipped body, for its bone ratios.
            weights: of the loss terms.
            held_out: see `PaperStage`.
            notes: see `PaperStage`.
        """
        super().__init__(held_out, notes)
        self.weights = weights
        self.teacher = TeacherNetwork(config)
        self.priors = priors.requires_grad_(False)
        self.register_buffer("ratios", template_ratios(body), persistent=False)
        if self.teacher.correction is not None:
            # Only `denoising` teaches it to move points.
            set_trainable(self.teacher.correction.parameters(), weights.denoising > 0)

    def forward(self, batch: SequenceWindows) -> dict[str, Tensor]:
        """The terms of `teacher_terms`."""
        return teacher_terms(self.teacher, self.priors, batch, self.ratios, self.weights, self.mixed_precision)

    def networks(self) -> dict[str, PaperNetwork]:
        """The teacher."""
        return {"teacher": self.teacher}
