"""Options of a capture: those of the next one in the panel, and those that a take was captured with."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import bpy

from ..camera import NARROWEST_VIEW, WIDEST_VIEW

_RELATIVE = {"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5) else set()
"""Option of paths that may be relative to the open file; before Blender 4.5 all were."""


class CaptureOptions:
    """Properties that the panel's settings and every take have; a mixin of property groups."""

    # Blender reads properties from annotations, where a type checker expects types
    footage: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Footage",
        description="The video to capture from, or one picture of an image sequence; the whole person should be in "
        "view",
        # Not FILE_PATH: the button that this would add opens a file browser that shows files of every kind.
    )
    start: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Start",
        description="Time in the footage at which the capture begins",
        min=0.0,
        precision=2,
        step=10,
        subtype="TIME_ABSOLUTE",
        unit="TIME_ABSOLUTE",
    )
    end: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="End",
        description="Time in the footage at which the capture ends; 0 is the end of the footage",
        min=0.0,
        precision=2,
        step=10,
        subtype="TIME_ABSOLUTE",
        unit="TIME_ABSOLUTE",
    )
    shots: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Shot",
        description="Shot to capture, of footage with cuts or with long stretches that show nobody",
        items=(
            ("longest", "Longest", "The one that shows the whole person for longest"),
            ("all", "All", "A take for each shot that shows somebody"),
            ("number", "By Number", "One of those that show somebody, in the order of time"),
        ),
    )
    shot: bpy.props.IntProperty(  # type: ignore[valid-type]
        name="Number", description="The shot's number, among those that show somebody", min=1, default=1
    )
    input_fps: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Input Frame Rate",
        description="Frames per second of footage that states none, such as an image sequence; 0 reads it from the "
        "video",
        min=0.0,
        max=1000.0,
        precision=2,
        step=100,
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
            ("heavy", "Best", "The most accurate"),
            ("full", "Fast", "About half the time; less stable in difficult views"),
        ),
    )
    camera_motion: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Camera",
        description="Whether the camera stands still while it films",
        items=(
            ("auto", "Automatic", "Find out from the background"),
            ("static", "Stands Still", "On a tripod, or on anything that does not move"),
            ("moving", "Moves", "Handheld, or it pans, zooms or travels: the camera is followed by the background"),
        ),
    )
    mirror: bpy.props.BoolProperty(  # type: ignore[valid-type]
        name="Mirror Image", description="The footage is a mirror image, as of many front cameras: left is right"
    )
    hands: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Fingers",
        description="Whether fingers are captured",
        items=(
            ("auto", "Automatic", "Where hands are large enough in the image and seen often enough"),
            ("on", "Always", "Also of small or blurred hands; fingers that are not seen rest"),
            ("off", "Off", "The body alone, which is faster"),
        ),
    )
    keypoints: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="2D Joints",
        description="File of 2D joints from another detector, or corrected by hand, in place of our own detection: "
        "COCO, OpenPose, MediaPipe or this add-on's (.json), or OpenPose's folder; empty: the joints are detected",
        subtype="FILE_PATH",
        options=_RELATIVE,
    )
    body: bpy.props.StringProperty(  # type: ignore[valid-type]
        name="Body",
        description="Your own SMPL, SMPL-H or SMPL-X model (.npz or .pkl); empty: the body that comes with the add-on",
        subtype="FILE_PATH",
        options=_RELATIVE,
    )
    view_angle: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Field of View",
        description="Of the camera, along the longer side of the image, "
        f"{NARROWEST_VIEW:g} to {WIDEST_VIEW:g} degrees; 0 reads it from the video's metadata, "
        "or else finds it from a moving camera's turns, or assumes a phone",
        min=0.0,
        max=math.radians(WIDEST_VIEW),
        precision=1,
        step=100,
        subtype="ANGLE",
        unit="ROTATION",
    )
    height: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Height",
        description="Of the person, which sets size and distance; with Everyone, of the first person, whose floor the "
        "others share. 0 estimates it",
        min=0.0,
        max=2.5,
        unit="LENGTH",
        subtype="DISTANCE",
    )
    smoothing: bpy.props.FloatProperty(  # type: ignore[valid-type]
        name="Smoothing",
        description="Motion faster than this counts as jitter and is smoothed; 0 keeps everything",
        default=0.1,
        min=0.0,
        max=1.0,
        precision=2,
        step=1,
        subtype="TIME_ABSOLUTE",
        unit="TIME_ABSOLUTE",
    )
    foot_lock: bpy.props.BoolProperty(  # type: ignore[valid-type]
        name="Foot Lock",
        description="Keep feet that rest on the floor in place; turn it off for skating or sliding",
        default=True,
    )

    @property
    def video(self) -> Path:
        """Absolute path of the footage."""
        return Path(bpy.path.abspath(self.footage))

    @property
    def keypoint_file(self) -> Path | None:
        """Absolute path of the file of 2D joints; None: they are detected."""
        return Path(bpy.path.abspath(self.keypoints)) if self.keypoints else None

    @property
    def body_file(self) -> Path | None:
        """Absolute path of the user's own body; None: the shipped one."""
        return Path(bpy.path.abspath(self.body)) if self.body else None

    @property
    def time_range(self) -> tuple[float | None, float | None]:
        """Start and end, seconds; None: of the footage."""
        return self.start or None, self.end or None

    @property
    def chosen_person(self) -> str:
        """The person as `CaptureSettings.person` takes it."""
        return str(self.person_number) if self.person == "number" else self.person

    def settings(self) -> dict[str, Any]:
        """The options as fields of `CaptureSettings`; what is 0 in the panel is left to the footage."""
        start, end = self.time_range
        return {
            "person": self.chosen_person,
            "start": start,
            "end": end,
            "shots": str(self.shot) if self.shots == "number" else self.shots,
            "camera": self.camera_motion,
            "mirror": self.mirror,
            "hands": self.hands,
            # Blender stores single precision, which would put both limits out of range.
            "field_of_view": round(math.degrees(self.view_angle), 4) or None,
            "height": self.height or None,
            "input_fps": self.input_fps or None,
            "detector": self.quality,
            "keypoints": self.keypoint_file,
            "body": self.body_file,
            "smoothing": self.smoothing,
            "foot_lock": self.foot_lock,
        }


