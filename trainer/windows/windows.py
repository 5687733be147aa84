"""Batches of windows with their ground truth."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Windows:
    """Synthetic observations and their ground truth; frames as of `StudentOutput`."""

    features: Tensor
    """(B, T, 82) the student's input."""
    rotations: Tensor
    """(B, T, 24, 3, 3) relative to the parent, the pelvis's in the virtual camera."""
    bones: Tensor
    """(B, 24, 3) rest bones, metres."""
    betas: Tensor
    """(B, 10) shape coefficients."""
    has_betas: Tensor
    """(B,) 0 where the skeleton is a clip's own."""
    up: Tensor
    """(B, 3) unit vector against gravity in the virtual camera."""
    contacts: Tensor
    """(B, T, 2) 0 or 1."""
