"""Write a motion to an action in bulk, because the time of `keyframe_insert` is quadratic in the number of keys.

The same code serves Blender 4.2 to 5.2: actions have slots since 4.4, and no `fcurves` of their own since 5.0.
"""

from __future__ import annotations

from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ..arrays import Array
from ..body.fingers import HAND_JOINT_NAMES, SIDES
from ..body.limbs import LIMB_NAMES
from ..body.rotations import BODY_TO_WORLD, axis_angle_to_matrix, continuous_quaternions, matrix_to_quaternion
from ..body.skeleton import JOINT_NAMES, PARENTS
from ..motion import Motion
from ..motion_edit.body_parts import moving_joints
from ..motion_edit.heading import about_z
from ..motion_edit.root_motion import GroundPath, ground_path
from .armature import ARM_ANGLE, REST_HEIGHT, ROOT_NAME, rest_rotations
from .finger_bones import finger_quaternions, has_fingers
from .incremental import Steps, run
from .names import data_name
from .rest_pose import bone_turns

# Enum values of Keyframe.interpolation, as foreach_set takes them.
_INTERPOLATIONS: Final = {"CONSTANT": 0, "LINEAR": 1, "BEZIER": 2}
_ALIGNED_HANDLES: Final = 3
"""Enum value of Keyframe.handle_left_type."""
LIMB_PROPERTIES: Final = tuple(f"{limb}_confidence" for limb in LIMB_NAMES)
CAPTURE_PROPERTIES: Final = ("left_foot_contact", "right_foot_contact", "confidence", *LIMB_PROPERTIES)
"""Animated custom properties of a captured armature object."""
HAND_PROPERTIES: Final = tuple(f"{side}_hand_confidence" for side in SIDES)
"""Further ones, if fingers were captured."""
CAPTURE_START: Final = "capture_start"
"""Custom property of it: the frame at which the footage's start lies, where exported files begin."""


def key_motion(
    armature: bpy.types.Object, motion: Motion, first_frame: int, root: str = "hips", body_parts: str = "whole"
) -> bpy.types.Action:
    """Animate the bones, one linear key per sample: rotations on all, the trajectory as locations.

    The foot contacts and the confidence become animated custom properties of the armature object.
    The armature must be made by `add_armature`, of the motion's own body and betas.

    Args:
        armature: at rest, without an action.
        motion: the motion.
        first_frame: frame of its first sample.
        root: bone that carries the motion through the scene, one of `build_options.ROOT_CHOICES`; without one the body
            moves on the spot, over the armature's origin.
        body_parts: parts that are keyed, one of `build_options.BODY_PARTS`, of a motion that is limited to them; other
            bones are posed as at the first sample, without keys, so that another animation may move them.
    """
    return run(key_motion_in_steps(armature, motion, first_frame, root, body_parts))


def key_motion_in_steps(
    armature: bpy.types.Object, motion: Motion, first_frame: int, root: str = "hips", body_parts: str = "whole"
) -> Steps[bpy.types.Action]:
    """Do the work of `key_motion` bone by bone."""
    action = bpy.data.actions.new(data_name(armature.name, "_motion"))
    assign_action(armature, action)
    frames = np.arange(first_frame, first_frame + motion.frame_count)
    rest, turns = rest_rotations(armature), bone_turns(armature.data[ARM_ANGLE])
    body_rotations = axis_angle_to_matrix(motion.poses[:, 0])
    pelvis = _pelvis_positions(armature, motion)
    path = None if root == "hips" else ground_path(pelvis, body_rotations, motion.frame_rate)
    keyed = moving_joints(body_parts)
    if root == "ground" and path:
        _key_root(action, armature, frames, path, is_keyed=0 in keyed)
    for joint, name in enumerate(JOINT_NAMES):
        quaternions = _joint_quaternions(motion, joint, rest[joint], turns)
        if joint == 0 and root == "ground" and path:
            on_path = rest[0].T @ about_z(-path.heading) @ body_rotations @ (BODY_TO_WORLD.T @ rest[0])
            quaternions = continuous_quaternions(matrix_to_quaternion(on_path))
        if joint in keyed:
            write_curves(action, armature, bone_path(name, "rotation_quaternion"), frames, quaternions, group=name)
        else:
            armature.pose.bones[name].rotation_quaternion = quaternions[0]
        yield None
    locations = _pelvis_locations(armature, pelvis, path, is_turned=root == "ground")
    if 0 in keyed:
        write_curves(action, armature, 'pose.bones["pelvis"].location', frames, locations, "pelvis")
    else:
        armature.pose.bones["pelvis"].location = locations[0]
    known = [motion.contacts, motion.confidence]
    if motion.limb_confidence is not None:
        known.append(motion.limb_confidence)
    # Motion files of other programs know no limbs.
    for name, values in zip(CAPTURE_PROPERTIES, np.column_stack(known).T, strict=False):
        _key_property(action, armature, name, frames, values)
    yield None
    if motion.finger_poses is not None and has_fingers(armature):
        _key_fingers(action, armature, motion, frames)
        yield None
    return action


