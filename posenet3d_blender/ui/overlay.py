"""The overlay: the captured body over its footage, through the solved camera, in the view in which it is asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

import bpy

from ..scene.skin import skin_meshes
from ..scene.timeline import scene_rate, set_rate
from .takes import current_take, people_of, take_of, takes_in
from .view_state import ViewState, frame_camera, isolate, leave_isolation

_RENDER: Final = (("resolution_x", "resolution_y", "resolution_percentage"), ("fps", "fps_base"))
_FRAMES: Final = (("frame_start", "frame_end"), ("frame_current",))
"""Settings of a scene and of its render that are given back together."""
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
    take: bpy.props.PointerProperty(  # type: ignore[valid-type]
        name="Take", description="The take that was shown last", type=bpy.types.Collection
    )
    scene_before: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Scene Before", description="Settings of the scene before the overlay; empty: nothing is to be given back"
    )
    scene_shown: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Scene Shown", description="Settings that the overlay gave the scene; others are the user's since"
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
            space, camera = context.space_data, take_of(take).camera
            # Unknown in a file that was saved while the overlay was shown.
            _views.setdefault(
                space.as_pointer(), ViewState(camera=camera.session_uid, is_camera_local=space.use_local_camera)
            )
            leave_overlay(context.scene)
        else:
            show_overlay(context, take)
        return {"FINISHED"}


class POSENET3D_OT_leave_overlay(bpy.types.Operator):
    """Give the scene its own settings back, show everything again, and leave the view where it was turned to"""

    bl_idname = "posenet3d.leave_overlay"
    bl_label = "Leave Overlay"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return bool(overlay_of(context.scene).scene_before)

    def execute(self, context: bpy.types.Context) -> set[str]:
        leave_overlay(context.scene)
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
    # An overlay that was left by turning the view, or that shows another take.
    _restore_view(context)
    _restore_scene(scene)
    _views[space.as_pointer()] = former = ViewState.of(space)
    before = _scene_settings(scene)
    _take_format(scene, take)
    choices.take = take
    choices.scene_before, choices.scene_shown = json.dumps(before), json.dumps(_scene_settings(scene))
    former.look_through(space, scene, take_of(take).camera)
    if choices.isolate:
        isolate(context, [*take.objects], former)
    fade(people_of(take), choices.opacity)
    frame_camera(context)


def leave_overlay(scene: bpy.types.Scene) -> None:
    """Give a scene and its views back what they had, as far as nobody changed it since."""
    for context in _contexts_of(scene):
        _restore_view(context)
    _restore_scene(scene)


def leave_overlays_of(take: bpy.types.Collection) -> None:
    """Leave the overlay wherever it shows a take, which is about to be deleted."""
    for scene in bpy.data.scenes:
        if overlay_of(scene).take == take and overlay_of(scene).scene_before:
            leave_overlay(scene)


def fade(people: Sequence[bpy.types.Object], opacity: float) -> None:
    """Set the opacity of bodies in solid shading."""
    for person in people:
        for skin in skin_meshes([person]):
            for material in filter(None, skin.data.materials):
                material.diffuse_color[3] = opacity


def people_of_all(scene: bpy.types.Scene) -> list[bpy.types.Object]:
    """Everyone of every take of a scene."""
    return [person for take in takes_in(scene) for person in people_of(take)]


def _contexts_of(scene: bpy.types.Scene) -> Iterator[bpy.types.Context]:
    """The context in each 3D view of a scene."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas if window.scene == scene else ():
            region = next((one for one in area.regions if one.type == "WINDOW"), None)
            if area.type == "VIEW_3D" and region is not None:
                with bpy.context.temp_override(window=window, area=area, region=region):
                    yield bpy.context


def _restore_view(context: bpy.types.Context) -> None:
    space = context.space_data
    former = _views.pop(space.as_pointer(), None)
    if former is not None:
        leave_isolation(context, former)
        former.restore(space, context.scene)


def _restore_scene(scene: bpy.types.Scene) -> None:
    """Give back each group of settings that is still as the overlay set it."""
    choices = overlay_of(scene)
    fade(people_of_all(scene), 1.0)
    if not choices.scene_before:
        return
    present = _scene_settings(scene)
    before = present | json.loads(choices.scene_before)
    # A file that an earlier version saved does not say what was shown: all is given back.
    shown = json.loads(choices.scene_shown) if choices.scene_shown else dict(present)
    if choices.take:  # an update changes the range of its take, and of the scene
        remembered = take_of(choices.take)
        shown |= {"frame_start": remembered.first_frame, "frame_end": remembered.last_frame}
    for owner, groups in ((scene.render, _RENDER), (scene, _FRAMES)):
        for names in groups:
            if all(present[name] == shown[name] for name in names):
                for name in names:
                    if present[name] != before[name]:  # setting the frame evaluates the scene
                        setattr(owner, name, before[name])
    choices.take, choices.scene_before, choices.scene_shown = None, "", ""


def _scene_settings(scene: bpy.types.Scene) -> dict[str, Any]:
    owners = ((scene.render, _RENDER), (scene, _FRAMES))
    return {name: getattr(owner, name) for owner, groups in owners for names in groups for name in names}


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


@bpy.app.handlers.persistent
def _forget_views(*_: object) -> None:
    _views.clear()  # those of another file may lie at the same addresses


_register_classes, _unregister_classes = bpy.utils.register_classes_factory(
    (POSENET3D_PG_overlay, POSENET3D_OT_overlay, POSENET3D_OT_leave_overlay)
)


def register() -> None:
    """Register the operator, and the choices on Blender's scene type."""
    _register_classes()
    bpy.types.Scene.posenet3d_overlay = bpy.props.PointerProperty(type=POSENET3D_PG_overlay)
    bpy.app.handlers.load_pre.append(_forget_views)


def unregister() -> None:
    """Unregister them."""
    bpy.app.handlers.load_pre.remove(_forget_views)
    del bpy.types.Scene.posenet3d_overlay
    _views.clear()
    _unregister_classes()
