"""The user's characters in place of the captured bodies, for files that hold nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import bpy

from ..isolated_scene import skin_meshes
from .append import append_armature
from .check_target import check_target
from .retarget import retarget


def replace_bodies(
    sources: Sequence[bpy.types.Object],
    characters: Sequence[tuple[Path, str]],
    bone_map: Path | None,
    warn: Callable[[str], object],
) -> list[bpy.types.Object]:
    """Append a character for each source, retarget, and remove the sources with their skins.

    Args:
        sources: captured armatures.
        characters: file and object, in the order of the people; the last one serves all further people.
        bone_map: file; None: recognise each rig.
        warn: called with one sentence where something was guessed or muted.

    Raises:
        PoseNet3DError: a character is unsuitable.
    """
    targets = []
    for number, source in enumerate(sources):
        path, name = characters[min(number, len(characters) - 1)]
        target = append_armature(path, name)
        found = check_target(target, bone_map)
        for warning in retarget(source, target, found.bone_map).warnings:
            warn(warning)
        targets.append(target)
    bpy.data.batch_remove([*sources, *skin_meshes(sources)])
    return targets
