"""The chosen characters around a capture: refused before it, keyed after it."""

from __future__ import annotations

from collections.abc import Sequence

import bpy

from ..errors import PoseNet3DError
from ..scene.incremental import Steps
from ..scene.retarget.check_target import check_target
from ..scene.retarget.retarget import retarget_in_steps
from .character_settings import chosen_characters, retarget_settings


def check_chosen(scene: bpy.types.Scene) -> None:
    """Check the chosen characters before a capture.

    Raises:
        PoseNet3DError: one is unsuitable; one line with the reason.
    """
    for character in chosen_characters(scene):
        if character:
            check_target(character.target, character.bone_map, scene)


def retarget_people(scene: bpy.types.Scene, armatures: Sequence[bpy.types.Object]) -> Steps[list[str]]:
    """Retarget each captured person to the chosen character in steps; sentences where something is doubtful."""
    warnings: list[str] = []
    settings = retarget_settings(scene)
    for armature, character in zip(armatures, chosen_characters(scene), strict=False):
        if character is None:
            continue
        try:
            check_target(character.target, character.bone_map, scene)
            retargeted = yield from retarget_in_steps(
                armature, character.target, character.bone_map, settings.choices, settings.tolerance
            )
            warnings += retargeted.warnings
        except PoseNet3DError as error:
            warnings.append(str(error))
    return warnings
