"""Retargeting between armatures with the same bone names, which baking uses.

Each bone of the target is rotated from its own rest orientation by the same angle, and about the same axis of the
body, as the source's bone is from its own. So bone lengths, rolls and axes may differ. A difference between the rest
poses is kept: a target whose arms are lowered at rest holds them lower by the same angle throughout.

The motion plays in the target's own space: the transform of a moved, rotated or scaled target applies to it. The up and
front directions of that space are measured from hips and neck at rest, so data made with Y up or another facing
direction works too. The pelvis's offset from the object's origin, which lies on the floor, is scaled by the ratio of
the hip heights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import bpy
import numpy as np
from mathutils import Matrix

from ...arrays import Array
from ...body.skeleton import JOINT_NAMES
from ...errors import PoseNet3DError
from ...retargeting.body_frame import aligned_axes, frame_of
from ..armature import rest_rotations
from ..isolated_scene import isolated_scene


@dataclass(frozen=True)
class BodyMotion:
    """Motion independent of bone axes and lengths, in a space with Z up, -Y front and the floor at zero."""

    names: tuple[str, ...]
    """Of the B bones: SMPL's 24, and the fingers' if there are any."""
    rotations: Array
    """(T, B, 3, 3) rotation of each bone from rest."""
    pelvis: Array
    """(T, 3) position of the pelvis, in hip heights."""
    rest_axes: Array
    """(3, 3) columns: left, back and up of the source's hips and neck at rest; close to the axes of the space."""


def missing_bones(armature: bpy.types.Object) -> list[str]:
    """SMPL bones that the armature lacks, in SMPL's order."""
    return [name for name in JOINT_NAMES if name not in armature.data.bones]


def read_motion(source: bpy.types.Object, frames: range, names: tuple[str, ...] = JOINT_NAMES) -> BodyMotion:
    """Sample the motion of the source's bones of these names, constraints and NLA tracks included.

    The source must have all bones of SMPL, which come first in `names`. The scene's current frame is restored.
    """
    rotations = np.empty((len(frames), len(names), 3, 3))
    pelvis = np.empty((len(frames), 3))
    rest_axes = _rest_axes(source)
    body_axes = _space_axes(rest_axes, np.eye(3))
    rest_to_bone = np.swapaxes(rest_rotations(source, names), -1, -2)
    bones = source.pose.bones
    indices = [bones.find(name) for name in names]
    flat = np.empty(16 * len(bones), dtype=np.float32)
    with isolated_scene([source], frames=(frames[0], frames[-1])) as scene:
        depsgraph = bpy.context.evaluated_depsgraph_get()
        for row, frame in enumerate(frames):
            scene.frame_set(frame)
            source.evaluated_get(depsgraph).pose.bones.foreach_get("matrix", flat)
            posed = flat.reshape(-1, 4, 4)[indices]  # column-major
            rotations[row] = np.swapaxes(posed[:, :3, :3], -1, -2)
            pelvis[row] = posed[0, 3, :3]
    rotations = without_scale(rotations) @ rest_to_bone
    return BodyMotion(
        names=names,
        rotations=body_axes.T @ rotations @ body_axes,
        pelvis=pelvis @ body_axes / _hip_height(source, body_axes),
        rest_axes=body_axes.T @ rest_axes,
    )


def pose_rotations(target: bpy.types.Object, motion: BodyMotion) -> Array:
    """(T, B, 3, 3) axes of the target's posed bones in its own space."""
    body_axes = _space_axes(_rest_axes(target), motion.rest_axes)
    return body_axes @ motion.rotations @ body_axes.T @ rest_rotations(target, motion.names)


def pelvis_positions(target: bpy.types.Object, motion: BodyMotion) -> Array:
    """(T, 3) head of the target's posed pelvis in its own space."""
    body_axes = _space_axes(_rest_axes(target), motion.rest_axes)
    return _hip_height(target, body_axes) * motion.pelvis @ body_axes.T