OPTION_NAMES: tuple[str, ...] = tuple(CaptureOptions.__annotations__)
PATH_NAMES: tuple[str, ...] = ("footage", "keypoints", "body")
"""Options that are paths, which may be relative to the open file."""


def copy_options(source: CaptureOptions, target: CaptureOptions) -> None:
    """Give `target` every option of `source`."""
    for name in OPTION_NAMES:
        setattr(target, name, getattr(source, name))


def draw_choice_of_person(layout: bpy.types.UILayout, options: CaptureOptions) -> None:
    """The menu of people, and the number where it says so."""
    layout.prop(options, "person")
    if options.person == "number":
        layout.prop(options, "person_number")


def draw_choice_of_shot(layout: bpy.types.UILayout, options: CaptureOptions) -> None:
    """The menu of shots, and the number where it says so."""
    layout.prop(options, "shots")
    if options.shots == "number":
        layout.prop(options, "shot")


def draw_files(layout: bpy.types.UILayout, options: CaptureOptions) -> None:
    """The files that replace parts of the capture."""
    layout.prop(options, "keypoints")
    layout.prop(options, "body")


def draw_solver_options(layout: bpy.types.UILayout, options: CaptureOptions) -> None:
    """The options that change a motion without another search for joints."""
    layout.prop(options, "camera_motion")
    layout.prop(options, "mirror")
    layout.prop(options, "hands")
    layout.prop(options, "view_angle")
    layout.prop(options, "height")
    layout.prop(options, "smoothing")
    layout.prop(options, "foot_lock")
