"""Last stage of the student: all of it is trained at once, through both of its feedbacks."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from ...windows.losses import supervised_losses
from ...windows.windows import Windows
from .joint_student import JointStudentStage

_EARLIER_WEIGHT: Final = 0.3
"""Of the loss of a prediction that feedback has yet to correct: it must be near enough for that."""


class EndToEndStage(JointStudentStage):
    """The student against the teacher's skeletons, with a loss on each of its predictions.

    Deep supervision (Lee et al., AISTATS 2015): before, the network without feedback was trained only through its first
    feedback, and the second one on what was frozen. The lifter stays as it is.
    """

    def forward(self, batch: Windows) -> dict[str, Tensor]:
        """The terms of `supervised_losses`, and their weighted sums for the predictions before."""
        *earlier, last = self.student.passes(batch.features, len(self.student.feedbacks()))
        terms = supervised_losses(last, batch, self.body_bones, self.weights)
        for index, output in enumerate(earlier):
            losses = supervised_losses(output, batch, self.body_bones, self.weights)
            terms[f"pass_{index}"] = _EARLIER_WEIGHT * torch.stack(list(losses.values())).sum()
        return terms
