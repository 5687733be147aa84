"""Retarget a captured motion to a character: any rig that is recognised, or that a bone map describes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import bpy

from ...errors import PoseNet3DError
from ...retargeting.bone_map import BoneMap
from ...retargeting.controls import WantedTransform, wanted_transforms
from ...retargeting.fingers import finger_transforms
from ...retargeting.hands import hand_ends
from ...retargeting.settings import RetargetSettings
from ...retargeting.skeleton import find_skeleton
from ...retargeting.solve import solve
from ...retargeting.source import SourceMotion
from ..incremental import Steps, run
from ..isolated_scene import isolated_scene, show_present_frame
from ..key_reduction import Tolerance
from ..keys import CAPTURE_START
from ..names import data_name
from ..played_frames import played_frames
from ..posable import obstacles_to_playing
from ..timeline import scene_rate
from .blockers import blocking_animation
from .channels import Channels, posed_scales, solve_channels_in_steps
from .check_target import check_target
from .read_rig import read_rig
from .read_source import read_source
from .same_bones import missing_bones
from .write import key_properties, new_action, set_properties, write_channels


@dataclass(frozen=True)
class Retargeted:
    """Outcome of a retargeting."""

    action: bpy.types.Action
    warnings: tuple[str, ...]


def retarget(
    source: bpy.types.Object,
    target: bpy.types.Object,
    bone_map: BoneMap | Path | None = None,
    settings: RetargetSettings | None = None,
    tolerance: Tolerance | None = None,
) -> Retargeted:
    """Key the source's motion on a character, in a new action that becomes the character's.

    The motion plays in the character's own space, so that a placed, turned or scaled object keeps its place. The
    previous action stays in the file; constraints and drivers on keyed bones are muted and named in the warnings.

    Args:
        source: animated armature with SMPL's bones.
        target: the character's armature.
        bone_map: a map or its file; None: recognise the rig.
        settings: choices; None: the defaults.
        tolerance: None: a key on every frame. Else few Bezier keys that stay within it.

    Raises:
        PoseNet3DError: the character is unsuitable, or the source has no motion.
    """
    return run(retarget_in_steps(source, target, bone_map, settings, tolerance))


def retarget_in_steps(
    source: bpy.types.Object,
    target: bpy.types.Object,
    bone_map: BoneMap | Path | None = None,
    settings: RetargetSettings | None = None,
    tolerance: Tolerance | None = None,
    scene: bpy.types.Scene | None = None,
) -> Steps[Retargeted]:
    """Do the work of `retarget` in steps, which yield the part that is done.

    The motion is for `scene` and plays at its frame rate; None: the context's. Closed early, it leaves the character as
    it was.
    """
    settings = settings or RetargetSettings()
    frames = source_frames(source)
    found = check_target(target, bone_map)
    used, warnings = found.bone_map, list(found.warnings)
    motion = read_source(source, frames, scene_rate(scene or bpy.context.scene))
    wanted, root_warnings = _wanted(motion, target, used, settings)
    warnings += root_warnings
    scales = posed_scales(target, [each.bone for each in wanted])
    yield 0.0
    with _free_to_move(target, used, wanted) as muted:
        warnings += set_properties(target, used.properties)
        channels: list[Channels] = []
        steps = solve_channels_in_steps(target, wanted, used.neutral, scales)
        while True:
            with isolated_scene([target], frames=(frames[0], frames[-1])):
                try:
                    done = next(steps)
                except StopIteration as end:
                    channels = end.value
                    break
            yield done
    if muted:
        warnings.append(f"{target.name}: muted {len(muted)} constraints or drivers that would override the keys")
    action = new_action(target, data_name(target.name, f"_{source.name}"))
    write_channels(action, target, channels, frames, tolerance)
    key_properties(action, target, used.properties, frames[0])
    if CAPTURE_START in source:  # for files that are in step with the captured body's
        target[CAPTURE_START] = source[CAPTURE_START]
    warnings += obstacles_to_playing(target)
    show_present_frame([target])
    return Retargeted(action, tuple(warnings))


def source_frames(source: bpy.types.Object) -> range:
    """Frames of the source's motion.

    Raises:
        PoseNet3DError: it is not a captured armature, or has no motion.
    """
    if source.type != "ARMATURE" or missing_bones(source):
        raise PoseNet3DError(f"{source.name}: it lacks SMPL's bones; choose a captured armature")
    return played_frames(source)


def _wanted(
    motion: SourceMotion, target: bpy.types.Object, bone_map: BoneMap, settings: RetargetSettings
) -> tuple[list[WantedTransform], list[str]]:
    rig = read_rig(target)
    skeleton = find_skeleton(rig, bone_map)
    warnings = []
    move_root = settings.root_motion == "ground"
    if move_root and (bone_map.root is None or bone_map.root not in rig.ancestors(bone_map.bones["pelvis"])):
        warnings.append(f"{target.name}: it has no root bone above its hips; the hips carry the path")
    pose = solve(motion, skeleton, settings, hand_ends(rig, bone_map, skeleton))
    wanted = wanted_transforms(pose, rig, bone_map, move_root)
    if motion.fingers:
        wanted += finger_transforms(motion.fingers, pose, rig, bone_map)
    return wanted, warnings


@contextmanager
def _free_to_move(
    target: bpy.types.Object, bone_map: BoneMap, wanted: list[WantedTransform]
) -> Iterator[list[bpy.types.Constraint | bpy.types.FCurve]]:
    """Mute what would override the keys and take the action off, so that nothing but the channels poses the rig.

    On an error, or when the work is closed early, all of it is undone.
    """
    blockers = blocking_animation(target, [each.bone for each in wanted])
    modes = {name: target.pose.bones[name].rotation_mode for name in bone_map.rotation_modes}
    values = {(each.bone, each.name): target.pose.bones[each.bone].get(each.name) for each in bone_map.properties}
    animation = target.animation_data
    action, slot = (animation.action, getattr(animation, "action_slot", None)) if animation else (None, None)
    use_nla = animation.use_nla if animation else True
    try:
        for blocker in blockers:
            blocker.mute = True
        for name, mode in bone_map.rotation_modes.items():
            target.pose.bones[name].rotation_mode = mode
        if animation:
            animation.action, animation.use_nla = None, False
        yield blockers
    except BaseException:
        for blocker in blockers:
            blocker.mute = False
        for name, mode in modes.items():
            target.pose.bones[name].rotation_mode = mode
        for (bone, name), value in values.items():
            if value is not None:
                target.pose.bones[bone][name] = value
        raise
    finally:
        if animation:
            animation.use_nla = use_nla
            animation.action = action
            if slot:
                animation.action_slot = slot
