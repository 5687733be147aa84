"""The armature at rest: a root bone on the ground, and 24 bones whose heads are exactly at the body's rest joints.

With fingers it has 30 bones more, see `finger_bones`.

The soles are at z = 0, the root bone is at the origin with the axes of the armature itself.

Bone axes: Y runs along the bone. Spine, neck, head and legs have X to the person's left, arms have Z to the front, so
that a positive rotation about X bends spine, knees and elbows the natural way, alike on both sides, as Blender's pose
mirroring expects.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import bpy
import numpy as np
from mathutils import Vector

from ..arrays import Array
from ..body.model import Body
from ..body.skeleton import JOINT_COUNT, JOINT_INDEX, JOINT_NAMES, PARENTS
from .bone_display import arrange_bones
from .finger_bones import FingerBones, add_finger_bones, finger_bones_at_rest
from .rest_pose import rest_pose

ROOT_NAME: Final = "root"
"""The bone on the ground that all others hang on; it is no joint of SMPL's."""
REST_HEIGHT: Final = "rest_height"
"""Property of our armatures: metres by which SMPL's rest pose was raised to stand on the ground."""
ARM_ANGLE: Final = "arm_angle"
"""Property of our armatures: degrees by which the arms are lowered from SMPL's rest pose."""

_ARM_PARTS: Final = ("collar", "shoulder", "elbow", "wrist", "hand")
_UP: Final = np.array([0.0, 0.0, 1.0])
_FRONT: Final = np.array([0.0, -1.0, 0.0])
_LEFT: Final = np.array([1.0, 0.0, 0.0])
_SHORTEST_BONE: Final = 0.02
"""Metres; Blender deletes bones of zero length."""
_ROOT_LENGTH: Final = 0.3
"""Metres. It points backwards, along +Y, so that its axes are the armature's."""


def add_armature(
    name: str,
    body: Body,
    betas: Array,
    collection: bpy.types.Collection,
    arm_angle: float = 0.0,
    with_fingers: bool = False,
) -> bpy.types.Object:
    """Add an armature object at the world's origin, in object mode, with quaternion rotation on all bones.

    Args:
        name: name of object and armature.
        body: body with the rest joints, and the skin that gives hands, feet and head their length.
        betas: (10,) shape coefficients.
        collection: collection that the object is linked to.
        arm_angle: degrees by which the arms are lowered at rest; see `rest_pose.ARM_ANGLES`.
        with_fingers: add finger bones; the body must have fingers.
    """
    rest = rest_pose(body, betas, arm_angle)
    armature = bpy.data.objects.new(name, bpy.data.armatures.new(name))
    collection.objects.link(armature)
    fingers = finger_bones_at_rest(body, betas, rest.joints, arm_angle) if with_fingers else None
    _add_bones(armature, rest.joints, _tails(rest.joints, rest.vertices, body.skin_weights), fingers)
    armature.data[REST_HEIGHT], armature.data[ARM_ANGLE] = rest.height, arm_angle
    armature.show_in_front = True
    for bone in armature.pose.bones:
        bone.rotation_mode = "QUATERNION"
    arrange_bones(armature)
    return armature


def main_child(joint: int) -> int | None:
    """The joint at the tail of a bone; None for head, hands and toes."""
    if JOINT_NAMES[joint] == "pelvis":
        return JOINT_INDEX["spine1"]
    return next((child for child in range(JOINT_COUNT) if PARENTS[child] == joint), None)


def rest_rotations(armature: bpy.types.Object, names: Sequence[str] = JOINT_NAMES) -> Array:
    """(B, 3, 3) axes of these bones at rest, as columns, in the armature's frame; the 24 of SMPL by default."""
    return np.array([armature.data.bones[name].matrix_local.to_3x3() for name in names])


def _tails(heads: Array, vertices: Array, skin_weights: Array) -> Array:
    """(24, 3) bone tails: at the main child, or at the end of the skin for head, hands and toes."""
    tails = np.empty_like(heads)
    for joint, head in enumerate(heads):
        child = main_child(joint)
        if child is not None:
            tails[joint] = heads[child]
            continue
        direction = _end_direction(joint, heads)
        own_vertices = vertices[skin_weights[:, joint] > 0.5]
        reach = float(((own_vertices - head) @ direction).max()) if len(own_vertices) else 0.0
        tails[joint] = head + direction * max(reach, _SHORTEST_BONE)
    return tails


def _end_direction(joint: int, heads: Array) -> Array:
    """Unit vector along head, toes or fingers."""
    name = JOINT_NAMES[joint]
    if name == "head":
        return _UP
    if name.endswith("foot"):
        return _FRONT
    direction = heads[joint] - heads[PARENTS[joint]]
    unit: Array = direction / np.linalg.norm(direction)
    return unit


def _add_bones(armature: bpy.types.Object, heads: Array, tails: Array, fingers: FingerBones | None) -> None:
    with _edit_mode(armature):
        root = armature.data.edit_bones.new(ROOT_NAME)
        root.head, root.tail = (0.0, 0.0, 0.0), (0.0, _ROOT_LENGTH, 0.0)
        root.use_deform = False
        for joint, name in enumerate(JOINT_NAMES):
            bone = armature.data.edit_bones.new(name)
            bone.head, bone.tail = Vector(heads[joint]), Vector(tails[joint])
            bone.align_roll(Vector(_z_axis(name, tails[joint] - heads[joint])))
            if PARENTS[joint] >= 0:
                bone.parent = armature.data.edit_bones[JOINT_NAMES[PARENTS[joint]]]
                bone.use_connect = main_child(PARENTS[joint]) == joint
            else:
                bone.parent = root
        if fingers:
            add_finger_bones(armature.data.edit_bones, fingers)


@contextmanager
def _edit_mode(armature: bpy.types.Object) -> Iterator[None]:
    """Edit mode in a temporary scene: the user's scene keeps its active object and the mode that this one is in."""
    scene = bpy.data.scenes.new(armature.name)
    try:
        scene.collection.objects.link(armature)
        view_layer = scene.view_layers[0]
        view_layer.objects.active = armature
        with bpy.context.temp_override(scene=scene, view_layer=view_layer, active_object=armature, object=armature):
            bpy.ops.object.mode_set(mode="EDIT")
            yield
            bpy.ops.object.mode_set(mode="OBJECT")
    finally:
        bpy.data.scenes.remove(scene)


def _z_axis(name: str, direction: Array) -> Array:
    return _FRONT if name.endswith(_ARM_PARTS) else np.cross(_LEFT, direction)
