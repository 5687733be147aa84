"""Checks of a character before the long work: an unsuitable one is refused with one line."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np

from ...errors import PoseNet3DError
from ...retargeting.bone_map import BoneMap
from ...retargeting.map_file import load_map
from ...retargeting.recognise import Recognition, check_map, recognise
from ...retargeting.skeleton import find_skeleton
from .read_rig import read_rig


def check_target(
    target: bpy.types.Object | None, bone_map: BoneMap | Path | None = None, scene: bpy.types.Scene | None = None
) -> Recognition:
    """Check that a character can receive a motion, and find its bones.

    Args:
        target: armature object.
        bone_map: a map or its file, which wins over recognition; None: recognise the rig.
        scene: that the motion is for; None: any.

    Returns:
        The map with sentences on what was guessed.

    Raises:
        PoseNet3DError: one line with the reason and what to do.
    """
    if target is None:
        raise PoseNet3DError("no character is chosen; choose an armature")
    _check_object(target, scene)
    if isinstance(bone_map, Path):
        bone_map = load_map(bone_map)
    rig = read_rig(target)
    if not rig.names:
        raise PoseNet3DError(f"{target.name}: it has no bones; choose another armature")
    try:
        found = Recognition(bone_map) if bone_map else recognise(rig)
        check_map(found.bone_map, rig)
        warnings = find_skeleton(rig, found.bone_map).frame.warnings
        if target.matrix_world.determinant() < 0:
            warnings += ("a negative scale mirrors it, and its motion; apply the scale",)
    except PoseNet3DError as error:
        raise PoseNet3DError(f"{target.name}: {error}") from error
    _check_bones(target, found.bone_map)
    return Recognition(found.bone_map, (*found.warnings, *(f"{target.name}: {warning}" for warning in warnings)))


def _check_object(target: bpy.types.Object, scene: bpy.types.Scene | None) -> None:
    name = target.name
    if target.type != "ARMATURE":
        armature = target.find_armature() if target.type == "MESH" else None
        advice = f"choose its armature {armature.name}" if armature else "choose an armature"
        raise PoseNet3DError(f"{name}: not an armature; {advice}")
    check_writable(target)
    if scene and target.name not in scene.objects:
        raise PoseNet3DError(f"{name}: it is not in this scene; link it to the scene {scene.name} first")
    scale = np.abs(target.matrix_world.to_scale())
    if scale.min() < 1e-9 or scale.max() / scale.min() > 1.01:
        raise PoseNet3DError(f"{name}: its scale differs between axes; apply the scale first")


def check_writable(target: bpy.types.Object) -> None:
    """Check that an armature's animation can be changed.

    Raises:
        PoseNet3DError: it is linked, or in a mode that keeps keys out.
    """
    name = target.name
    if target.library:
        raise PoseNet3DError(f"{name}: it is linked from another file; make a library override of it first")
    if target.override_library and target.override_library.is_system_override:
        raise PoseNet3DError(f"{name}: its library override is locked; make the override editable first")
    if target.mode == "EDIT":
        raise PoseNet3DError(f"{name}: it is in edit mode; leave edit mode first")
    if target.animation_data and target.animation_data.use_tweak_mode:
        raise PoseNet3DError(f"{name}: one of its strips is in tweak mode; leave tweak mode in the NLA editor first")


def _check_bones(target: bpy.types.Object, bone_map: BoneMap) -> None:
    for control in bone_map.keyed():
        if (control.location or control.pole) and target.data.bones[control.bone].use_connect:
            raise PoseNet3DError(
                f"{target.name}: its bone {control.bone} can't move; disconnect it from its parent in edit mode"
            )
