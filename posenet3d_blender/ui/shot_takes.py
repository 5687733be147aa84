"""Takes of several shots of one footage in one scene: shown one after the other, and taken back together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import bpy

from ..scene.skin import skin_meshes
from ..scene.visibility import key_visibility
from .takes import people_of

_RENDER: Final = ("fps", "fps_base", "resolution_x", "resolution_y", "resolution_percentage")
_SCENE: Final = ("frame_start", "frame_end", "camera")


@dataclass(frozen=True)
class SceneSettings:
    """Settings of a scene that a capture may change."""

    render: dict[str, Any]
    scene: dict[str, Any]
    frame: int

    @staticmethod
    def of(scene: bpy.types.Scene) -> SceneSettings:
        """As they are now."""
        render = {name: getattr(scene.render, name) for name in _RENDER}
        return SceneSettings(render, {name: getattr(scene, name) for name in _SCENE}, scene.frame_current)

    def restore(self, scene: bpy.types.Scene) -> None:
        """Give them back to the scene."""
        for name, value in self.render.items():
            setattr(scene.render, name, value)
        for name, value in self.scene.items():
            setattr(scene, name, value)
        if scene.frame_current != self.frame:
            scene.frame_set(self.frame)


def show_one_after_the_other(takes: Sequence[bpy.types.Collection]) -> None:
    """Hide each person's body outside of their own frames, from the first to the last frame of all the takes."""
    spans = {person: _span(person) for take in takes for person in people_of(take)}
    whole = min(first for first, _ in spans.values()), max(last for _, last in spans.values())
    for person, span in spans.items():
        for skin in skin_meshes([person]):
            former = skin.animation_data.action if skin.animation_data else None
            if former:  # of people who come or go within their own shot
                skin.animation_data_clear()
                bpy.data.actions.remove(former)
            key_visibility(skin, span, whole)


def _span(person: bpy.types.Object) -> tuple[int, int]:
    first, last = person.posenet3d.action.frame_range
    return round(first), round(last)
