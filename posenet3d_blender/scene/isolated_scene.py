"""A temporary scene for an export, so that the file holds nothing else and the user's scene stays as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Final

import bpy

from .played_frames import exported_frames
from .posable import posable

_PLACE: Final = ("location", "rotation_euler", "rotation_quaternion", "rotation_axis_angle", "scale")
"""Properties of objects and pose bones."""


@contextmanager
def isolated_scene(
    armatures: Sequence[bpy.types.Object],
    others: Sequence[bpy.types.Object] = (),
    frames: tuple[int, int] | None = None,
    name: str = "",
    is_posed: bool = True,
) -> Iterator[bpy.types.Scene]:
    """Make a scene of only these objects the context's scene, with the same frame rate.

    Args:
        armatures: at least one.
        others: skins and cameras.
        frames: first and last frame of the scene; None: those of `exported_frames`.
        name: of the scene; empty: the first armature's.
        is_posed: the armatures play their motion there, though they may be hidden or at rest in the user's scene.
    """
    user_scene = bpy.context.scene
    scene = bpy.data.scenes.new(name or armatures[0].name)
    shown = ExitStack()
    try:
        if is_posed:
            for armature in armatures:
                shown.enter_context(posable(armature))
        scene.render.fps, scene.render.fps_base = user_scene.render.fps, user_scene.render.fps_base
        scene.frame_start, scene.frame_end = frames or exported_frames(armatures)
        for exported in (*armatures, *others):
            scene.collection.objects.link(exported)
        with bpy.context.temp_override(scene=scene, view_layer=scene.view_layers[0]):
            scene.frame_set(scene.frame_start)
            yield scene
    finally:
        bpy.data.scenes.remove(scene)
        shown.close()
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
