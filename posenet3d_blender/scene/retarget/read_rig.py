"""A Blender armature as the plain skeleton that retargeting works on."""

from __future__ import annotations

import bpy
import numpy as np

from ...retargeting.rig import Rig


def read_rig(armature: bpy.types.Object) -> Rig:
    """The rest pose of an armature object, in its own space, parents before children."""
    bones: list[bpy.types.Bone] = []
    waiting = [bone for bone in armature.data.bones if bone.parent is None]
    while waiting:
        bone = waiting.pop(0)
        bones.append(bone)
        waiting.extend(bone.children)
    index = {bone.name: number for number, bone in enumerate(bones)}
    return Rig(
        names=tuple(index),
        parents=tuple(index[bone.parent.name] if bone.parent else -1 for bone in bones),
        heads=np.array([bone.head_local for bone in bones]).reshape(-1, 3),
        tails=np.array([bone.tail_local for bone in bones]).reshape(-1, 3),
        axes=np.array([bone.matrix_local.to_3x3() for bone in bones]).reshape(-1, 3, 3),
    )
