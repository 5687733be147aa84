"""Settings of the panel, saved with the scene. The defaults suit a phone clip."""

from __future__ import annotations

from pathlib import Path

import bpy

from .devices import device_items


class POSENET3D_PG_settings(bpy.types.PropertyGroup):
    """Settings of the next capture"""

    # Blender reads properties from annotations, where a type checker expects types
    footage: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Footage", description="The video to capture from; the whole person should be in view", subtype="FILE_PATH"
    )
    start: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Start",
        description="Time in the footage at which the capture begins, seconds",
        min=0.0,
        precision=2,
        step=10,
    )
    end: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="End",
        description="Time in the footage at which the capture ends, seconds; 0 is the end of the footage",
        min=0.0,
        precision=2,
        step=10,
    )
    person: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Person",
        description="Person to capture when several are in view",
        items=(
            ("largest", "Largest", "The person who fills most of the image"),
            ("longest", "Longest in View", "The person who is visible for the longest time"),
            ("all", "Everyone", "One armature for each person"),
            ("number", "By Number", "One of the people found, counted from the left of the image"),
        ),
    )
    person_number: bpy.props.IntProperty(  # type: ignore[valid-type]
        name="Number",
        description="The person's number, counted from the left at each person's first frame",
        min=1,
        default=1,
    )
    quality: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Quality",
        description="Accuracy of the 2D tracking",
        items=(
            ("heavy", "Best", "The most accurate; about ten frames per second on a laptop"),
            ("full", "Fast", "Three times as fast, less stable in difficult views"),
        ),
    )
    device: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Device", description="Device that runs the networks", items=device_items
    )
    field_of_view: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Field of View",
        description="Of the camera, in degrees along the longer side of the image; 0 reads it from the video's "
        "metadata, or else assumes a phone",
        min=0.0,
        max=170.0,
        precision=1,
        step=100,
    )
    smoothing: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Smoothing",
        description="Seconds; motion faster than this counts as jitter and is smoothed. 0 keeps everything",
        default=0.1,
        min=0.0,
        max=1.0,
        precision=2,
        step=1,
    )
    foot_lock: bpy.props.BoolProperty(  # type: ignore[valid-type]
        name="Foot Lock",
        description="Keep feet that rest on the floor in place; turn it off for skating or sliding",
        default=True,
    )
    target: bpy.props.PointerProperty(  # type: ignore[valid-type]
        name="Target",
        description="An armature with the same bone names that receives the motion too; empty: the new armature only",
        type=bpy.types.Object,
        poll=lambda _settings, candidate: candidate.type == "ARMATURE",
    )
    latest: bpy.props.PointerProperty(  # type: ignore[valid-type]
        name="Latest Capture", description="The armature of the last capture", type=bpy.types.Object
    )

    @property
    def video(self) -> Path:
        """Absolute path of the footage."""
        return Path(bpy.path.abspath(self.footage))

    @property
    def time_range(self) -> tuple[float | None, float | None]:
        """Start and end, seconds; None: of the footage."""
        return self.start or None, self.end or None

    @property
    def chosen_person(self) -> str:
        """The person as `CaptureSettings.person` takes it."""
        return str(self.person_number) if self.person == "number" else self.person


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
