"""Denoiser: moves the points that a detector saw to where they should be, before the teacher lifts them.

It learns in 2D alone, from exact points and the same with the detector's noise, and is told how sure the detector is of
each point.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from ..skeleton import LIFTED_COUNT
from .temporal_block import TemporalBlock

_KERNEL: Final = 3
_DILATIONS: Final = (1, 3, 9, 1)


class Denoiser(nn.Module):
    """Windows of any length to moved points; untrained it moves none."""

    def __init__(self, width: int) -> None:
        """Build the layers.

        Args:
            width: features of a sample.
        """
        super().__init__()
        # Points, confidence, points weighted by it, and size.
        self.embed = nn.Linear((2 + 1 + 2) * LIFTED_COUNT + 1, width)
        self.blocks = nn.Sequential(*[TemporalBlock(width, _KERNEL, dilation) for dilation in _DILATIONS])
        self.norm = nn.LayerNorm(width)
        self.shift = nn.Linear(width, 2 * LIFTED_COUNT)
        nn.init.zeros_(self.shift.weight)
        nn.init.zeros_(self.shift.bias)

    def forward(self, points: Tensor, confidence: Tensor, size: Tensor) -> Tensor:
        """Moved points (B, T, 18, 2).

        Args:
            points: (B, T, 18, 2) normalised, see `geometry.View`.
            confidence: (B, T, 18) from 0 to 1.
            size: (B,) angular size.
        """
        log_size = size.log()[:, None, None].expand(-1, points.shape[1], 1)
        weighted = points * confidence[..., None]
        x = self.embed(torch.cat([points.flatten(2), confidence, weighted.flatten(2), log_size], -1))  # (B, T, width)
        shift: Tensor = self.shift(self.norm(self.blocks(x))).unflatten(-1, (LIFTED_COUNT, 2))
        return points + shift
