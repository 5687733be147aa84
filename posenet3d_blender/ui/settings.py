"""Settings of the panel, saved with the scene. The defaults suit a phone clip."""

from __future__ import annotations

from pathlib import Path

import bpy

from ..scene.paths import path_to_store
from .devices import device_items
from .options import CaptureOptions


class POSENET3D_PG_settings(CaptureOptions, bpy.types.PropertyGroup):
    """Settings of the next capture, and the take that is shown"""

    # Blender reads properties from annotations, where a type checker expects types
    device: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Device", description="Device that runs the networks", items=device_items
    )
    take: bpy.props.PointerProperty(  # type: ignore[valid-type]
        name="Take", description="The take that the panel shows and acts on", type=bpy.types.Collection
    )

    def choose_footage(self, path: Path | str) -> None:
        """Capture from this footage; a file of 2D joints of other footage is forgotten."""
        former, self.footage = self.video, path_to_store(path)
        if self.video != former:
            self.keypoints = ""


def settings_of(scene: bpy.types.Scene) -> POSENET3D_PG_settings:
    """The settings of a scene."""
    settings: POSENET3D_PG_settings = scene.posenet3d
    return settings


def register() -> None:
    """Add the settings to Blender's scene type."""
    bpy.utils.register_class(POSENET3D_PG_settings)
    bpy.types.Scene.posenet3d = bpy.props.PointerProperty(type=POSENET3D_PG_settings)


def unregister() -> None:
    """Remove them from it."""
    del bpy.types.Scene.posenet3d
    bpy.utils.unregister_class(POSENET3D_PG_settings)
