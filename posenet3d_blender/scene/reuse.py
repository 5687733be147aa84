"""Reuse of a captured motion: as a strip in the NLA editor, and as a loop."""

from __future__ import annotations

from collections import Counter
from typing import Final

import bpy
import numpy as np

from ..arrays import Array
from ..errors import PoseNet3DError
from .keys import bone_path, curves_of
from .loop_locations import looped_locations
from .rotation_channels import channel_path, to_channels, to_quaternions

_LOCATION: Final = "].location"


def push_to_nla(armature: bpy.types.Object) -> bpy.types.NlaStrip:
    """Move the armature's action to a strip on an NLA track of its own, where it plays as before.

    A strip ends with its action, so that of a loop reaches to the end of the scene.

    Raises:
        PoseNet3DError: it has no action.
    """
    action = action_of(armature)
    is_loop = any(_cycles_of(curve) for curve in curves_of(armature))
    animation = armature.animation_data
    slot = getattr(animation, "action_slot", None)
    animation.action = None
    track = animation.nla_tracks.new()
    track.name = action.name
    strip = track.strips.new(action.name, round(action.frame_range[0]), action)
    if slot is not None:
        strip.action_slot = slot
    strip.extrapolation = "HOLD"
    if is_loop:
        strip.action_frame_end = max(bpy.context.scene.frame_end, strip.action_frame_end)
    return strip


def make_loop(armature: bpy.types.Object, blend_frames: int) -> None:
    """Blend the end of the action to its start, and repeat it beyond its end; the distance covered is kept.

    The last frames lead to the first pose. Positions on the ground go on from where they were: what moves through the
    world by itself, as the pelvis or the root bone and a character's IK controls, is repeated with one offset, that of
    the hips; heights are blended.

    Args:
        armature: with an action that has one key on every frame, as captured.
        blend_frames: number of frames at the end that are blended.

    Raises:
        PoseNet3DError: it has no action, one with reduced keys, or one shorter than twice the blend.
    """
    check_loop(armature, blend_frames)
    action, curves = action_of(armature), _looped_curves(armature)
    start, end = (round(frame) for frame in action.frame_range)
    count = end - start + 1
    weights = np.zeros(count)
    weights[count - blend_frames :] = np.linspace(0, 1, blend_frames + 1)[1:]
    groups: dict[str, list[bpy.types.FCurve]] = {}
    for curve in sorted(curves, key=lambda curve: curve.array_index):
        groups.setdefault(curve.data_path, []).append(curve)
    values = {path: np.stack([_values(curve) for curve in group], axis=-1) for path, group in groups.items()}  # (T, C)
    bones = {path: _bone_of(armature, path) for path in groups}
    located = {bones[path].name: own for path, own in values.items() if path.endswith(_LOCATION)}
    locations = looped_locations(armature, located, start, weights)
    for path, group in groups.items():
        if path.endswith(_LOCATION):
            looped, goes_on = locations[bones[path].name]
        else:
            looped, goes_on = _looped_rotations(bones[path].rotation_mode, values[path], weights), False
        for curve, column in zip(group, looped.T, strict=True):
            _write(curve, column)
            _repeat(curve, with_offset=goes_on)
    action.use_frame_range, action.use_cyclic = True, True
    action.frame_start, action.frame_end = start, end


def check_loop(armature: bpy.types.Object, blend_frames: int) -> None:
    """Check that a loop can be made; for arguments and errors see `make_loop`."""
    start, end = (round(frame) for frame in action_of(armature).frame_range)
    count = end - start + 1
    curves = _looped_curves(armature)
    channels = Counter(curve.data_path for curve in curves)
    for path, number in channels.items():
        if number != len(armature.path_resolve(path)):
            raise PoseNet3DError(f"{armature.name}: {path} lacks keys of a channel; key all of them, on every frame")
    if any(len(curve.keyframe_points) != count for curve in curves):
        raise PoseNet3DError(f"{armature.name}: its keys are reduced; make the loop of the captured action")
    if count < 2 * blend_frames:
        raise PoseNet3DError(
            f"{armature.name}: its {count} frames are too few to blend {blend_frames}; choose a shorter blend"
        )


def action_of(armature: bpy.types.Object) -> bpy.types.Action:
    """The armature's action.

    Raises:
        PoseNet3DError: it has none.
    """
    animation = armature.animation_data
    if not animation or not animation.action:
        raise PoseNet3DError(f"{armature.name}: it has no action; choose a captured armature")
    return animation.action


def _looped_curves(armature: bpy.types.Object) -> list[bpy.types.FCurve]:
    """The bones' locations, and their rotations in the mode that each bone has."""
    paths = {
        bone_path(bone.name, channel)
        for bone in armature.pose.bones
        for channel in ("location", channel_path(bone.rotation_mode))
    }
    return [curve for curve in curves_of(armature) if curve.data_path in paths]


def _looped_rotations(mode: str, values: Array, weights: Array) -> Array:
    """(T, C) rotations, in a bone's mode, that lead to the first one by the weights (T,)."""
    quaternions = to_quaternions(values, mode)  # (T, 4)
    signs = np.sign(quaternions @ quaternions[0])[:, None]
    goal = np.where(signs < 0, -1.0, 1.0) * quaternions[0]
    blended = (1 - weights[:, None]) * quaternions + weights[:, None] * goal
    return to_channels(blended / np.linalg.norm(blended, axis=-1, keepdims=True), mode)


def _bone_of(armature: bpy.types.Object, path: str) -> bpy.types.PoseBone:
    bone: bpy.types.PoseBone = armature.path_resolve(path.rpartition(".")[0])
    return bone


def _values(curve: bpy.types.FCurve) -> Array:
    points = np.empty(2 * len(curve.keyframe_points), dtype=np.float32)
    curve.keyframe_points.foreach_get("co", points)
    return points[1::2].astype(np.float64)


def _write(curve: bpy.types.FCurve, values: Array) -> None:
    points = np.empty(2 * len(values), dtype=np.float32)
    curve.keyframe_points.foreach_get("co", points)
    points[1::2] = values
    curve.keyframe_points.foreach_set("co", points)
    curve.update()


def _cycles_of(curve: bpy.types.FCurve) -> list[bpy.types.FModifier]:
    return [modifier for modifier in curve.modifiers if modifier.type == "CYCLES"]


def _repeat(curve: bpy.types.FCurve, with_offset: bool) -> None:
    for modifier in _cycles_of(curve):
        curve.modifiers.remove(modifier)
    cycles = curve.modifiers.new("CYCLES")
    cycles.mode_before = "NONE"
    cycles.mode_after = "REPEAT_OFFSET" if with_offset else "REPEAT"
