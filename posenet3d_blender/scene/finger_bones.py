"""Finger bones of our armatures, for motions with fingers: 15 a hand on the wrist's bone, named as in SMPL-H.

A bone's Y runs along the finger, and a positive rotation about X flexes it, on both hands. SMPL's hand bones stay, for
scripts that look for all 24 names, but deform nothing then.
"""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np
from mathutils import Vector

from ..arrays import Array
from ..body.fingers import FINGER_COUNT, FINGER_PARENTS, HAND_JOINT_NAMES, HAND_NAMES, SIDES, WRISTS
from ..body.hands import rest_hand
from ..body.model import Body
from ..body.rotations import BODY_TO_WORLD, axis_angle_to_matrix, continuous_quaternions, matrix_to_quaternion
from ..body.skeleton import JOINT_NAMES
from .rest_pose import bone_turns


@dataclass(frozen=True)
class FingerBones:
    """The 30 finger bones at rest, in the armature's frame, metres."""

    heads: Array
    """(30, 3)"""
    tails: Array
    """(30, 3)"""
    flexion_axes: Array
    """(30, 3) unit."""


def finger_bones_at_rest(body: Body, betas: Array, joints: Array, arm_angle: float) -> FingerBones:
    """The fingers on the wrists of an armature.

    Args:
        body: with fingers.
        betas: (10,) shape coefficients.
        joints: (24, 3) the armature's joints at rest.
        arm_angle: degrees by which its arms are lowered.
    """
    hands = [rest_hand(body, side, betas) for side in SIDES]
    to_armature = [turn @ BODY_TO_WORLD for turn in bone_turns(arm_angle)[list(WRISTS)]]
    wrists = joints[list(WRISTS)]
    heads = [wrist + hand.joints @ turn.T for hand, turn, wrist in zip(hands, to_armature, wrists, strict=True)]
    bones = [hand.bones @ turn.T for hand, turn in zip(hands, to_armature, strict=True)]
    axes = [hand.flexion_axes @ turn.T for hand, turn in zip(hands, to_armature, strict=True)]
    return FingerBones(np.concatenate(heads), np.concatenate(heads) + np.concatenate(bones), np.concatenate(axes))


def add_finger_bones(edit_bones: bpy.types.ArmatureEditBones, rest: FingerBones) -> None:
    """Add the bones to an armature in edit mode that has SMPL's bones."""
    for number, name in enumerate(HAND_JOINT_NAMES):
        side, joint = divmod(number, FINGER_COUNT)
        parent = FINGER_PARENTS[joint]
        bone = edit_bones.new(name)
        bone.head, bone.tail = Vector(rest.heads[number]), Vector(rest.tails[number])
        along = rest.tails[number] - rest.heads[number]
        bone.align_roll(Vector(np.cross(rest.flexion_axes[number], along)))
        above = JOINT_NAMES[WRISTS[side]] if parent < 0 else HAND_JOINT_NAMES[side * FINGER_COUNT + parent]
        bone.parent = edit_bones[above]
        bone.use_connect = parent >= 0
    for name in HAND_NAMES:
        edit_bones[name].use_deform = False


def has_fingers(armature: bpy.types.Object) -> bool:
    """True if the armature has all 30 finger bones."""
    return all(name in armature.data.bones for name in HAND_JOINT_NAMES)


def smpl_bones(armature: bpy.types.Object) -> tuple[str, ...]:
    """Names of SMPL's 24 bones, and of the 30 fingers if the armature has them."""
    return (*JOINT_NAMES, *HAND_JOINT_NAMES) if has_fingers(armature) else JOINT_NAMES


def finger_quaternions(finger_poses: Array, rest: Array, arm_angle: float = 0.0) -> Array:
    """(T, 30, 4) each finger bone's rotation from rest in its own axes, without sign flips over time.

    Args:
        finger_poses: (T, 30, 3) axis-angle relative to the parent, in the body's axes.
        rest: (30, 3, 3) axes of the bones at rest in the armature's frame.
        arm_angle: degrees by which the arms are lowered at rest.
    """
    carriers = np.repeat(WRISTS, FINGER_COUNT)
    body_to_bone = np.swapaxes(rest, -1, -2) @ bone_turns(arm_angle)[carriers] @ BODY_TO_WORLD
    rotations = body_to_bone @ axis_angle_to_matrix(finger_poses) @ np.swapaxes(body_to_bone, -1, -2)
    return continuous_quaternions(matrix_to_quaternion(rotations))
