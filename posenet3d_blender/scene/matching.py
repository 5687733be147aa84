"""Scenes that nobody has worked in yet, and the settings of a scene that a capture may set."""

from __future__ import annotations

from collections.abc import Sequence

import bpy

from ..build_options import SceneMatch
from ..camera import Camera
from ..motion import Motion
from .sound import strips_of
from .timeline import set_range, set_rate


def is_untouched(scene: bpy.types.Scene) -> bool:
    """True for a scene with Blender's factory settings of rate, range and size, and without animation.

    Rate, range and render size are what Blender's own startup file has. Animation is anything in time: keys, drivers
    or NLA strips of any object, of the objects' data or of the scene, timeline markers, strips in the sequencer.
    """
    return _has_factory_settings(scene) and not _is_animated(scene)


def match_scene(
    scene: bpy.types.Scene,
    match: SceneMatch,
    motions: Sequence[Motion],
    first_frame: int,
    camera: Camera | None,
    camera_object: bpy.types.Object | None,
) -> None:
    """Set what `match` names; camera and size only if there is a solved camera."""
    if match.rate:
        set_rate(scene, motions[0].frame_rate)
    if match.size and camera:
        scene.render.resolution_x, scene.render.resolution_y = camera.image_size
        scene.render.resolution_percentage = 100
    if match.camera and camera_object:
        scene.camera = camera_object
    if match.range:
        set_range(scene, motions, first_frame)


def frame_size(scene: bpy.types.Scene, match: SceneMatch, camera: Camera) -> tuple[float, float]:
    """Width and height of the camera's frame after `match_scene`, in any unit."""
    if match.size:
        return camera.image_size
    render = scene.render
    return render.resolution_x * render.pixel_aspect_x, render.resolution_y * render.pixel_aspect_y


def _has_factory_settings(scene: bpy.types.Scene) -> bool:
    render = scene.render
    properties = (
        (render, ("fps", "fps_base", "resolution_x", "resolution_y", "resolution_percentage")),
        (scene, ("frame_start", "frame_end")),
    )
    return all(
        getattr(owner, name) == owner.bl_rna.properties[name].default for owner, names in properties for name in names
    )


def _is_animated(scene: bpy.types.Scene) -> bool:
    if (
        scene.timeline_markers
        or _has_animation(scene)
        or (scene.sequence_editor and len(strips_of(scene.sequence_editor)))
    ):
        return True
    for item in scene.objects:
        shape_keys = getattr(item.data, "shape_keys", None)
        if any(_has_animation(part) for part in (item, item.data, shape_keys) if part):
            return True
    return False


def _has_animation(datablock: bpy.types.ID) -> bool:
    animation = getattr(datablock, "animation_data", None)
    return bool(animation and (animation.action or animation.nla_tracks or animation.drivers))
