"""Bake a captured motion to keys on its own armature or on another one with the same bone names.

The keys go into a new action. The target's object transform, rotation modes, NLA tracks and other bones stay as they
are, and its previous action is kept in the file. Constraints and drivers that would override the keys are muted, not
removed. For characters with other bones see the package `retarget`.
"""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np

from ..arrays import Array
from ..body.skeleton import JOINT_NAMES
from ..errors import PoseNet3DError
from .finger_bones import has_fingers, smpl_bones
from .isolated_scene import show_present_frame
from .key_reduction import Tolerance
from .keys import CAPTURE_PROPERTIES, HAND_PROPERTIES, curves_of, write_curves
from .names import data_name
from .played_frames import played_frames
from .posable import posable
from .retarget.blockers import blocking_animation as blockers_of
from .retarget.channels import Channels
from .retarget.check_target import check_writable
from .retarget.same_bones import (
    basis_locations,
    basis_rotations,
    missing_bones,
    pelvis_positions,
    pose_rotations,
    read_motion,
)
from .retarget.write import new_action, write_channels


def bake(
    source: bpy.types.Object, target: bpy.types.Object | None = None, tolerance: Tolerance | None = None
) -> bpy.types.Action:
    """Key the source's motion on the target's bones, in a new action that becomes the target's.

    Args:
        source: animated armature with SMPL's bones, as `build_scene` returns it; its constraints and NLA apply.
        target: armature with the same bone names; None: the source itself.
        tolerance: None: a key on every frame. Else few Bezier keys that stay within it at every frame.

    Returns:
        The action, named after target and motion.

    Raises:
        PoseNet3DError: an armature lacks bones or keys, or the target can't be keyed as it is.
    """
    target = target or source
    _check(source, target)
    frames = played_frames(source)
    names = _baked_bones(source, target)
    motion = read_motion(source, frames, names)
    properties = _capture_properties(source, frames) if target is source else {}
    name = data_name(target.name, "_baked") if target is source else f"{target.name}_{source.name}"
    # Refused, if it is, before anything is changed.
    rotations, positions = pose_rotations(target, motion), pelvis_positions(target, motion)
    action = new_action(target, name)
    _unblock_bones(target, names)
    with posable(target):  # bones above the pelvis keep their present pose
        bpy.context.view_layer.update()
        turns = basis_rotations(target, rotations, names)
        locations = basis_locations(target, rotations[:, 0], positions)
    channels = [Channels(joint_name, turns[:, joint], None) for joint, joint_name in enumerate(names)]
    write_channels(action, target, [*channels, Channels("pelvis", None, locations)], frames, tolerance)
    for path, values in properties.items():
        write_curves(action, target, path, np.array(frames), values[:, None], group="capture")
    show_present_frame([target])
    return action


def blocking_animation(
    source: bpy.types.Object, target: bpy.types.Object
) -> list[bpy.types.Constraint | bpy.types.FCurve]:
    """Find what baking mutes: active constraints on the baked bones or on IK chains with them, and drivers of them."""
    return blockers_of(target, _baked_bones(source, target))


def _baked_bones(source: bpy.types.Object, target: bpy.types.Object) -> tuple[str, ...]:
    return smpl_bones(source) if has_fingers(target) else JOINT_NAMES


def _check(source: bpy.types.Object, target: bpy.types.Object) -> None:
    for armature in (source, target):
        if armature.type != "ARMATURE":
            raise PoseNet3DError(f"{armature.name}: not an armature; choose one with SMPL's bone names")
        if armature.mode == "EDIT":
            raise PoseNet3DError(f"{armature.name}: it is in edit mode; leave edit mode first")
        missing = missing_bones(armature)
        if missing:
            names = ", ".join(missing[:3]) + (" ..." if len(missing) > 3 else "")
            raise PoseNet3DError(f"{armature.name}: it lacks bones ({names}); choose one with SMPL's bone names")
    check_writable(target)
    if target.data.bones["pelvis"].use_connect:
        raise PoseNet3DError(f"{target.name}: its pelvis can't move; disconnect it from its parent in edit mode")


def _capture_properties(source: bpy.types.Object, frames: range) -> dict[str, Array]:
    """Samples of foot contacts and confidence, by data path, which the new action of the same armature must keep."""
    if not source.animation_data.action:
        return {}
    paths = [f'["{name}"]' for name in (*CAPTURE_PROPERTIES, *HAND_PROPERTIES)]
    return {
        curve.data_path: np.array([curve.evaluate(frame) for frame in frames])
        for curve in curves_of(source)
        if curve.data_path in paths
    }


def _unblock_bones(target: bpy.types.Object, names: Sequence[str]) -> None:
    """Leave the baked bones to the new keys alone: mute constraints and drivers, reset locations and scales."""
    for blocker in blockers_of(target, names):
        blocker.mute = True
    for name in names:
        bone = target.pose.bones[name]
        bone.location, bone.scale = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
