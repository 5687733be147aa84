"""Twist bones of the forearms, which share the turn of the hand."""

from __future__ import annotations

from collections.abc import Callable

from ..bone_map import BoneMap, Control
from ..rig import Rig
from ..roles import SIDES


def forearm_twists(rig: Rig, found: BoneMap, is_twist: Callable[[str], bool]) -> list[Control]:
    """Controls of the twist bones below each forearm, which share the hand's turn in equal steps towards the wrist.

    Args:
        rig: skeleton.
        found: its map.
        is_twist: True for the name of a forearm's twist bone.
    """
    controls = []
    for side in SIDES:
        forearm, hand = found.bones[f"{side}_elbow"], found.bones[f"{side}_wrist"]
        line = rig.head(hand) - rig.head(forearm)
        names = [name for name in rig.names if is_twist(name) and forearm in rig.ancestors(name)]
        names.sort(key=lambda name: float((rig.head(name) - rig.head(forearm)) @ line))
        controls += [
            Control(name, rotation=forearm, twist=hand, share=number / (len(names) + 1))
            for number, name in enumerate(names, start=1)
        ]
    return controls