def bone_quaternions(motion: Motion, rest: Array, arm_angle: float = 0.0) -> Array:
    """(T, 24, 4) each bone's rotation from rest in its own axes, without sign flips over time.

    Args:
        motion: rotations relative to the parent in the body's axes; the pelvis's from the body's axes to the world's.
        rest: (24, 3, 3) axes of the bones at rest in the armature's frame.
        arm_angle: degrees by which the arms are lowered at rest.
    """
    turns = bone_turns(arm_angle)
    return np.stack([_joint_quaternions(motion, joint, axes, turns) for joint, axes in enumerate(rest)], axis=1)


def _joint_quaternions(motion: Motion, joint: int, rest: Array, turns: Array) -> Array:
    """(T, 4) `bone_quaternions` of one bone; `rest` (3, 3), `turns` (24, 3, 3) as of `bone_turns`."""
    # The pelvis's rotation already ends in the world's axes.
    to_world = np.eye(3) if joint == 0 else turns[PARENTS[joint]] @ BODY_TO_WORLD
    from_rest = BODY_TO_WORLD.T @ turns[joint].T @ rest
    rotations = axis_angle_to_matrix(motion.poses[:, joint])
    return continuous_quaternions(matrix_to_quaternion((rest.T @ to_world) @ rotations @ from_rest))


def _key_property(
    action: bpy.types.Action, armature: bpy.types.Object, name: str, frames: NDArray[np.integer[Any]], values: Array
) -> None:
    """Key values (T,) from 0 to 1 as a custom property of the armature object."""
    armature[name] = float(values[0])
    armature.id_properties_ui(name).update(min=0.0, max=1.0, description="From the capture, 0 to 1")
    write_curves(action, armature, f'["{name}"]', frames, values[:, None], group="capture")


def _key_fingers(
    action: bpy.types.Action, armature: bpy.types.Object, motion: Motion, frames: NDArray[np.integer[Any]]
) -> None:
    """Key the finger bones, and the hands' confidences."""
    assert motion.finger_poses is not None
    rest = rest_rotations(armature, HAND_JOINT_NAMES)
    quaternions = finger_quaternions(motion.finger_poses, rest, armature.data[ARM_ANGLE])
    for number, name in enumerate(HAND_JOINT_NAMES):
        write_curves(action, armature, bone_path(name, "rotation_quaternion"), frames, quaternions[:, number], name)
    for name, values in zip(HAND_PROPERTIES, (motion.left_hand_confidence, motion.right_hand_confidence), strict=True):
        if values is not None:
            _key_property(action, armature, name, frames, values)


def _key_root(
    action: bpy.types.Action,
    armature: bpy.types.Object,
    frames: NDArray[np.integer[Any]],
    path: GroundPath,
    is_keyed: bool,
) -> None:
    """Key the root bone, whose axes at rest are the armature's, or pose it as at the first sample."""
    quaternions = continuous_quaternions(matrix_to_quaternion(about_z(path.heading)))
    if not is_keyed:
        root = armature.pose.bones[ROOT_NAME]
        root.rotation_quaternion, root.location = quaternions[0], path.position[0]
        return
    write_curves(action, armature, bone_path(ROOT_NAME, "rotation_quaternion"), frames, quaternions, group=ROOT_NAME)
    location = f'pose.bones["{ROOT_NAME}"].location'
    write_curves(action, armature, location, frames, path.position, group=ROOT_NAME)


def bone_path(bone: str, channel: str) -> str:
    """Data path of a bone's channel, such as "location"; names may hold quotation marks."""
    return f'pose.bones["{bpy.utils.escape_identifier(bone)}"].{channel}'


def assign_action(datablock: bpy.types.ID, action: bpy.types.Action, like: bpy.types.ID | None = None) -> None:
    """Assign `action` to the datablock: in a new slot, or in the slot of `like`, whose action it is a copy of."""
    animation = datablock.animation_data_create()
    animation.action = action
    if not hasattr(animation, "action_slot"):
        return
    if like is None:
        animation.action_slot = action.slots.new(datablock.id_type, datablock.name)
    else:
        animation.action_slot = action.slots[like.animation_data.action_slot.identifier]


