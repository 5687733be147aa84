"""Measures of a retargeted motion on the evaluated bones, against the source."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.skeleton import JOINT_INDEX
from posenet3d_blender.motion import Motion
from posenet3d_blender.retargeting.bone_map import BoneMap
from posenet3d_blender.retargeting.contacts import contact_intervals

LIMBS = (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))


@dataclass(frozen=True)
class Measured:
    """Errors of a character's motion."""

    limb_degrees: float
    """Largest angle between a limb's direction and the source's."""
    usual_limb_degrees: float
    """That of all but 2 in 100: where the source's own planted foot slides, the character's leg can't follow."""
    mean_limb_degrees: float
    sole_height: float
    """Largest distance of a planted sole from the floor, metres."""
    sole_drift: float
    """Largest distance of a planted ball from its mean place during a contact, beyond the source's own, metres."""
    worst_jump: float
    """Largest turn of a bone from frame to frame beyond the source's largest, degrees."""


def posed_heads(armature: bpy.types.Object, bones: list[str], frames: range) -> tuple[Array, Array]:
    """(T, N, 3) heads in the world, and (T, N, 3, 3) axes, of evaluated bones."""
    heads, axes = [], []
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        posed = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
        matrices = [posed.matrix_world @ posed.pose.bones[name].matrix for name in bones]
        heads.append([matrix.translation for matrix in matrices])
        axes.append([matrix.to_quaternion().to_matrix() for matrix in matrices])
    return np.array(heads), np.array(axes)


def to_source_space(target: bpy.types.Object, points: Array) -> Array:
    """World points of a placed and turned object as if it stood at the origin, metres."""
    location, rotation, _ = target.matrix_world.decompose()
    heading = np.array(rotation.to_matrix())
    if abs(heading[2, 2]) < 0.5:  # the object only turns Y up to Z up
        heading = np.eye(3)
    placed: Array = (points - np.array(location)) @ heading
    return placed


def measure(source: bpy.types.Object, target: bpy.types.Object, bone_map: BoneMap, motion: Motion) -> Measured:
    """Compare the character with the source at every frame of the motion."""
    first = round(source.animation_data.action.frame_range[0])
    frames = range(first, first + motion.frame_count)
    roles = list(bone_map.bones)
    heads, axes = posed_heads(target, [bone_map.bones[role] for role in roles], frames)
    heads = to_source_space(target, heads)
    angles = []
    for side in ("left", "right"):
        for start, end in LIMBS:
            own = heads[:, roles.index(f"{side}_{end}")] - heads[:, roles.index(f"{side}_{start}")]
            joints = motion.joints
            wanted = joints[:, JOINT_INDEX[f"{side}_{end}"]] - joints[:, JOINT_INDEX[f"{side}_{start}"]]
            cosine = (own * wanted).sum(-1) / np.linalg.norm(own, axis=-1) / np.linalg.norm(wanted, axis=-1)
            angles.append(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    height, drift = _soles(target, bone_map, motion, roles, heads, axes)
    turns = _turns(axes)
    _, source_axes = posed_heads(source, roles, frames)
    return Measured(
        float(np.max(angles)),
        float(np.percentile(angles, 98)),
        float(np.mean(angles)),
        height,
        drift,
        float(turns.max() - _turns(source_axes).max()),
    )


def _turns(axes: Array) -> Array:
    between = np.swapaxes(axes[:-1], -1, -2) @ axes[1:]
    traces = np.trace(between, axis1=-2, axis2=-1)
    turns: Array = np.degrees(np.arccos(np.clip((traces - 1) / 2, -1, 1)))
    return turns


def _soles(
    target: bpy.types.Object, bone_map: BoneMap, motion: Motion, roles: list[str], heads: Array, axes: Array
) -> tuple[float, float]:
    """Height and drift of planted soles: of the points below ankle and ball that are on the floor at rest."""
    heights, drifts = [0.0], [0.0]
    matrix = np.array(target.matrix_world)
    for foot, side in enumerate(("left", "right")):
        ankle = bone_map.bones[f"{side}_ankle"]
        bone = target.data.bones[ankle]
        has_toes = f"{side}_foot" in bone_map.bones
        rest = target.matrix_world @ bone.matrix_local
        rest_axes = np.array(rest.to_quaternion().to_matrix())
        rest_head = np.array(rest.translation)
        points = [rest_head]
        if has_toes:
            ball = np.array(target.matrix_world @ target.data.bones[bone_map.bones[f"{side}_foot"]].head_local)
            points = [rest_head - 0.25 * (ball - rest_head), ball]
        floor = matrix[2, 3]
        index = roles.index(f"{side}_ankle")
        soles = []
        for point in points:
            on_floor = point * [1, 1, 0] + [0, 0, floor]
            arm = rest_axes.T @ (on_floor - rest_head)
            world_axes = axes[:, index]
            heads_world = heads[:, index]
            moved = world_axes @ arm
            soles.append(heads_world + to_source_space_direction(target, moved))
        stacked = np.stack(soles, axis=1)
        for interval in contact_intervals(motion.contacts[:, foot], motion.frame_rate):
            lowest = stacked[interval, :, 2].min(axis=1)
            heights.append(float(np.abs(lowest).max()))
            ball = stacked[interval, -1, :2]
            own = motion.joints[interval, JOINT_INDEX[f"{side}_foot"], :2]
            spread = np.linalg.norm(ball - ball.mean(axis=0), axis=-1).max()
            drifts.append(float(spread - 1.2 * np.linalg.norm(own - own.mean(axis=0), axis=-1).max()))
    return max(heights), max(drifts)


def to_source_space_direction(target: bpy.types.Object, directions: Array) -> Array:
    """`to_source_space` of directions."""
    location = np.array(target.matrix_world.translation)
    return to_source_space(target, directions + location)
