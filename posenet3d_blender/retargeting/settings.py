"""Choices of a retargeting."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RetargetSettings:
    """Choices of a retargeting; the defaults suit most characters."""

    root_motion: str = "hips"
    """One of ROOT_CHOICES of `build_options`."""
    foot_lock: bool = True
    """Keep feet that rest on the floor still, on the character's floor."""
    hand_reach: float = 0.0
    """From 0, arms point as the source's do, to 1, hands are where the source's are, scaled by leg length."""
