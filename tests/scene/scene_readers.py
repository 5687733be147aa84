"""What tests read out of Blender."""

from __future__ import annotations

import bpy
import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.body.skeleton import JOINT_NAMES


def joints_now(armature: bpy.types.Object) -> NDArray[np.float64]:
    """(24, 3) the bones' heads in the world at the scene's frame, metres."""
    posed = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return np.array([posed.matrix_world @ posed.pose.bones[name].head for name in JOINT_NAMES])


def joints_at(armature: bpy.types.Object, frames: NDArray[np.floating]) -> NDArray[np.float64]:
    """(T, 24, 3) the same at each of these frames, which may lie between whole ones."""
    taken = []
    for frame in frames:
        whole = int(np.floor(frame))
        bpy.context.scene.frame_set(whole, subframe=float(frame - whole))
        taken.append(joints_now(armature))
    return np.array(taken)


def vertices_now(mesh: bpy.types.Object) -> NDArray[np.float64]:
    """(V, 3) the mesh as it is bent at the scene's frame, in the world, metres."""
    bent = mesh.evaluated_get(bpy.context.evaluated_depsgraph_get())
    flat = np.empty(3 * len(bent.data.vertices))
    bent.data.vertices.foreach_get("co", flat)
    matrix = np.array(bent.matrix_world)
    return flat.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]


def key_frames(armature: bpy.types.Object) -> NDArray[np.float64]:
    """The frames at which the pelvis turns, strictly rising."""
    from posenet3d_blender.scene.keys import curves_of

    curve = next(curve for curve in curves_of(armature) if curve.data_path.startswith('pose.bones["pelvis"].rotation'))
    return np.array([point.co[0] for point in curve.keyframe_points])
