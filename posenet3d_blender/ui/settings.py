"""What the user chooses in the panel; saved with the scene. The defaults suit a phone clip."""

from __future__ import annotations

from pathlib import Path

import bpy

from .devices import device_items


class POSENET3D_PG_settings(bpy.types.PropertyGroup):
    """The choices for the next capture"""

    # Blender reads properties from annotations, where a type checker wants types
    footage: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Footage", description="The video to capture from; the whole person should be in view", subtype="FILE_PATH"
    )
    start: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Start", description="Where in the footage the capture begins, seconds", min=0.0, precision=2, step=10
    )
    end: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="End",
        description="Where in the footage the capture ends, seconds; 0 is the footage's own end",
        min=0.0,
        precision=2,
        step=10,
    )
    person: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Person",
        description="Who is captured when several people are in view",
        items=(
            ("largest", "Largest", "The person who takes up most of the picture"),
            ("longest", "Longest in View", "The person who is seen for the longest time"),
            ("all", "Everyone", "One armature for each person"),
            ("number", "By Number", "One of the people found, counted from the left of the picture"),
        ),
    )
    person_number: bpy.props.IntProperty(  # type: ignore[valid-type]
        name="Number", description="Which person, counted from the left where each is first seen", min=1, default=1
    )
    quality: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Quality",
        description="How carefully the body is followed through the footage",
        items=(
            ("heavy", "Best", "The surest; on a laptop about ten frames a second"),
            ("full", "Fast", "Three times as fast, less steady in hard views"),
        ),
    )
    device: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Device", description="What the networks run on", items=device_items
    )
    field_of_view: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Field of View",
        description="Of the camera, in degrees along the picture's longer side; 0 takes it from the file, or else "
        "what phones have",
        min=0.0,
        max=170.0,
        precision=1,
        step=100,
    )
    smoothing: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Smoothing",
        description="Seconds; moves quicker than this count as flicker and are calmed. 0 keeps everything",
        default=0.1,
        min=0.0,
        max=1.0,
        precision=2,
        step=1,
    )
    foot_lock: bpy.props.BoolProperty(  # type: ignore[valid-type]
        name="Foot Lock",
        description="Hold feet that rest on the floor in place; turn off for skating and dancing on slippery floors",
        default=True,
    )
    target: bpy.props.PointerProperty(  # type: ignore[valid-type]
        name="Target",
        description="An armature with the same bone names that gets the motion too; empty for the new armature only",
        type=bpy.types.Object,
        poll=lambda _settings, candidate: candidate.type == "ARMATURE",
    )
    latest: bpy.props.PointerProperty(  # type: ignore[valid-type]
        name="Latest Capture", description="The armature that was captured last", type=bpy.types.Object
    )

    @property
    def video(self) -> Path:
        return Path(bpy.path.abspath(self.footage))

    @property
    def span(self) -> tuple[float | None, float | None]:
        """Start and end, seconds; None is the footage's own."""
        return self.start or None, self.end or None

    @property
    def chosen_person(self) -> str:
        """As the capture wants it."""
        return str(self.person_number) if self.person == "number" else self.person


def settings_of(scene: bpy.types.Scene) -> POSENET3D_PG_settings:
    """The scene's choices."""
    return scene.posenet3d


def register() -> None:
    """Add the choices to Blender's scenes."""
    bpy.utils.register_class(POSENET3D_PG_settings)
    bpy.types.Scene.posenet3d = bpy.props.PointerProperty(type=POSENET3D_PG_settings)


def unregister() -> None:
    """Take them out again."""
    del bpy.types.Scene.posenet3d
    bpy.utils.unregister_class(POSENET3D_PG_settings)
