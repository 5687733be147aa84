"""One armature's motion for another one with the same bone names.

The rule: each bone of the target is turned away from its own rest orientation by as much, and about the same
direction of the body, as the source's bone is from its own. So bone lengths, rolls and axes may differ. A difference
between the rest poses themselves stays: a target that rests with its arms lowered holds them lower by as much
throughout.

The motion plays in the target's own space: a target that was moved, turned or scaled carries it along. Where up and
front are in that space is read from hips and neck at rest, so data made with Y up or facing elsewhere fits too. The
pelvis's way from the object's origin, which lies on the floor, is scaled by the ratio of the hips' heights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import bpy
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray

from ..arrays import Array
from ..body.rotations import matrix_to_axis_angle
from ..body.skeleton import JOINT_COUNT, JOINT_NAMES
from ..errors import PoseNet3DError
from .armature import rest_rotations
from .isolated_scene import only

_NEARLY_ALONG_AXES: Final = np.radians(20.0)
"""Bodies differ by a few degrees between hips and neck; a skeleton that is turned on purpose is turned by more."""


@dataclass(frozen=True)
class BodyMotion:
    """How bodies move, whatever their bones: in a space with Z up, -Y front and the floor at zero."""

    turns: Array
    """(T, 24, 3, 3) each bone's rotation away from rest."""
    pelvis: Array
    """(T, 3) the pelvis's place, in hip heights."""
    stance: Array
    """(3, 3) columns: left, back and up as hips and neck of the source show them at rest; near the space's own."""


def missing_bones(armature: bpy.types.Object) -> list[str]:
    """The SMPL bones that the armature lacks, in SMPL's order."""
    return [name for name in JOINT_NAMES if name not in armature.data.bones]


def read_motion(source: bpy.types.Object, frames: range) -> BodyMotion:
    """What the source does at these frames, with its constraints and NLA tracks.

    The source must have all bones of SMPL. The scene's frame is the same afterwards.
    """
    turns = np.empty((len(frames), JOINT_COUNT, 3, 3))
    pelvis = np.empty((len(frames), 3))
    shown = _shown_axes(source)
    body_axes = _space_axes(shown, np.eye(3))
    from_rest = np.swapaxes(rest_rotations(source), -1, -2)
    bones = source.pose.bones
    places = [bones.find(name) for name in JOINT_NAMES]
    flat = np.empty(16 * len(bones), dtype=np.float32)
    with only([source], frames=(frames[0], frames[-1])) as scene:
        depsgraph = bpy.context.evaluated_depsgraph_get()
        for row, frame in enumerate(frames):
            scene.frame_set(frame)
            source.evaluated_get(depsgraph).pose.bones.foreach_get("matrix", flat)
            posed = flat.reshape(-1, 4, 4)[places]  # stored by columns
            turns[row] = np.swapaxes(posed[:, :3, :3], -1, -2)
            pelvis[row] = posed[0, 3, :3]
    turns = without_scale(turns) @ from_rest
    return BodyMotion(
        turns=body_axes.T @ turns @ body_axes,
        pelvis=pelvis @ body_axes / _hip_height(source, body_axes),
        stance=body_axes.T @ shown,
    )


def pose_rotations(target: bpy.types.Object, motion: BodyMotion) -> Array:
    """(T, 24, 3, 3) the target's bones in its own space."""
    body_axes = _space_axes(_shown_axes(target), motion.stance)
    return body_axes @ motion.turns @ body_axes.T @ rest_rotations(target)


def pelvis_places(target: bpy.types.Object, motion: BodyMotion) -> Array:
    """(T, 3) the head of the target's pelvis in its own space."""
    body_axes = _space_axes(_shown_axes(target), motion.stance)
    return _hip_height(target, body_axes) * motion.pelvis @ body_axes.T


def own_turns(target: bpy.types.Object, rotations: Array) -> Array:
    """(T, 24, 3, 3) what to turn each bone by in its own axes, beside its parent, so that it gets to `rotations`.

    Bones of the target that SMPL does not have stay as they are posed now.
    """
    posed = {name: rotations[:, joint] for joint, name in enumerate(JOINT_NAMES)}
    rest = {bone.name: _rotation(bone.matrix_local) for bone in target.data.bones}
    unturned = [_unturned(target.pose.bones[name], posed, rest) for name in JOINT_NAMES]
    return np.swapaxes(np.stack(np.broadcast_arrays(*unturned), axis=-3), -1, -2) @ rotations


