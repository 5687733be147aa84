"""Measures of a retargeted motion on the evaluated bones, against the source."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.skeleton import JOINT_INDEX
from posenet3d_blender.motion import Motion
from posenet3d_blender.motion_edit.contacts import contact_intervals
from posenet3d_blender.retargeting.bone_map import BoneMap

_TRUNK = 0.75
"""Radius of the trunk, in shoulder widths."""
LIMBS = (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))


@dataclass(frozen=True)
class Measured:
    """Errors of a character's motion."""

    limb_degrees: float
    """Largest angle between a limb's direction and the source's."""
    mean_limb_degrees: float
    arm_degrees: float
    """As `limb_degrees`, of the arms alone, which nothing holds."""
    sole_height: float
    """Largest distance of a planted sole from the floor, metres."""
    sole_drift: float
    """Largest distance of a planted ball from its mean place during a contact, beyond the source's own, metres."""
    worst_jump: float
    """Largest turn of a bone from frame to frame beyond the source's largest, degrees."""
    worst_flip: float
    """Largest turn of a bone from frame to frame beyond that of the source's same bone in the three frames around."""
    arm_depth: float
    """Largest depth of a forearm in the trunk beyond the source's at the same frame, in shoulder widths."""


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
    arm_angles = []
    for side in ("left", "right"):
        for start, end in LIMBS:
            own = heads[:, roles.index(f"{side}_{end}")] - heads[:, roles.index(f"{side}_{start}")]
            joints = motion.joints
            wanted = joints[:, JOINT_INDEX[f"{side}_{end}"]] - joints[:, JOINT_INDEX[f"{side}_{start}"]]
            cosine = (own * wanted).sum(-1) / np.linalg.norm(own, axis=-1) / np.linalg.norm(wanted, axis=-1)
            angles.append(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
            if start in ("shoulder", "elbow"):
                arm_angles.append(angles[-1])
    height, drift = _soles(target, bone_map, motion, roles, heads, axes)
    turns = _turns(axes)
    _, source_axes = posed_heads(source, roles, frames)
    source_turns = _turns(source_axes)
    around = np.pad(source_turns, ((1, 1), (0, 0)), mode="edge")
    largest_around = np.max([around[:-2], around[1:-1], around[2:]], axis=0)
    of_roles = [JOINT_INDEX[role] for role in roles]
    depths = _arm_depths(heads, roles) - _arm_depths(motion.joints[:, of_roles], roles)
    return Measured(
        float(np.max(angles)),
        float(np.mean(angles)),
        float(np.max(arm_angles)),
        height,
        drift,
        float(turns.max() - source_turns.max()),
        float((turns - largest_around).max()),
        float(depths.max()),
    )


def _arm_depths(heads: Array, roles: list[str]) -> Array:
    """(T, 2) depth of either forearm in a trunk of the radius `_TRUNK`, in shoulder widths."""
    place = {role: heads[:, number] for number, role in enumerate(roles)}
    shoulders = (place["left_shoulder"] + place["right_shoulder"]) / 2
    hips = (place["left_hip"] + place["right_hip"]) / 2
    width = np.linalg.norm(place["left_shoulder"] - place["right_shoulder"], axis=-1)
    trunk = shoulders - hips
    depths = []
    for side in ("left", "right"):
        distances = []
        for share in (0.3, 0.65, 1.0):
            elbow, wrist = place[f"{side}_elbow"], place[f"{side}_wrist"]
            point = elbow + share * (wrist - elbow) - hips
            along = np.clip((point * trunk).sum(-1) / (trunk**2).sum(-1), 0, 1)
            distances.append(np.linalg.norm(point - along[:, None] * trunk, axis=-1))
        depths.append(np.maximum(0, _TRUNK - np.min(distances, axis=0) / width))
    return np.stack(depths, axis=-1)


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
        for contact in contact_intervals(motion.contacts[:, foot], motion.frame_rate):
            interval = np.arange(contact.start, contact.stop)[_rests(motion, side, contact)]
            lowest = stacked[interval, :, 2].min(axis=1)
            heights.append(float(np.abs(lowest).max()))
            ball = stacked[interval, -1, :2]
            own = motion.joints[interval, JOINT_INDEX[f"{side}_foot"], :2]
            spread = np.linalg.norm(ball - ball.mean(axis=0), axis=-1).max()
            drifts.append(float(spread - 1.2 * np.linalg.norm(own - own.mean(axis=0), axis=-1).max()))
    return max(heights), max(drifts)


def _rests(motion: Motion, side: str, contact: slice) -> NDArray[np.bool_]:
    """(N,) True where the source itself has the foot down, of the frames in which a contact is likely."""
    heights = motion.joints[contact][:, [JOINT_INDEX[f"{side}_{part}"] for part in ("ankle", "foot")], 2]
    lifted: NDArray[np.bool_] = (heights - heights.min(axis=0)).min(axis=1) > 0.01
    return ~lifted


def to_source_space_direction(target: bpy.types.Object, directions: Array) -> Array:
    """`to_source_space` of directions."""
    location = np.array(target.matrix_world.translation)
    return to_source_space(target, directions + location)