def basis_rotations(target: bpy.types.Object, rotations: Array, names: Sequence[str]) -> Array:
    """(T, B, 3, 3) rotation channel of each named bone that puts its axes at `rotations` (T, B, 3, 3).

    Other bones of the target keep their present pose.
    """
    posed = {name: rotations[:, joint] for joint, name in enumerate(names)}
    rest = {bone.name: _rotation(bone.matrix_local) for bone in target.data.bones}
    inherited = [_inherited_axes(target.pose.bones[name], posed, rest) for name in names]
    return np.swapaxes(np.stack(np.broadcast_arrays(*inherited), axis=-3), -1, -2) @ rotations


def basis_locations(target: bpy.types.Object, rotations: Array, positions: Array) -> Array:
    """(T, 3) location channel of the pelvis bone that puts its head at `positions` (T, 3); `rotations` (T, 3, 3)."""
    bone = target.data.bones["pelvis"]
    parent = target.pose.bones["pelvis"].parent
    parent_matrices = (
        {"parent_matrix": parent.matrix, "parent_matrix_local": parent.bone.matrix_local} if parent else {}
    )
    locations = np.empty_like(positions)
    for frame, (rotation, position) in enumerate(zip(rotations, positions, strict=True)):
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = rotation, position
        basis = bone.convert_local_to_pose(Matrix(matrix), bone.matrix_local, invert=True, **parent_matrices)
        locations[frame] = basis.translation
    return locations


def without_scale(matrices: Array) -> Array:
    """(..., 3, 3) rotation part of matrices that include scale."""
    matrices = np.asarray(matrices, dtype=np.float64)
    left, _, right = np.linalg.svd(matrices)
    rotations: Array = left @ right
    return rotations


def _inherited_axes(bone: bpy.types.PoseBone, posed: Mapping[str, Array], rest: Mapping[str, Array]) -> Array:
    """(T, 3, 3) or (3, 3) axes of the bone in the armature's space without its own rotation."""
    if bone.parent is None or not bone.bone.use_inherit_rotation:
        return rest[bone.name]
    return _parent_axes(bone.parent, posed, rest) @ rest[bone.parent.name].T @ rest[bone.name]


def _parent_axes(bone: bpy.types.PoseBone, posed: Mapping[str, Array], rest: Mapping[str, Array]) -> Array:
    if bone.name in posed:
        return posed[bone.name]
    if any(ancestor.name in posed for ancestor in bone.parent_recursive):
        return _inherited_axes(bone, posed, rest) @ _rotation(bone.matrix_basis)
    return _rotation(bone.matrix)  # above the pelvis: the present pose, constraints included


def _rotation(matrix: Matrix) -> Array:
    return without_scale(np.array(matrix.to_3x3()))


def _rest_axes(armature: bpy.types.Object) -> Array:
    """(3, 3) columns: the body's left, back and up in the armature's own space, by its hips and neck at rest."""
    heads = {name: np.array(armature.data.bones[name].head_local) for name in ("left_hip", "right_hip", "neck")}
    up = heads["neck"] - (heads["left_hip"] + heads["right_hip"]) / 2
    return frame_of(heads["left_hip"] - heads["right_hip"], up, "neck")


def _space_axes(rest_axes: Array, source_rest_axes: Array) -> Array:
    """(3, 3) columns: left, back and up of the space that the body stands in.

    These are axes of the armature if the body is nearly aligned to them. A body that was rotated on purpose is taken to
    stand in its space like the source in its own, which has the rest axes `source_rest_axes` there.
    """
    aligned = aligned_axes(rest_axes)
    return rest_axes @ source_rest_axes.T if aligned is None else aligned


def _hip_height(armature: bpy.types.Object, body_axes: Array) -> float:
    """Height of the pelvis above the foot with straight legs, whatever their rest pose, in the armature's units."""
    up = body_axes[:, 2]
    total = 0.0
    for side in ("left", "right"):
        names = ("pelvis", f"{side}_hip", f"{side}_knee", f"{side}_ankle", f"{side}_foot")
        pelvis, hip, knee, ankle, foot = (np.array(armature.data.bones[name].head_local) for name in names)
        total += (pelvis - hip) @ up + np.linalg.norm(hip - knee) + np.linalg.norm(knee - ankle) + (ankle - foot) @ up
    if total <= 0:
        raise PoseNet3DError(f"{armature.name}: its legs have no length; choose an armature that rests standing")
    return total / 2
