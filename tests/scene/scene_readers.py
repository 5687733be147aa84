"""Read joints, vertices and keys out of Blender."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import bpy
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.skeleton import JOINT_NAMES

Frames: TypeAlias = NDArray[np.floating[Any]] | NDArray[np.integer[Any]]
"""(T,) frame numbers, which may lie between whole ones."""


def joints_now(armature: bpy.types.Object) -> Array:
    """(24, 3) the bones' heads in the world at the scene's frame, metres."""
    return heads_now(armature, JOINT_NAMES)


def joints_at(armature: bpy.types.Object, frames: Frames) -> Array:
    """(T, 24, 3) the same at each of these frames."""
    return heads_at(armature, frames, JOINT_NAMES)


def heads_now(armature: bpy.types.Object, names: Sequence[str]) -> Array:
    """(N, 3) these bones' heads in the world at the scene's frame, metres."""
    posed = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return np.array([posed.matrix_world @ posed.pose.bones[name].head for name in names])


def heads_at(armature: bpy.types.Object, frames: Frames, names: Sequence[str]) -> Array:
    """(T, N, 3) the same at each of these frames."""
    positions = []
    for frame in frames:
        whole = int(np.floor(frame))
        bpy.context.scene.frame_set(whole, subframe=float(frame - whole))
        positions.append(heads_now(armature, names))
    return np.array(positions)


def vertices_now(mesh: bpy.types.Object) -> Array:
    """(V, 3) the deformed mesh at the scene's frame, in the world, metres."""
    deformed = mesh.evaluated_get(bpy.context.evaluated_depsgraph_get())
    flat = np.empty(3 * len(deformed.data.vertices))
    deformed.data.vertices.foreach_get("co", flat)
    matrix = np.array(deformed.matrix_world)
    vertices: Array = flat.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]
    return vertices


def key_frames(armature: bpy.types.Object) -> Array:
    """Frames of the pelvis's rotation keys, strictly rising."""
    from posenet3d_blender.scene.keys import curves_of

    curve = next(curve for curve in curves_of(armature) if curve.data_path.startswith('pose.bones["pelvis"].rotation'))
    return np.array([point.co[0] for point in curve.keyframe_points])


def rotations_at(armature: bpy.types.Object, frames: NDArray[np.integer[Any]]) -> Array:
    """(T, 24, 3, 3) rotation of each bone from rest, in the world."""
    rest = np.array([rotation(armature.matrix_world @ armature.data.bones[name].matrix_local) for name in JOINT_NAMES])
    rotations = []
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        posed = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
        rotations.append([rotation(posed.matrix_world @ posed.pose.bones[name].matrix) for name in JOINT_NAMES])
    from_rest: Array = np.array(rotations) @ np.swapaxes(rest, -1, -2)
    return from_rest


def rotation(matrix: Matrix) -> Array:
    return np.array(matrix.to_quaternion().to_matrix())


def bone_curves(armature: bpy.types.Object) -> dict[str, list[bpy.types.FCurve]]:
    """The bones' F-curves by data path."""
    from posenet3d_blender.scene.keys import curves_of

    curves: dict[str, list[bpy.types.FCurve]] = {}
    for curve in curves_of(armature):
        if curve.data_path.startswith("pose.bones"):
            curves.setdefault(curve.data_path, []).append(curve)
    return curves


def key_count(armature: bpy.types.Object) -> int:
    return sum(len(curve.keyframe_points) for curves in bone_curves(armature).values() for curve in curves)
