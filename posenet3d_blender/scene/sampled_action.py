"""An action with a key on every frame, as an armature really moves: for motion that lies in NLA strips.

Exporters that shift and scale keys need one action; where the motion was pushed to the NLA there is none.
"""

from __future__ import annotations

import bpy
import numpy as np

from ..arrays import Array
from ..body.rotations import continuous_quaternions
from .isolated_scene import isolated_scene
from .keys import assign_action, write_curves
from .played_frames import playing_strips


def plays_one_action(armature: bpy.types.Object) -> bool:
    """True if an action alone animates the armature, without NLA strips."""
    animation = armature.animation_data
    if animation is None or animation.action is None:
        return False
    return not playing_strips(armature)


def sample_action(armature: bpy.types.Object, receiver: bpy.types.Object, frames: range) -> bpy.types.Action:
    """Key the armature's motion at these frames on `receiver`, a copy of it, in place of what animates that one.

    NLA strips and constraints of the armature are part of the motion; the receiver's constraints are removed.
    """
    locations, quaternions, scales = _basis_channels(armature, frames)
    receiver.animation_data_clear()
    action = bpy.data.actions.new(receiver.name)
    assign_action(receiver, action)
    numbers = np.array(frames)
    for index, bone in enumerate(receiver.pose.bones):
        bone.rotation_mode = "QUATERNION"
        for constraint in list(bone.constraints):
            bone.constraints.remove(constraint)
        path = f'pose.bones["{bpy.utils.escape_identifier(bone.name)}"].'
        rotations = continuous_quaternions(quaternions[:, index])
        write_curves(action, receiver, path + "rotation_quaternion", numbers, rotations, bone.name)
        write_curves(action, receiver, path + "location", numbers, locations[:, index], bone.name)
        write_curves(action, receiver, path + "scale", numbers, scales[:, index], bone.name)
    return action


def _basis_channels(armature: bpy.types.Object, frames: range) -> tuple[Array, Array, Array]:
    """(T, B, 3) locations, (T, B, 4) quaternions and (T, B, 3) scales of all bones, relative to rest and parent."""
    bones = armature.data.bones
    locations, quaternions, scales = (np.empty((len(frames), len(bones), size)) for size in (3, 4, 3))
    with isolated_scene([armature], frames=(frames[0], frames[-1])) as scene:
        depsgraph = bpy.context.evaluated_depsgraph_get()
        for row, frame in enumerate(frames):
            scene.frame_set(frame)
            posed = armature.evaluated_get(depsgraph).pose.bones
            for index, bone in enumerate(bones):
                parent = bone.parent
                of_parent = (
                    {"parent_matrix": posed[parent.name].matrix, "parent_matrix_local": parent.matrix_local}
                    if parent
                    else {}
                )
                basis = bone.convert_local_to_pose(posed[bone.name].matrix, bone.matrix_local, invert=True, **of_parent)
                locations[row, index], quaternions[row, index], scales[row, index] = basis.decompose()
    return locations, quaternions, scales
