"""Recognition of a rig's family by its bones' names and hierarchy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..errors import PoseNet3DError
from .bone_map import BoneMap
from .families.auto_rig_pro import find_auto_rig_pro
from .families.fingers import with_fingers
from .families.plain import (
    find_character_creator,
    find_daz,
    find_makehuman,
    find_mixamo,
    find_rigify_meta_rig,
    find_smpl,
    find_unity,
    find_unreal,
    find_vrm,
)
from .families.rigify import find_rigify
from .guess import guess_map
from .rig import Rig
from .roles import LIMB_ROLES, LIMB_STARTS, NEXT_ROLE

_FINDERS: Final = (
    find_rigify,
    find_auto_rig_pro,
    find_smpl,
    find_mixamo,
    find_unreal,
    find_unity,
    find_vrm,
    find_makehuman,
    find_character_creator,
    find_daz,
    find_rigify_meta_rig,
)
"""Rigs with controls before the plain ones that they contain."""


@dataclass(frozen=True)
class Recognition:
    """The map of a rig, and sentences on what was guessed."""

    bone_map: BoneMap
    warnings: tuple[str, ...] = ()


def recognise(rig: Rig) -> Recognition:
    """Find the family of a rig, or guess its bones.

    Raises:
        PoseNet3DError: no body can be made out in it; names what is missing.
    """
    for find in _FINDERS:
        found = find(rig)
        if found:
            return Recognition(with_fingers(found, rig))
    guess = guess_map(rig)
    if guess.missing_roles:
        missing = ", ".join(guess.missing_roles[:4]) + (" ..." if len(guess.missing_roles) > 4 else "")
        raise PoseNet3DError(f"no bones were found for {missing}; choose a humanoid rig, or give a bone map")
    guessed = ", ".join(f"{role}: {bone}" for role, bone in guess.bones.items())
    return Recognition(
        with_fingers(guess, rig), (f"The rig is of no known family; its bones were guessed by name ({guessed})",)
    )


def check_map(bone_map: BoneMap, rig: Rig) -> None:
    """Check that the map does not contradict itself, and that the rig has its bones.

    Raises:
        PoseNet3DError: a bone plays two roles, a control follows a bone without one, or bones are missing.
    """
    if bone_map.fault:
        raise PoseNet3DError(f"in the map '{bone_map.name}' {bone_map.fault}; choose other bones, or another map")
    missing = rig.missing(bone_map.all_bones())
    if missing:
        names = ", ".join(missing[:4]) + (" ..." if len(missing) > 4 else "")
        raise PoseNet3DError(
            f"it lacks bones that the map '{bone_map.name}' names ({names}); choose another map or armature"
        )
    misplaced = _misplaced_limb(bone_map, rig)
    if misplaced:
        raise PoseNet3DError(f"in the map '{bone_map.name}' {misplaced}; choose other bones, or another map")


def _misplaced_limb(bone_map: BoneMap, rig: Rig) -> str | None:
    """The first bone of a limb that hangs on a bone of another limb, or on a lower one of its own; None: none does."""
    role_of = {bone_map.bones[role]: role for role in LIMB_ROLES if role in bone_map.bones}
    for start in LIMB_STARTS:
        above: list[str] = []  # roles of the limb that may carry the next one
        for role in (start, NEXT_ROLE[start], NEXT_ROLE[NEXT_ROLE[start]]):
            if role not in bone_map.bones:
                continue
            carrier = rig.nearest_ancestor(bone_map.bones[role], role_of)
            if carrier is not None and role_of[carrier] not in above:
                return f"the bone {bone_map.bones[role]} of {role} hangs on {carrier} of {role_of[carrier]}"
            above.append(role)
    return None
