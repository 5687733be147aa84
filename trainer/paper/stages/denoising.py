"""Stage of the teacher's denoiser."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from ...training.checkpoint import Notes
from ..geometry import View
from ..teacher.denoiser import Denoiser
from ..teacher.network import TeacherNetwork, denoised
from ..windows import SequenceWindows
from .held_out_stage import PaperNetwork, PaperStage

_EXACT: Final = 4
"""One in so many windows is shown with its exact points, too, which are to stay."""


class DenoisingStage(PaperStage[SequenceWindows]):
    """Points with the detector's noise against exact ones, in 2D; the rest of the teacher is frozen."""

    def __init__(self, teacher: TeacherNetwork, held_out: SequenceWindows, notes: Notes) -> None:
        """Take the teacher's denoiser.

        Args:
            teacher: with a denoiser; the stage's checkpoint holds it whole.
            held_out: see `PaperStage`.
            notes: see `PaperStage`.
        """
        super().__init__(held_out, notes)
        self.teacher = teacher

    def forward(self, batch: SequenceWindows) -> dict[str, Tensor]:
        """Distance of points, and of their changes from sample to sample, in the normalised points' unit."""
        denoiser = self.teacher.denoiser
        assert isinstance(denoiser, Denoiser)
        points, target = denoised(denoiser, batch.detected).points, exact_points(batch)
        few = slice(0, -(-len(target) // _EXACT))
        view = View(batch.view.points[few], batch.view.size[few])
        return {
            "points": _mean_distance(points, target),
            "exact": _mean_distance(denoised(denoiser, view).points, view.points) / _EXACT,
            "velocity": _mean_distance(points.diff(dim=1), target.diff(dim=1)),
        }

    def networks(self) -> dict[str, PaperNetwork]:
        """The teacher."""
        return {"teacher": self.teacher}


def exact_points(windows: SequenceWindows) -> Tensor:
    """(B, T, 18, 2) the exact points in the virtual camera of the detected ones, normalised as these."""
    view: View = windows.view
    across = view.points * view.size[:, None, None, None]
    rays = torch.cat([across, torch.ones_like(across[..., :1])], -1) @ windows.turn.transpose(1, 2)[:, None]
    return rays[..., :2] / rays[..., 2:] / windows.detected.size[:, None, None, None]


def _mean_distance(first: Tensor, second: Tensor) -> Tensor:
    """Mean distance along the last axis, smooth at zero."""
    return ((first - second).square().sum(-1) + 1e-8).sqrt().mean()
