"""The motion of a captured armature, constraints and NLA tracks included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import bpy
import numpy as np

from ...arrays import Array
from ...body.fingers import HAND_JOINT_NAMES, SIDES
from ...body.skeleton import JOINT_INDEX, JOINT_NAMES
from ...motion_edit.contacts import estimate_contacts
from ...retargeting.body_frame import body_axes
from ...retargeting.finger_rest import FingerRest, SourceFingers
from ...retargeting.source import SourceMotion
from ..armature import rest_rotations
from ..finger_bones import has_fingers, smpl_bones
from ..isolated_scene import isolated_scene
from ..keys import CAPTURE_PROPERTIES
from ..skin import skin_meshes
from .same_bones import without_scale

_ANKLE_HEIGHT: Final = 0.086
"""Of an ankle above the sole, in lengths of the straight leg, on the shipped body."""


def read_source(source: bpy.types.Object, frames: range, frame_rate: float) -> SourceMotion:
    """Sample an armature with SMPL's bones at these frames; the scene's current frame is restored.

    The armature's own space counts, with the floor at its origin. `frame_rate` is that of the scene that plays it.
    """
    rest = np.array([source.data.bones[name].head_local for name in JOINT_NAMES])
    axes = body_axes(*(rest[JOINT_INDEX[name]] for name in ("left_hip", "right_hip", "head")))
    every_matrix, properties = _sample(source, frames, smpl_bones(source))
    matrices, of_fingers = np.split(every_matrix, [len(JOINT_NAMES)], axis=1)
    rotations = without_scale(matrices[..., :3, :3]) @ np.swapaxes(rest_rotations(source), -1, -2)
    joints = matrices[..., :3, 3] @ axes
    rest_joints = rest @ axes
    rest_joints[:, 2] -= _rest_floor(source, rest_joints, axes)
    contacts = properties if properties is not None else estimate_contacts(joints, frame_rate)
    turned = axes.T @ rotations @ axes
    fingers = _fingers(source, of_fingers, turned, axes) if has_fingers(source) else None
    return SourceMotion(turned, joints, rest_joints, contacts, frame_rate, fingers)


def _fingers(source: bpy.types.Object, matrices: Array, rotations: Array, axes: Array) -> SourceFingers:
    """The fingers of posed bones (T, 30, 4, 4) on wrists that are turned by `rotations` (T, 24, 3, 3), body frame."""
    from_rest = without_scale(matrices[..., :3, :3]) @ np.swapaxes(rest_rotations(source, HAND_JOINT_NAMES), -1, -2)
    turned = axes.T @ from_rest @ axes
    relative = {}
    for number, name in enumerate(HAND_JOINT_NAMES):
        wrist = rotations[:, JOINT_INDEX[f"{name.partition('_')[0]}_wrist"]]
        relative[name] = np.swapaxes(wrist, -1, -2) @ turned[:, number]
    bones = source.data.bones
    rest = FingerRest(
        wrists={side: np.array(bones[f"{side}_wrist"].head_local) @ axes for side in SIDES},
        heads={name: np.array(bones[name].head_local) @ axes for name in HAND_JOINT_NAMES},
        ends={name: np.array(bones[name].tail_local) @ axes for name in HAND_JOINT_NAMES},
    )
    return SourceFingers(rest, relative)


def _sample(source: bpy.types.Object, frames: range, bone_names: Sequence[str]) -> tuple[Array, Array | None]:
    """(T, B, 4, 4) posed bones in the armature's space, and contacts (T, 2) if the armature states them."""
    names = CAPTURE_PROPERTIES[:2]
    has_contacts = all(name in source for name in names)
    bones = source.pose.bones
    indices = [bones.find(name) for name in bone_names]
    flat = np.empty(16 * len(bones), dtype=np.float32)
    matrices = np.empty((len(frames), len(bone_names), 4, 4))
    contacts = np.zeros((len(frames), 2))
    with isolated_scene([source], frames=(frames[0], frames[-1])) as scene:
        depsgraph = bpy.context.evaluated_depsgraph_get()
        for row, frame in enumerate(frames):
            scene.frame_set(frame)
            evaluated = source.evaluated_get(depsgraph)
            evaluated.pose.bones.foreach_get("matrix", flat)
            matrices[row] = np.swapaxes(flat.reshape(-1, 4, 4)[indices], -1, -2)  # column-major
            if has_contacts:
                contacts[row] = [evaluated[name] for name in names]
    return matrices, contacts if has_contacts else None


def _rest_floor(source: bpy.types.Object, rest_joints: Array, axes: Array) -> float:
    """Height of the soles at rest: of the skin's lowest vertex, else estimated from the legs."""
    heights = []
    for mesh in skin_meshes([source]):
        flat = np.empty(3 * len(mesh.data.vertices), dtype=np.float32)
        mesh.data.vertices.foreach_get("co", flat)
        to_armature = np.array(source.matrix_world.inverted_safe() @ mesh.matrix_world)
        points = flat.reshape(-1, 3) @ to_armature[:3, :3].T + to_armature[:3, 3]
        heights.append(float((points @ axes[:, 2]).min()) if len(points) else np.inf)
    ankles = rest_joints[[JOINT_INDEX["left_ankle"], JOINT_INDEX["right_ankle"]]]
    hips = rest_joints[[JOINT_INDEX["left_hip"], JOINT_INDEX["right_hip"]]]
    estimate = float(ankles[:, 2].mean() - _ANKLE_HEIGHT * np.linalg.norm(hips - ankles, axis=-1).mean())
    lowest = min(heights, default=np.inf)
    is_plausible = abs(lowest - estimate) < 0.1 * np.linalg.norm(hips - ankles, axis=-1).mean()
    return lowest if is_plausible else estimate
