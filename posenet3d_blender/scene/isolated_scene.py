"""A temporary scene for an export, so that the file holds nothing else and the user's scene stays as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import bpy

from ..errors import PoseNet3DError
from .keys import CAPTURE_START

_PLACE: Final = ("location", "rotation_euler", "rotation_quaternion", "rotation_axis_angle", "scale")
"""Properties of objects and pose bones."""


@contextmanager
def isolated_scene(
    armatures: Sequence[bpy.types.Object],
    others: Sequence[bpy.types.Object] = (),
    frames: tuple[int, int] | None = None,
    name: str = "",
) -> Iterator[bpy.types.Scene]:
    """Make a scene of only these objects the context's scene, with the same frame rate.

    Its first and last frame are `frames`, or else those of `frame_range`; its name is `name`, or else the first
    armature's.
    """
    user_scene = bpy.context.scene
    scene = bpy.data.scenes.new(name or armatures[0].name)
    try:
        scene.render.fps, scene.render.fps_base = user_scene.render.fps, user_scene.render.fps_base
        scene.frame_start, scene.frame_end = frames or frame_range(armatures)
        for exported in (*armatures, *others):
            scene.collection.objects.link(exported)
        with bpy.context.temp_override(scene=scene, view_layer=scene.view_layers[0]):
            scene.frame_set(scene.frame_start)
            yield scene
    finally:
        bpy.data.scenes.remove(scene)
        show_present_frame((*armatures, *others))


def show_present_frame(animated: Sequence[bpy.types.Object]) -> None:
    """Evaluate these objects' animation at the scene's present frame.

    `Scene.frame_set` would evaluate everybody's, and so discard what the user has moved and not yet keyed.
    """
    for one in animated:
        one.update_tag(refresh={"OBJECT", "DATA", "TIME"})
    bpy.context.view_layer.update()


@contextmanager
def window_kept() -> Iterator[None]:
    """Let the window show its scene again afterwards, for an exporter that switches it.

    Switching evaluates the scene: places of objects and bones that were moved and not yet keyed are put back.
    """
    window = bpy.context.window
    if window is None:
        yield
        return
    scene = window.scene
    moved = [part for one in scene.objects for part in (one, *(one.pose.bones if one.pose else ()))]
    places = [(part, name, tuple(getattr(part, name))) for part in moved for name in _PLACE]
    try:
        yield
    finally:
        if window.scene != scene:
            window.scene = scene
        for part, name, place in places:
            if tuple(getattr(part, name)) != place:
                setattr(part, name, place)
        bpy.context.view_layer.update()


@contextmanager
def undeformed(meshes: Sequence[bpy.types.Object]) -> Iterator[None]:
    """Disable the meshes' armature modifiers: makes exporters that sample every frame 3 times faster."""
    modifiers = [modifier for mesh in meshes for modifier in mesh.modifiers if modifier.type == "ARMATURE"]
    visibility = [modifier.show_viewport for modifier in modifiers]
    try:
        for modifier in modifiers:
            modifier.show_viewport = False
        yield
    finally:
        for modifier, is_visible in zip(modifiers, visibility, strict=True):
            modifier.show_viewport = is_visible


def frame_range(armatures: Sequence[bpy.types.Object]) -> tuple[int, int]:
    """First and last frame to export: from the footage's start, before which nobody may be keyed, to the last key.

    For armatures that were not captured it is the first frame of the context's scene, if they are keyed later.

    Raises:
        PoseNet3DError: one of the armatures is not animated.
    """
    ranges = [span for armature in armatures for span in _animated_spans(armature)]
    scene_start = bpy.context.scene.frame_start
    starts = [armature.get(CAPTURE_START, scene_start) for armature in armatures]
    return round(min(*starts, *(start for start, _ in ranges))), round(max(end for _, end in ranges))


def _animated_spans(armature: bpy.types.Object) -> list[tuple[float, float]]:
    """First and last frame of the armature's action, and of each NLA strip that is not muted."""
    animation = armature.animation_data
    action = animation.action if animation else None
    spans = [(float(action.frame_range[0]), float(action.frame_range[1]))] if action else []
    for track in animation.nla_tracks if animation else ():
        if not track.mute:
            spans += [(strip.frame_start, strip.frame_end) for strip in track.strips if not strip.mute]
    if not spans:
        raise PoseNet3DError(f"{armature.name}: it has no motion to export; choose a captured take")
    return spans


def skin_meshes(armatures: Sequence[bpy.types.Object]) -> list[bpy.types.Object]:
    """Meshes parented to the armatures."""
    return [child for armature in armatures for child in armature.children if child.type == "MESH"]
