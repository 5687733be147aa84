"""Stage in which the teacher learns to lift what a detector sees as it lifts exact points.

Its own skeletons of exact points, by then trained, are the targets, so that it needs no 3D data. It can tell doubtful
points from good ones where it sees their confidence (`TeacherConfig.see_confidence`).
"""

from __future__ import annotations

import copy
from typing import Final

import torch
from torch import Tensor

from ...training.checkpoint import Notes
from ..geometry import View, root_centred
from ..teacher.losses import denoising_distance
from ..teacher.network import TeacherNetwork, lift
from ..windows import SequenceWindows
from .held_out_stage import PaperNetwork, PaperStage

_DENOISING: Final = 3.0
"""Weight of the windows with noise over exact ones."""
_EXACT: Final = 4
"""One in so many windows is lifted from its exact points, too, so that the teacher forgets nothing."""


class DenoisingStage(PaperStage[SequenceWindows]):
    """The teacher against what it was before this stage."""

    def __init__(self, teacher: TeacherNetwork, held_out: SequenceWindows, notes: Notes) -> None:
        """Keep a frozen copy of the teacher.

        Args:
            teacher: trained on exact points; trained on.
            held_out: see `PaperStage`.
            notes: see `PaperStage`.
        """
        super().__init__(held_out, notes)
        self.teacher = teacher
        self.before = copy.deepcopy(teacher).requires_grad_(False)

    def forward(self, batch: SequenceWindows) -> dict[str, Tensor]:
        """Distances to the skeletons that were lifted from exact points, in the normalised points' unit."""
        with torch.no_grad():
            target = lift(self.before, batch.view, is_exact=True)
        detected = lift(self.teacher, batch.detected)
        few = slice(0, -(-len(target.elevation) // _EXACT))
        confidence = None if batch.view.confidence is None else batch.view.confidence[few]
        exact = lift(self.teacher, View(batch.view.points[few], batch.view.size[few], confidence))
        apart = root_centred(exact.joints) - root_centred(target.joints[few])
        return {
            "denoising": _DENOISING * denoising_distance(detected.joints, target.joints, batch),
            "exact": apart.norm(dim=-1).mean(),
            "elevation": (exact.elevation - target.elevation[few]).square().mean(),
        }

    def networks(self) -> dict[str, PaperNetwork]:
        """The teacher."""
        return {"teacher": self.teacher}
