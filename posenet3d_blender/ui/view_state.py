"""State of a 3D view that the overlay changes and gives back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import bpy

_FRAMING: Final = ("view_camera_zoom", "view_camera_offset")
_PLACE: Final = ("view_location", "view_rotation", "view_distance", *_FRAMING)


@dataclass
class ViewState:
    """A 3D view before the overlay; the defaults are for a view that was saved while it was shown."""

    perspective: str = "PERSP"
    local_camera: str = ""
    """Name of the view's own camera; empty: it follows the scene's."""
    place: dict[str, Any] = field(default_factory=dict)
    """Direction and place of the view, and how it showed its camera, by the names of Blender's properties."""
    isolated: bool = False
    """The overlay put it into local view."""
    camera: int = 0
    """The overlay's camera: Blender's number of the object in this session."""
    is_camera_local: bool = False
    """The overlay made it the view's own camera; else it is the scene's."""

    @staticmethod
    def of(space: bpy.types.SpaceView3D) -> ViewState:
        """The view's present state."""
        own = space.camera.name if space.use_local_camera and space.camera else ""
        view = space.region_3d
        place = {name: _copied(getattr(view, name)) for name in _PLACE}
        return ViewState(view.view_perspective, own, place)

    def look_through(self, space: bpy.types.SpaceView3D, scene: bpy.types.Scene, camera: bpy.types.Object) -> None:
        """Look through the overlay's camera, as the view's own one unless it is the scene's."""
        self.camera, self.is_camera_local = camera.session_uid, scene.camera != camera
        space.use_local_camera = self.is_camera_local
        if self.is_camera_local:
            space.camera = camera
        space.region_3d.view_perspective = "CAMERA"

    def restore(self, space: bpy.types.SpaceView3D, scene: bpy.types.Scene) -> None:
        """Give the state back; a view that the user turned meanwhile stays where it is, with another camera too."""
        view = space.region_3d
        in_camera, is_ours = view.view_perspective == "CAMERA", self._has_our_camera(space, scene)
        if in_camera and not is_ours:
            return
        if is_ours:
            own = bpy.data.objects.get(self.local_camera) if self.local_camera else None
            space.use_local_camera = own is not None
            if own is not None:
                space.camera = own
        if in_camera:
            view.view_perspective = self.perspective
        for name, value in self.place.items():
            if in_camera or name in _FRAMING:
                setattr(view, name, value)

    def _has_our_camera(self, space: bpy.types.SpaceView3D, scene: bpy.types.Scene) -> bool:
        """True if the overlay's camera is still the view's, or was deleted."""
        camera = space.camera if self.is_camera_local else scene.camera
        is_same = camera is None or camera.session_uid == self.camera
        return space.use_local_camera == self.is_camera_local and is_same


def _copied(value: Any) -> Any:
    """A number, or the numbers of one of Blender's vectors."""
    return value if isinstance(value, float) else tuple(value)


def isolate(context: bpy.types.Context, objects: Sequence[bpy.types.Object], state: ViewState) -> None:
    """Show only these objects in the view, unless it shows a choice of the user's already; the selection stays."""
    space = context.space_data
    if space.local_view is not None or context.mode != "OBJECT":
        return
    view_layer = context.view_layer
    own = [one for one in objects if one.name in view_layer.objects and one.visible_get()]
    if not own:
        return
    with selection_kept(view_layer):
        _select(view_layer, own)
        _local_view(context)
    state.isolated = space.local_view is not None


def leave_isolation(context: bpy.types.Context, state: ViewState) -> None:
    """Show everything again, if `isolate` hid it."""
    if state.isolated and context.space_data.local_view is not None:
        with selection_kept(context.view_layer):
            _local_view(context)
    state.isolated = False


@contextmanager
def selection_kept(view_layer: bpy.types.ViewLayer) -> Iterator[None]:
    """Restore selected and active objects, those that the view hides too: Blender changes them with its local view."""
    selected, active = [one for one in view_layer.objects if one.select_get()], view_layer.objects.active
    try:
        yield
    finally:
        _select(view_layer, selected)
        view_layer.objects.active = active


def frame_camera(context: bpy.types.Context) -> None:
    """Fit the camera's frame into the part of the view that the sidebar leaves free."""
    region = _window_region(context)
    if region is None:
        return
    with context.temp_override(region=region):
        if bpy.ops.view3d.view_center_camera.poll():
            bpy.ops.view3d.view_center_camera()
    sidebar = next((one for one in context.area.regions if one.type == "UI"), None)
    overlaps = context.preferences.system.use_region_overlap
    if sidebar is None or not overlaps or sidebar.width <= 1 or sidebar.x + sidebar.width < region.x + region.width:
        return
    view = context.space_data.region_3d
    free = max(0.2, 1.0 - sidebar.width / region.width)
    view.view_camera_zoom = _zoom_of(_scale_of(view.view_camera_zoom) * free)
    view.view_camera_offset = (0.25 * (1.0 - free) / _scale_of(view.view_camera_zoom), 0.0)


def _scale_of(zoom: float) -> float:
    """Scale of the camera's frame by the view's zoom, as Blender has it."""
    return float((2**0.5 + zoom / 50.0) ** 2 / 4.0)


def _zoom_of(scale: float) -> float:
    return float((2.0 * scale**0.5 - 2**0.5) * 50.0)


def _select(view_layer: bpy.types.ViewLayer, objects: Sequence[bpy.types.Object]) -> None:
    for one in view_layer.objects:
        one.select_set(False)
    for one in objects:
        one.select_set(True)


def _local_view(context: bpy.types.Context) -> None:
    region = _window_region(context)
    with context.temp_override(region=region):
        if bpy.ops.view3d.localview.poll():
            bpy.ops.view3d.localview(frame_selected=False)


def _window_region(context: bpy.types.Context) -> bpy.types.Region | None:
    if context.area is None:
        return None
    return next((region for region in context.area.regions if region.type == "WINDOW"), None)
