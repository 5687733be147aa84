"""Direction of the hands at rest, from the fingers of a rig."""

from __future__ import annotations

from typing import Final

from ..arrays import Array
from ..body.rotations import unit
from .bone_map import BoneMap
from .rig import Rig
from .roles import SIDES
from .skeleton import Skeleton

_STRAIGHTEST: Final = 0.5
"""Cosine to the forearm above which the tail of a hand without fingers is taken for their direction."""


def hand_ends(rig: Rig, bone_map: BoneMap, skeleton: Skeleton) -> dict[str, Array]:
    """(3,) base of the fingers at rest, body frame, by the wrist's role; hands that don't show it are left out."""
    ends = {}
    for side in SIDES:
        role = f"{side}_wrist"
        hand = rig.index[bone_map.bones[role]]
        wrist, elbow = (skeleton.heads[skeleton.of_role[one]] for one in (role, f"{side}_elbow"))
        fingers = [child for child in rig.children[hand] if _is_finger(rig.names[child])]
        points = rig.heads[fingers] if fingers else rig.tails[[hand]]
        end = skeleton.frame.to_body(points.mean(axis=0))
        if unit(end - wrist) @ unit(wrist - elbow) > _STRAIGHTEST:
            ends[role] = end
    return ends


def _is_finger(name: str) -> bool:
    lowered = name.lower()
    return not any(word in lowered for word in ("thumb", "twist", "ik", "weapon", "prop", "end", "nub", "tweak"))
