"""Locations of a loop: all bones that move through the world by themselves go on together, and carry the others.

Of a captured armature that is the pelvis or the root bone; of a character with IK controls the hands', the feet's and
the poles' controls are such bones too, beside the one that carries the hips.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import bpy
import numpy as np
from mathutils import Matrix

from ..arrays import Array
from .isolated_scene import isolated_scene

_STILL: Final = 1e-4
"""Largest change of a carrier that does not move, as a part of the armature's size."""


@dataclass(frozen=True)
class _Carrier:
    """The frame in which a bone has its location, at some frames of the scene."""

    origins: Array
    """(S, 3) of a bone with location 0, in the armature's space."""
    axes: Array
    """(S, 3, 3) columns: the location's axes there."""

    def is_still(self, limit: float) -> bool:
        """True if nothing moves it."""
        return bool(max(np.ptp(self.origins, axis=0).max(), np.ptp(self.axes, axis=0).max()) <= limit)


def looped_locations(
    armature: bpy.types.Object, locations: Mapping[str, Array], start: int, weights: Array
) -> dict[str, tuple[Array, bool]]:
    """Lead locations to the first pose, where the hips' way has taken it: heights, and places beside the hips.

    Args:
        armature: whose action they are of.
        locations: (T, 3) by bone.
        start: frame of the first ones.
        weights: (T,) part of the first pose at each frame.

    Returns:
        by bone, the locations (T, 3), and whether they go on from where they were when they are repeated.
    """
    if not locations:
        return {}
    carriers = _carriers(armature, list(locations), start, len(weights))
    limit = _STILL * float(np.linalg.norm(np.ptp([bone.head_local for bone in armature.data.bones], axis=0)))
    free = [bone for bone, carrier in carriers.items() if carrier.is_still(limit)]
    path = np.zeros((len(weights), 3))
    if free:
        # The hips' or the root's control carries more bones than any other.
        lead = max(free, key=lambda bone: len(armature.data.bones[bone].children_recursive))
        path = (locations[lead] - locations[lead][0]) @ carriers[lead].axes[0].T
        path[:, 2] = 0
    looped = {}
    for bone, own in locations.items():
        goal = own[0] + path @ np.linalg.inv(carriers[bone].axes[0]).T if bone in free else own[0]
        looped[bone] = own + weights[:, None] * (goal - own), bone in free
    return looped


def _carriers(armature: bpy.types.Object, names: list[str], start: int, count: int) -> dict[str, _Carrier]:
    """Carriers of the bones at the action's start, middle and end, constraints and drivers obeyed."""
    places = np.array([Matrix(), *(Matrix.Translation(axis) for axis in np.eye(3))])
    points = np.empty((3, len(names), 4, 3))
    frames = (start, start + count // 2, start + count - 1)
    with isolated_scene([armature], frames=(frames[0], frames[-1])) as scene:
        for row, frame in enumerate(frames):
            scene.frame_set(frame)
            pose = armature.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose
            for column, name in enumerate(names):
                points[row, column] = [_posed(pose.bones[name], Matrix(place)) for place in places]
    origins, axes = points[:, :, 0], np.swapaxes(points[:, :, 1:] - points[:, :, :1], -1, -2)
    return {name: _Carrier(origins[:, column], axes[:, column]) for column, name in enumerate(names)}


def _posed(bone: bpy.types.PoseBone, local: Matrix) -> Array:
    """(3,) head of the bone in the armature's space if its own channels were `local`."""
    parent = {}
    if bone.parent:
        parent = {"parent_matrix": bone.parent.matrix, "parent_matrix_local": bone.parent.bone.matrix_local}
    return np.array(bone.bone.convert_local_to_pose(local, bone.bone.matrix_local, **parent).translation)
