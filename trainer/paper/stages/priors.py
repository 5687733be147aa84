"""Stage of the priors."""

from __future__ import annotations

from typing import Final

from torch import Tensor

from ...training.checkpoint import Notes
from ..pose_prior import PriorConfig, Priors
from ..windows import SequenceWindows
from .held_out_stage import PaperNetwork, PaperStage

_BLUR: Final = 0.005
"""Standard deviation of the noise on the priors' training poses, in the normalised points' unit."""


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
