"""Fingers at rest and in motion, in the frame of the palm that they are on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..arrays import Array
from ..body.rotations import unit
from .vectors import across

_ACROSS: Final = ("index", "middle", "ring", "pinky")
"""Fingers from the thumb's side to the other."""


@dataclass(frozen=True)
class FingerRest:
    """Fingers at rest in the body frame, in any unit; by role, and roles may be missing."""

    wrists: Mapping[str, Array]
    """(3,) by side."""
    heads: Mapping[str, Array]
    """(3,) by role."""
    ends: Mapping[str, Array]
    """(3,) end of each bone, by role."""

    def palm_axes(self, side: str) -> Array | None:
        """(3, 3) columns: across the hand, along it, out of its back; None: too few fingers show them."""
        knuckles = [self.heads[role] for role in (f"{side}_{finger}1" for finger in _ACROSS) if role in self.heads]
        if len(knuckles) < 2:
            return None
        along = unit(np.mean(knuckles, axis=0) - self.wrists[side])
        sideways = across(knuckles[0] - knuckles[-1], along)
        if not np.linalg.norm(sideways) > 1e-3 * np.linalg.norm(knuckles[0] - self.wrists[side]):
            return None
        sideways = unit(sideways)
        normal = np.cross(sideways, along) * (1.0 if side == "left" else -1.0)
        axes: Array = np.stack([np.cross(along, normal), along, normal], axis=-1)
        return axes


@dataclass(frozen=True)
class SourceFingers:
    """Captured fingers at T frames."""

    rest: FingerRest
    rotations: Mapping[str, Array]
    """(T, 3, 3) of each bone from rest, relative to its wrist's, body frame; by role."""
