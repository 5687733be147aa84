"""Stage of the teacher."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from posenet3d_blender.body.model import Body

from ...training.checkpoint import Notes
from ...training.loop import set_trainable
from ...training.precision import mixed_precision
from ..geometry import Lifted, View, root_centred
from ..pose_prior import Priors
from ..skeleton import template_ratios
from ..teacher.losses import TeacherWeights, teacher_terms
from ..teacher.network import TeacherConfig, TeacherNetwork, lift_mirrored
from ..windows import SequenceWindows
from .held_out_stage import PaperNetwork, PaperStage

_HALF_TRUST: Final = 0.1
"""Distance at which a joint of the teacher counts half, in the normalised points' unit: 5 cm."""


class TeacherStage(PaperStage[SequenceWindows]):
    """The teacher learns to lift, judged by the frozen priors."""

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
        self.train_teacher()

    def train_teacher(self) -> None:
        """Make the teacher trainable, as far as the losses reach: only `denoising` teaches it to move points."""
        set_trainable(self.teacher.parameters(), True)
        if self.teacher.correction is not None:
            set_trainable(self.teacher.correction.parameters(), self.weights.denoising > 0)

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
