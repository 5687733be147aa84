"""Spine and neck of any length, found in the hierarchy between pelvis and head."""

from __future__ import annotations

from collections.abc import Mapping

from ..bone_map import BoneMap
from ..rig import Rig
from ..roles import REQUIRED_ROLES, SINGLE_ROLES


def plain_map(family: str, rig: Rig, names: Mapping[str, str], root: str | None = None) -> BoneMap | None:
    """The map of a rig whose bones of one role each have these names; None if the rig lacks one that must be there."""
    if any(names.get(role) not in rig.index for role in REQUIRED_ROLES):
        return None
    bones = {role: names[role] for role in SINGLE_ROLES if names.get(role) in rig.index}
    spine, neck = find_chains(rig, bones)
    return BoneMap(family, bones, spine, neck, root if root in rig.index else None)


def find_chains(rig: Rig, bones: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Spine and neck: the neck begins above the bone that carries the clavicles, or the arms of rigs without."""
    whole = rig.chain(bones["pelvis"], bones["head"])
    between = whole[1:-1]
    if not whole:  # the spine hangs beside the pelvis, from a bone above both
        above = rig.nearest_ancestor(bones["head"], rig.ancestors(bones["pelvis"]))
        between = rig.chain(above, bones["head"])[1:-1] if above else []
    carrier = rig.nearest_ancestor(bones.get("left_collar", bones["left_shoulder"]), between)
    count = between.index(carrier) + 1 if carrier else len(between) - any("neck" in name.lower() for name in between)
    return tuple(between[:count]), tuple(between[count:])
