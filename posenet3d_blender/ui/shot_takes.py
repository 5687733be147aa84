"""Takes of several shots of one footage in one scene: shown one after the other, and taken back together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import bpy

from ..scene.skin import skin_meshes
from ..scene.visibility import key_visibility
from .results import stored_motion
from .takes import captured_options, people_of, take_of, takes_in

if TYPE_CHECKING:
    from ..capture.pipeline import CapturedShot

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


def show_one_after_the_other(takes: Sequence[bpy.types.Collection], shots: Sequence[bpy.types.Collection]) -> None:
    """Hide each person's body outside of their own frames, for as long as any of the shots, which are takes, lasts."""
    last_frame = max(take_of(shot).last_frame for shot in shots)
    for take in takes:
        for person in people_of(take):
            for skin in skin_meshes([person]):
                former = skin.animation_data.action if skin.animation_data else None
                if former:  # of people who come or go within their own shot
                    skin.animation_data.action = None
                    bpy.data.actions.remove(former)
                key_visibility(skin, _span(person), (take_of(take).first_frame, last_frame))


def shots_with(scene: bpy.types.Scene, take: bpy.types.Collection) -> list[bpy.types.Collection]:
    """The takes of the scene that were captured together with this one, and itself."""
    own = take_of(take)
    if not own.is_one_of_several:
        return [take]
    several = [one for one in takes_in(scene) if take_of(one).is_one_of_several]
    key = captured_options(take).footage, own.first_frame
    return [one for one in several if (captured_options(one).footage, take_of(one).first_frame) == key]


def starting_at(shot: CapturedShot, start: float) -> CapturedShot:
    """The shot in a scene that starts at a time of the footage, seconds."""
    return replace(shot, motions=tuple(replace(motion, scene_start=start) for motion in shot.motions))


def in_step_with_others(shot: CapturedShot, take: bpy.types.Collection) -> CapturedShot:
    """The shot where the take that it updates lies, if that was captured with other shots.

    One that begins before the scene of these shots starts at the take's first frame.
    """
    people = people_of(take)
    former = stored_motion(people[0]).scene_start if people and take_of(take).is_one_of_several else None
    if former is None:
        return shot
    return starting_at(shot, min(former, *(float(motion.time[0]) for motion in shot.motions)))


def _span(person: bpy.types.Object) -> tuple[int, int]:
    first, last = person.posenet3d.action.frame_range
    return round(first), round(last)
