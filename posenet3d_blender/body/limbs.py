"""The torso, the head and the four limbs: parts of the body that may be seen, guessed or keyed apart."""

from __future__ import annotations

from typing import Final

from .skeleton import JOINT_NAMES

LIMB_NAMES: Final = ("torso", "head", "left_arm", "right_arm", "left_leg", "right_leg")
LIMB_COUNT: Final = len(LIMB_NAMES)

_PARTS: Final = {
    "head": ("neck", "head"),
    "arm": ("shoulder", "elbow", "wrist", "hand"),
    "leg": ("hip", "knee", "ankle", "foot"),
}
"""Joints by the part of the body that they pose; the others are the torso's, collars included."""


def _limb_of(joint: str) -> str:
    side, _, end = joint.rpartition("_")
    part = next((part for part, ends in _PARTS.items() if end in ends), "torso")
    return f"{side}_{part}" if part in ("arm", "leg") else part


LIMB_OF_JOINT: Final[tuple[str, ...]] = tuple(_limb_of(name) for name in JOINT_NAMES)
"""(24) the name of the limb that each joint belongs to."""
