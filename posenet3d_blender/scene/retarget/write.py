"""Keys of the solved channels, on every frame or reduced within a tolerance."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np
from numpy.typing import NDArray

from ...arrays import Array
from ...body.rotations import continuous_quaternions, matrix_to_quaternion
from ...retargeting.bone_map import RigProperty
from ..key_reduction import Tolerance, reduce_keys, slopes_of
from ..keys import assign_action, bone_path, write_curves
from ..rotation_channels import angles_between, channel_path, to_channels, to_quaternions
from .channels import Channels


def new_action(target: bpy.types.Object, name: str) -> bpy.types.Action:
    """Give the target a new action that replaces all below it; its previous one is kept in the file."""
    animation = target.animation_data_create()
    if animation.action:
        animation.action.use_fake_user = True
    animation.action_blend_type, animation.action_influence = "REPLACE", 1.0
    animation.action_extrapolation = "HOLD"
    action = bpy.data.actions.new(name)
    assign_action(target, action)
    return action


def write_channels(
    action: bpy.types.Action,
    target: bpy.types.Object,
    channels: Sequence[Channels],
    frames: range,
    tolerance: Tolerance | None,
) -> None:
    """Add the F-curves of all keyed bones; rotations in each bone's own rotation mode."""
    for each in channels:
        mode = target.pose.bones[each.bone].rotation_mode
        if each.rotations is not None:
            quaternions = continuous_quaternions(matrix_to_quaternion(each.rotations))
            values = to_channels(quaternions, mode)

            def degrees(samples: slice, found: Array, mode: str = mode, wanted: Array = quaternions) -> Array:
                return angles_between(to_quaternions(found, mode), wanted[samples])

            keys = reduce_keys(values, degrees, tolerance.degrees) if tolerance else None
            _write(action, target, each.bone, channel_path(mode), frames, values, keys)
        if each.locations is not None:
            scale = _millimetres_per_unit(target, each.bone)

            def millimetres(
                samples: slice, found: Array, wanted: Array = each.locations, scale: float = scale
            ) -> Array:
                errors: Array = scale * np.linalg.norm(found - wanted[samples], axis=-1)
                return errors

            keys = reduce_keys(each.locations, millimetres, tolerance.millimetres) if tolerance else None
            _write(action, target, each.bone, "location", frames, each.locations, keys)


def _millimetres_per_unit(target: bpy.types.Object, bone: str) -> float:
    """Millimetres in the world of a unit of the bone's location; mirrored rigs have negative scales."""
    parent = target.pose.bones[bone].parent
    by_parent = max(map(abs, parent.matrix.to_scale())) if parent else 1.0
    return float(1000 * by_parent * max(map(abs, target.matrix_world.to_scale())))


def set_properties(target: bpy.types.Object, properties: Sequence[RigProperty]) -> list[str]:
    """Set the rig's switches; a sentence for each that the rig lacks."""
    warnings = []
    for each in properties:
        bone = target.pose.bones[each.bone]
        if each.name not in bone:
            warnings.append(f"{target.name}: bone {each.bone} has no property {each.name}; set IK or FK by hand")
            continue
        bone[each.name] = type(bone[each.name])(each.value)
    return warnings


def key_properties(
    action: bpy.types.Action, target: bpy.types.Object, properties: Sequence[RigProperty], frame: int
) -> None:
    """Key the switches once, so that the action plays the same after they were changed."""
    for each in properties:
        if each.name in target.pose.bones[each.bone]:
            bone, name = map(bpy.utils.escape_identifier, (each.bone, each.name))
            path = f'pose.bones["{bone}"]["{name}"]'
            write_curves(action, target, path, np.array([frame]), np.array([[each.value]]), each.bone, "CONSTANT")


def _write(
    action: bpy.types.Action,
    target: bpy.types.Object,
    bone: str,
    channel: str,
    frames: range,
    values: Array,
    keys: NDArray[np.int64] | None,
) -> None:
    path = bone_path(bone, channel)
    if keys is None:
        write_curves(action, target, path, np.array(frames), values, bone)
    else:
        write_curves(
            action, target, path, np.array(frames)[keys], values[keys], bone, "BEZIER", slopes_of(values)[keys]
        )