def curves_of(armature: bpy.types.Object) -> list[bpy.types.FCurve]:
    """All F-curves that animate the armature object."""
    return played_curves(armature.animation_data)


def played_curves(player: bpy.types.AnimData | bpy.types.NlaStrip) -> list[bpy.types.FCurve]:
    """The F-curves that play from the action of a datablock's animation, or of a strip; none without an action."""
    if player.action is None:
        return []
    if not hasattr(player, "action_slot"):
        return list(player.action.fcurves)
    bags = [strip.channelbag(player.action_slot) for layer in player.action.layers for strip in layer.strips]
    return [curve for bag in bags if bag for curve in bag.fcurves]


def transform_curve(curve: bpy.types.FCurve, shift: float, scale: float) -> None:
    """Move all keys and their handles by `shift` frames and multiply their values by `scale`."""
    for attribute in ("co", "handle_left", "handle_right"):
        points = np.empty(2 * len(curve.keyframe_points), dtype=np.float32)
        curve.keyframe_points.foreach_get(attribute, points)
        points[0::2] += shift
        points[1::2] *= scale
        curve.keyframe_points.foreach_set(attribute, points)
    curve.update()


def _pelvis_positions(armature: bpy.types.Object, motion: Motion) -> Array:
    """(T, 3) in the world, metres."""
    smpl_rest = np.array(armature.data.bones["pelvis"].head_local) - (0.0, 0.0, armature.data[REST_HEIGHT])
    positions: Array = motion.trans + smpl_rest @ BODY_TO_WORLD  # SMPL adds trans to the rest joint in the body's axes
    return positions


def _pelvis_locations(armature: bpy.types.Object, positions: Array, path: GroundPath | None, is_turned: bool) -> Array:
    """(T, 3) offset of the pelvis bone from its rest position, in its own axes, metres.

    Args:
        armature: our armature.
        positions: (T, 3) of the pelvis in the world, metres.
        path: the path that the root bone takes, or that is left out; None: it stays at the origin.
        is_turned: the root bone turns along the path.
    """
    bone = armature.data.bones["pelvis"]
    if path:
        positions = positions - path.position
        if is_turned:
            positions = (about_z(-path.heading) @ positions[:, :, None])[:, :, 0]
    locations: Array = (positions - np.array(bone.head_local)) @ np.array(bone.matrix_local.to_3x3())
    return locations


def write_curves(
    action: bpy.types.Action,
    datablock: bpy.types.ID,
    path: str,
    frames: NDArray[np.integer[Any]],
    values: Array,
    group: str,
    interpolation: str = "LINEAR",
    slopes: Array | None = None,
) -> None:
    """Add one F-curve to `action` per column of `values` (T, C), with keys at `frames` (T,).

    The action must be assigned to the datablock and must not have these curves yet. Bezier keys need `slopes` (T, C),
    the change per frame at each key: the handles lie along it, a third of the way to the next key.
    """
    for index, column in enumerate(values.T):
        curve = _new_curve(action, datablock, path, index, group)
        curve.keyframe_points.add(len(frames))
        _set_points(curve, "co", frames, column)
        codes = np.full(len(frames), _INTERPOLATIONS[interpolation], dtype=np.int32)
        curve.keyframe_points.foreach_set("interpolation", codes)
        if slopes is not None:
            _set_handles(curve, frames, column, slopes[:, index])
        curve.update()


def _set_handles(curve: bpy.types.FCurve, frames: NDArray[np.integer[Any]], values: Array, slopes: Array) -> None:
    thirds = np.diff(frames) / 3 if len(frames) > 1 else np.ones(1)
    for side, reach in (("left", -np.append(thirds[:1], thirds)), ("right", np.append(thirds, thirds[-1:]))):
        reach = reach[: len(frames)]
        aligned = np.full(len(frames), _ALIGNED_HANDLES, dtype=np.int32)
        curve.keyframe_points.foreach_set(f"handle_{side}_type", aligned)
        _set_points(curve, f"handle_{side}", frames + reach, values + reach * slopes)


def _set_points(curve: bpy.types.FCurve, attribute: str, frames: NDArray[np.number[Any]], values: Array) -> None:
    points = np.column_stack([frames, values]).astype(np.float32)
    curve.keyframe_points.foreach_set(attribute, points.ravel())


def _new_curve(
    action: bpy.types.Action, datablock: bpy.types.ID, path: str, index: int, group: str
) -> bpy.types.FCurve:
    if hasattr(action, "fcurves"):  # 4.4 and 4.5 keep it for the first slot; only it takes groups there
        return action.fcurves.new(path, index=index, action_group=group)
    return action.fcurve_ensure_for_datablock(datablock, path, index=index, group_name=group)
