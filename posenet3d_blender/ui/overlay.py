"""The overlay: the captured body over its footage, through the solved camera, in the view in which it is asked for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import bpy

from ..scene.skin import skin_meshes
from ..scene.timeline import scene_rate, set_rate
from .takes import current_take, people_of, take_of, takes_in
from .view_state import ViewState, frame_camera, isolate, leave_isolation

_RENDER: Final = ("resolution_x", "resolution_y", "resolution_percentage", "fps", "fps_base")
_views: dict[int, ViewState] = {}
"""By the address of the 3D view's space: its state before the overlay."""


def _fade_again(_choices: bpy.types.PropertyGroup, context: bpy.types.Context) -> None:
    """Apply the chosen opacity where the overlay is shown."""
    take = current_take(context)
    in_view = getattr(context.space_data, "type", "") == "VIEW_3D"
    if take and in_view and is_overlay_shown(context):
        fade(people_of(take), overlay_of(context.scene).opacity)


class POSENET3D_PG_overlay(bpy.types.PropertyGroup):
    """Choices of the overlay"""

    # Blender reads properties from annotations, where a type checker expects types
    opacity: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Body",
        description="Opacity of the body in the overlay, so that the person behind it can be seen; in solid shading",
        subtype="FACTOR",
        default=0.5,
        min=0.0,
        max=1.0,
        update=_fade_again,
    )
    isolate: bpy.props.BoolProperty(  # type: ignore[valid-type]
        name="Only This Take",
        description="Hide everything else in this view while the overlay is shown",
        default=True,
    )
    scene_before: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Scene Before", description="Settings of the scene before the overlay, which it gives back"
    )


class POSENET3D_OT_overlay(bpy.types.Operator):
    """View the body over the footage through the solved camera, or leave that view"""

    bl_idname = "posenet3d.overlay"
    bl_label = "Show Overlay"
    bl_description = (
        "View the body over the footage through the solved camera, with the size, rate and range of this take, or "
        "leave that view and give the scene its own settings back"
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        take = current_take(context)
        in_view = context.area is not None and context.area.type == "VIEW_3D"
        return in_view and take is not None and take_of(take).camera is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        take = current_take(context)
        if take is None:
            return {"CANCELLED"}
        if is_overlay_shown(context):
            hide_overlay(context, take)
        else:
            show_overlay(context, take)
        return {"FINISHED"}


def overlay_of(scene: bpy.types.Scene) -> POSENET3D_PG_overlay:
    """The choices of a scene."""
    overlay: POSENET3D_PG_overlay = scene.posenet3d_overlay
    return overlay


def is_overlay_shown(context: bpy.types.Context) -> bool:
    """True if this 3D view looks through the camera of the current take."""
    take = current_take(context)
    space = context.space_data
    if take is None or space.region_3d is None:
        return False
    camera = space.camera if space.use_local_camera else context.scene.camera
    return space.region_3d.view_perspective == "CAMERA" and camera is not None and camera == take_of(take).camera


def show_overlay(context: bpy.types.Context, take: bpy.types.Collection) -> None:
    """Set the scene to the take's format, and the view to its camera."""
    scene, space, choices = context.scene, context.space_data, overlay_of(context.scene)
    former = _views.get(space.as_pointer())
    if former is None:
        _views[space.as_pointer()] = former = ViewState.of(space)
    leave_isolation(context, former)
    if not choices.scene_before:
        choices.scene_before = json.dumps(_scene_settings(scene))
    fade(people_of_all(scene), 1.0)
    _take_format(scene, take)
    space.use_local_camera = scene.camera != take_of(take).camera
    if space.use_local_camera:
        space.camera = take_of(take).camera
    space.region_3d.view_perspective = "CAMERA"
    if choices.isolate:
        isolate(context, [*take.objects], former)
    fade(people_of(take), choices.opacity)
    frame_camera(context)


def hide_overlay(context: bpy.types.Context, take: bpy.types.Collection) -> None:
    """Give view and scene back what they had, as far as nobody changed it since."""
    scene, space, choices = context.scene, context.space_data, overlay_of(context.scene)
    former = _views.pop(space.as_pointer(), None) or ViewState()
    leave_isolation(context, former)
    former.restore(space)
    fade(people_of(take), 1.0)
    if choices.scene_before:
        _restore_scene(scene, json.loads(choices.scene_before), take)
        choices.scene_before = ""


def fade(people: Sequence[bpy.types.Object], opacity: float) -> None:
    """Set the opacity of bodies in solid shading."""
    for person in people:
        for skin in skin_meshes([person]):
            for material in filter(None, skin.data.materials):
                material.diffuse_color[3] = opacity


def people_of_all(scene: bpy.types.Scene) -> list[bpy.types.Object]:
    """Everyone of every take of a scene."""
    return [person for take in takes_in(scene) for person in people_of(take)]


def _scene_settings(scene: bpy.types.Scene) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(scene.render, name) for name in _RENDER}
    return values | {"frame_start": scene.frame_start, "frame_end": scene.frame_end}


def _take_format(scene: bpy.types.Scene, take: bpy.types.Collection) -> None:
    remembered = take_of(take)
    if all(remembered.image_size):
        scene.render.resolution_x, scene.render.resolution_y = remembered.image_size
        scene.render.resolution_percentage = 100
    if remembered.rate > 0 and abs(scene_rate(scene) - remembered.rate) > 1e-3:
        set_rate(scene, remembered.rate)
    scene.frame_start, scene.frame_end = remembered.first_frame, remembered.last_frame
    if not scene.frame_start <= scene.frame_current <= scene.frame_end:
        scene.frame_set(scene.frame_start)


def _restore_scene(scene: bpy.types.Scene, before: dict[str, Any], take: bpy.types.Collection) -> None:
    shown = _scene_settings(scene)
    remembered = take_of(take)
    if (shown["resolution_x"], shown["resolution_y"]) == tuple(remembered.image_size):
        for name in _RENDER[:3]:
            setattr(scene.render, name, before[name])
    if abs(scene_rate(scene) - remembered.rate) < 1e-3:
        scene.render.fps, scene.render.fps_base = before["fps"], before["fps_base"]
    if (shown["frame_start"], shown["frame_end"]) == (remembered.first_frame, remembered.last_frame):
        scene.frame_start, scene.frame_end = before["frame_start"], before["frame_end"]


_register_classes, _unregister_classes = bpy.utils.register_classes_factory(
    (POSENET3D_PG_overlay, POSENET3D_OT_overlay)
)


def register() -> None:
    """Register the operator, and the choices on Blender's scene type."""
    _register_classes()
    bpy.types.Scene.posenet3d_overlay = bpy.props.PointerProperty(type=POSENET3D_PG_overlay)


def unregister() -> None:
    """Unregister them."""
    del bpy.types.Scene.posenet3d_overlay
    _views.clear()
    _unregister_classes()
