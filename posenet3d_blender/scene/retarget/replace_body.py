"""The user's characters in place of the captured bodies, for files that hold nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import bpy

from ...progress import Warn
from ...retargeting.settings import RetargetSettings
from ..names import data_name
from ..skin import skin_meshes
from .append import append_armature
from .retarget import retarget


class CharacterFile(Protocol):
    """A character in a .blend file."""

    @property
    def file(self) -> Path:
        """The .blend file."""

    @property
    def name(self) -> str:
        """Of the armature object."""

    @property
    def bone_map(self) -> Path | None:
        """File of its bone map; None: the rig is recognised."""


def replace_bodies(
    sources: Sequence[bpy.types.Object],
    characters: Sequence[CharacterFile],
    root: str,
    warn: Warn,
) -> list[bpy.types.Object]:
    """Append a character for each source, retarget, and remove the sources with their skins.

    Args:
        sources: captured armatures.
        characters: in the order of the people; the last one serves all further people.
        root: that carries the motion, one of `build_options.ROOT_CHOICES`.
        warn: called with one sentence where something was guessed or muted.

    Raises:
        PoseNet3DError: a character is unsuitable.
    """
    targets = []
    names = [source.name for source in sources]
    _free_names(sources)
    for number, (source, name) in enumerate(zip(sources, names, strict=True)):
        character = characters[min(number, len(characters) - 1)]
        target = append_armature(character.file, character.name)
        settings = RetargetSettings(root_motion=root)
        retargeted = retarget(source, target, character.bone_map, settings)
        retargeted.action.name = data_name(target.name, f"_{name}")
        for warning in retargeted.warnings:
            warn(warning)
        targets.append(target)
    bpy.data.batch_remove([*sources, *skin_meshes(sources)])
    return targets


def _free_names(sources: Sequence[bpy.types.Object]) -> None:
    """Give captured armatures, skins and what these hold other names, so that characters keep theirs."""
    objects = [*sources, *skin_meshes(sources)]
    actions = [source.animation_data.action for source in sources if source.animation_data]
    materials = [slot.material for one in objects for slot in one.material_slots]
    for used in filter(None, (*objects, *(one.data for one in objects), *actions, *dict.fromkeys(materials))):
        used.name = data_name(used.name, "_captured")