def own_locations(target: bpy.types.Object, rotations: Array, places: Array) -> Array:
    """(T, 3) the location to give the pelvis bone, so that its head is at `places` (T, 3)."""
    bone = target.data.bones["pelvis"]
    parent = target.pose.bones["pelvis"].parent
    above = {"parent_matrix": parent.matrix, "parent_matrix_local": parent.bone.matrix_local} if parent else {}
    locations = np.empty_like(places)
    for frame, (rotation, place) in enumerate(zip(rotations, places, strict=True)):
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = rotation, place
        own = bone.convert_local_to_pose(Matrix(matrix), bone.matrix_local, invert=True, **above)
        locations[frame] = own.translation
    return locations


def without_scale(matrices: NDArray[np.floating]) -> Array:
    """(..., 3, 3) the rotations in matrices that scale too."""
    matrices = np.asarray(matrices, dtype=np.float64)
    left, _, right = np.linalg.svd(matrices)
    return left @ right


def _unturned(bone: bpy.types.PoseBone, posed: Mapping[str, Array], rest: Mapping[str, Array]) -> Array:
    """(T, 3, 3) or (3, 3) the bone's axes in the armature's space when it is not turned itself."""
    if bone.parent is None or not bone.bone.use_inherit_rotation:
        return rest[bone.name]
    return _parent_axes(bone.parent, posed, rest) @ rest[bone.parent.name].T @ rest[bone.name]


def _parent_axes(bone: bpy.types.PoseBone, posed: Mapping[str, Array], rest: Mapping[str, Array]) -> Array:
    if bone.name in posed:
        return posed[bone.name]
    if any(above.name in posed for above in bone.parent_recursive):
        return _unturned(bone, posed, rest) @ _rotation(bone.matrix_basis)
    return _rotation(bone.matrix)  # above the pelvis: as it stands, constraints and all


def _rotation(matrix: Matrix) -> Array:
    return without_scale(np.array(matrix.to_3x3()))


def _shown_axes(armature: bpy.types.Object) -> Array:
    """(3, 3) columns: the body's left, back and up in the armature's own space, as hips and neck show them at rest."""
    heads = {name: np.array(armature.data.bones[name].head_local) for name in ("left_hip", "right_hip", "neck")}
    up = heads["neck"] - (heads["left_hip"] + heads["right_hip"]) / 2
    return _frame(heads["left_hip"] - heads["right_hip"], up)


def _space_axes(shown: Array, stance: Array) -> Array:
    """(3, 3) columns: left, back and up of the space that the body stands in.

    They are the armature's own axes when these are near; a body that was turned on purpose stands in its space as
    the other one, with that one's `stance`, does in its own.
    """
    along_axes = _frame(_nearest_axis(shown[:, 0]), _nearest_axis(shown[:, 2]))
    apart = np.linalg.norm(matrix_to_axis_angle(shown.T @ along_axes))
    return along_axes if apart < _NEARLY_ALONG_AXES else shown @ stance.T


def _frame(left: Array, up: Array) -> Array:
    length = np.linalg.norm(left) * np.linalg.norm(up)
    back = np.cross(up, left)
    if not np.linalg.norm(back) > 1e-3 * length:
        raise PoseNet3DError("hips and neck lie on one line at rest; choose an armature that rests standing upright")
    up, back = up / np.linalg.norm(up), back / np.linalg.norm(back)
    return np.stack([np.cross(back, up), back, up], axis=-1)


def _nearest_axis(direction: Array) -> Array:
    axis = np.zeros(3)
    largest = np.argmax(np.abs(direction))
    axis[largest] = np.sign(direction[largest])
    return axis


def _hip_height(armature: bpy.types.Object, body_axes: Array) -> float:
    """From the pelvis down to the foot with straight legs, however the legs stand at rest; in the armature's units."""
    up = body_axes[:, 2]
    total = 0.0
    for side in ("left", "right"):
        names = ("pelvis", f"{side}_hip", f"{side}_knee", f"{side}_ankle", f"{side}_foot")
        pelvis, hip, knee, ankle, foot = (np.array(armature.data.bones[name].head_local) for name in names)
        total += (pelvis - hip) @ up + np.linalg.norm(hip - knee) + np.linalg.norm(knee - ankle) + (ankle - foot) @ up
    if total <= 0:
        raise PoseNet3DError(f"{armature.name}: its legs have no length; choose an armature that rests standing")
    return total / 2
