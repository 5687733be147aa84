"""Choices of how a capture enters the user's scene, and their panel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import bpy

from ..build_options import ENGINE_PRESETS, BuildOptions, SceneMatch
from ..scene.matching import is_untouched
from .character_settings import retarget_settings
from .modal_task import current_task
from .sidebar import SidebarTab

_UNDECIDED: Final = -1


def _automatic(name: str, label: str, description: str) -> Any:
    """A checkbox that is on in an untouched scene, and off in any other, until the user decides."""
    stored = f"{name}_choice"

    def get(options: bpy.types.PropertyGroup) -> bool:
        choice = getattr(options, stored)
        return is_untouched(options.id_data) if choice == _UNDECIDED else bool(choice)

    def store(options: bpy.types.PropertyGroup, value: bool) -> None:
        setattr(options, stored, int(value))

    return bpy.props.BoolProperty(
        name=label,
        description=f"{description}. On by default only in a scene with Blender's own settings and no animation",
        get=get,
        set=store,
    )


def _choice() -> Any:
    """Storage of an automatic checkbox: undecided, off or on."""
    return bpy.props.IntProperty(default=_UNDECIDED, min=_UNDECIDED, max=1, options={"HIDDEN"})


def _apply_preset(options: bpy.types.PropertyGroup, context: bpy.types.Context) -> None:
    chosen = ENGINE_PRESETS.get(options.preset) or BuildOptions()
    options.root, options.rest, options.heading = chosen.root, chosen.rest, chosen.heading
    retarget_settings(options.id_data).root_motion = chosen.root


class POSENET3D_PG_scene_options(bpy.types.PropertyGroup):
    """Choices of the next capture that concern the scene"""

    # Blender reads properties from annotations, where a type checker expects types
    rate_choice: _choice()  # type: ignore[valid-type]
    rate: _automatic(  # type: ignore[valid-type]
        "rate", "Frame Rate", "Set the scene's frame rate to the footage's; off: the motion takes the scene's"
    )
    range_choice: _choice()  # type: ignore[valid-type]
    range: _automatic(  # type: ignore[valid-type]
        "range", "Frame Range", "Set the scene's first and last frame to the motion's, and go to the first"
    )
    size_choice: _choice()  # type: ignore[valid-type]
    size: _automatic("size", "Resolution", "Set the render size to the footage's")  # type: ignore[valid-type]
    camera_choice: _choice()  # type: ignore[valid-type]
    camera: _automatic("camera", "Camera", "Make the solved camera the active one")  # type: ignore[valid-type]
    markers_choice: _choice()  # type: ignore[valid-type]
    markers: _automatic(  # type: ignore[valid-type]
        "markers",
        "Markers",
        "Mark frames of low confidence on the scene's timeline; off: in the Action Editor only, as pose markers",
    )
    sound_choice: _choice()  # type: ignore[valid-type]
    sound: _automatic(  # type: ignore[valid-type]
        "sound", "Sound", "Add the footage's sound to the sequencer, in step with the motion"
    )
    start_at: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Start At",
        description="Frame of the scene at which the captured part of the footage starts",
        items=(
            ("SCENE", "Scene Start", "The first frame of the scene's range"),
            ("PLAYHEAD", "Playhead", "The current frame when the capture is started"),
            ("FRAME", "Frame", "The frame below"),
        ),
    )
    start_frame: bpy.props.IntProperty(  # type: ignore[valid-type]
        name="Frame", description="Frame of the scene at which the motion starts", default=1
    )

    preset: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Made For",
        description="Program that the files are exported to: sets the choices below, and the path of characters",
        items=(
            ("none", "Blender", "As captured"),
            *((name, preset.label, f"As {preset.label} takes it") for name, preset in ENGINE_PRESETS.items()),
        ),
        update=_apply_preset,
    )
    root: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Motion On",
        description="Bone that carries the motion through the scene",
        items=(
            ("hips", "Hips", "The pelvis moves; the root bone stays at the origin"),
            (
                "ground",
                "Root",
                "The root bone moves on the ground below the pelvis, as game engines expect it",
            ),
            ("in-place", "In Place", "No bone: the person moves on the spot"),
        ),
    )
    rest: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Rest Pose",
        description="The arms in the rest pose",
        items=(("T", "T-Pose", "Stretched out, as SMPL has them"), ("A", "A-Pose", "Lowered by 45 degrees")),
    )
    heading: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Heading",
        description="Direction that the motion starts in",
        items=(
            ("footage", "As Filmed", "The solved camera looks along +Y"),
            ("forward", "Forward", "The first person starts facing -Y; the solved camera turns along"),
        ),
    )
    body_parts: bpy.props.EnumProperty(  # type: ignore[valid-type]
        name="Body Parts",
        description="Parts of the body that are keyed; the rest is at rest",
        items=(
            ("whole", "Whole Body", "All bones"),
            ("upper", "Upper Body", "Spine, head and arms; hips and legs stand still, without keys"),
            ("arms", "Arms", "Arms and shoulders; all else stands still, without keys"),
            ("no-legs", "No Legs", "All but the legs, which hang at rest, without keys"),
        ),
    )
    as_asset: bpy.props.BoolProperty(  # type: ignore[valid-type]
        name="Action as Asset", description="Mark each person's action as an asset, for the Asset Browser"
    )

    def options_of_several(self) -> tuple[BuildOptions, BuildOptions]:
        """The choices as they are now, for the first of several captures and for those after it.

        What is on because the scene is untouched is off once it has a take.
        """
        first = self.build_options()
        names = ("rate", "range", "size", "camera")
        chosen = {name: getattr(self, f"{name}_choice") == 1 for name in (*names, "markers", "sound")}
        match = SceneMatch(**{name: chosen[name] for name in names})
        return first, replace(first, match=match, markers=chosen["markers"], sound=chosen["sound"])

    def build_options(self) -> BuildOptions:
        """The choices as they are now, for the scene that they belong to."""
        scene = self.id_data
        frames: dict[str, Callable[[], int]] = {
            "SCENE": lambda: scene.frame_start,
            "PLAYHEAD": lambda: scene.frame_current,
            "FRAME": lambda: self.start_frame,
        }
        return BuildOptions(
            match=SceneMatch(rate=self.rate, range=self.range, size=self.size, camera=self.camera),
            first_frame=frames[self.start_at](),
            markers=self.markers,
            sound=self.sound,
            root=self.root,
            rest=self.rest,
            heading=self.heading,
            body_parts=self.body_parts,
            as_asset=self.as_asset,
            armature_name=ENGINE_PRESETS[self.preset].armature_name if self.preset in ENGINE_PRESETS else "",
        )


class POSENET3D_PT_scene(SidebarTab, bpy.types.Panel):
    """Choices of the next capture that concern the scene"""

    bl_label = "Scene"
    bl_idname = "POSENET3D_PT_scene"
    bl_parent_id = "POSENET3D_PT_capture"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 3

    def draw(self, context: bpy.types.Context) -> None:
        options = scene_options_of(context.scene)
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.enabled = current_task() is None
        matched = layout.column(heading="Match to Footage", align=True)
        for name in ("rate", "range", "size", "camera"):
            matched.prop(options, name)
        added = layout.column(heading="Add", align=True)
        added.prop(options, "markers")
        added.prop(options, "sound")
        layout.prop(options, "start_at")
        if options.start_at == "FRAME":
            layout.prop(options, "start_frame")
        for name in ("preset", "root", "rest", "heading", "body_parts", "as_asset"):
            layout.prop(options, name)


def scene_options_of(scene: bpy.types.Scene) -> POSENET3D_PG_scene_options:
    """The choices of a scene."""
    options: POSENET3D_PG_scene_options = scene.posenet3d_options
    return options


def register() -> None:
    """Add the choices to Blender's scene type, and the panel."""
    bpy.utils.register_class(POSENET3D_PG_scene_options)
    bpy.types.Scene.posenet3d_options = bpy.props.PointerProperty(type=POSENET3D_PG_scene_options)
    bpy.utils.register_class(POSENET3D_PT_scene)


def unregister() -> None:
    """Remove them."""
    bpy.utils.unregister_class(POSENET3D_PT_scene)
    del bpy.types.Scene.posenet3d_options
    bpy.utils.unregister_class(POSENET3D_PG_scene_options)
