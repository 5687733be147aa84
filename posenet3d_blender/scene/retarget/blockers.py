"""Constraints and drivers that would override keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

import bpy

from ..keys import bone_path

_CHAIN_CONSTRAINTS: Final = {"IK", "SPLINE_IK"}

Blocker: TypeAlias = "bpy.types.Constraint | bpy.types.FCurve"


def _moved_by(bone: bpy.types.PoseBone, constraint: bpy.types.Constraint) -> list[str]:
    """Names of the bones that a constraint of this bone moves."""
    if constraint.type not in _CHAIN_CONSTRAINTS:
        return [bone.name]
    # The chain's length counts the bone itself, unless an IK constraint moves its parents only.
    with_itself = constraint.type != "IK" or constraint.use_tail
    chain = [one.name for one in ((bone,) if with_itself else ()) + tuple(bone.parent_recursive)]
    return chain[: constraint.chain_count] if constraint.chain_count else chain


def blocking_animation(target: bpy.types.Object, bones: Iterable[str]) -> list[Blocker]:
    """Find what overrides keys on these bones: active constraints on them or on IK chains with them, and drivers."""
    keyed = set(bones)
    blockers: list[Blocker] = []
    for bone in target.pose.bones:
        for constraint in bone.constraints:
            chain = _moved_by(bone, constraint)
            if keyed.intersection(chain) and constraint.influence > 0:
                blockers.append(constraint)
    if target.animation_data:
        paths = tuple(bone_path(name, kind) for name in keyed for kind in ("rotation", "location", "scale"))
        blockers += [driver for driver in target.animation_data.drivers if driver.data_path.startswith(paths)]
    return [blocker for blocker in blockers if not blocker.mute]
