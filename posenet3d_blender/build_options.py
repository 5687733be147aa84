"""Choices of how captured motions enter a scene and files."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

ROOT_CHOICES: Final = ("hips", "ground", "in-place")
"""The bone that carries the motion through the scene: the pelvis, the root bone on the ground, or none."""
REST_CHOICES: Final = ("T", "A")
"""The arms at rest: stretched out as SMPL has them, or lowered."""
HEADING_CHOICES: Final = ("footage", "forward")
"""The direction that motions start in: as the camera saw it, or to the front, -Y."""
BODY_PARTS: Final = ("whole", "upper", "arms", "no-legs")
"""Parts of the body that are animated; the rest is at rest."""
FIRST_FRAME: Final = 1
"""Frame at which motions start unless another one is chosen: Blender's scenes start at frame 1."""


@dataclass(frozen=True)
class SceneMatch:
    """Settings of the scene that become those of the footage."""

    rate: bool = True
    """Frame rate; else the motion is resampled to the scene's."""
    range: bool = True
    """First and last frame, and the current frame: the first one."""
    size: bool = True
    """Render size, at 100 %."""
    camera: bool = True
    """The solved camera becomes the scene's active one."""

    @staticmethod
    def nothing() -> SceneMatch:
        """Leave the scene as it is."""
        return SceneMatch(**{field.name: False for field in fields(SceneMatch)})


@dataclass(frozen=True)
class BuildOptions:
    """All choices; the defaults suit a scene of the motion's own, such as that of the command line."""

    match: SceneMatch = SceneMatch()
    first_frame: int = FIRST_FRAME
    """Frame of the scene at which the captured range of the footage starts."""
    markers: bool = True
    """Mark frames of low confidence on the scene's timeline too, not only in the person's own action."""
    sound: bool = False
    """Add the footage's sound as a strip to the scene's sequencer."""
    root: str = "hips"
    """One of ROOT_CHOICES."""
    rest: str = "T"
    """One of REST_CHOICES."""
    heading: str = "footage"
    """One of HEADING_CHOICES; forward: everyone and the camera turn about the origin together, by the first person."""
    body_parts: str = "whole"
    """One of BODY_PARTS; see `motion_edit.body_parts`."""
    as_asset: bool = False
    """Mark the actions as assets, for the Asset Browser."""
    armature_name: str = ""
    """Of the armatures; empty: the footage's."""
    smpl_h: bool = False
    """Motion files have `poses` in SMPL-H's form (T, 156), with the fingers."""


@dataclass(frozen=True)
class EnginePreset:
    """Choices with which a program takes the exported files as they are."""

    label: str
    root: str
    rest: str
    heading: str = "forward"
    armature_name: str = ""


ENGINE_PRESETS: Final = {
    # Unreal leaves out a node of this name above the root bone, and moves the character by the root bone.
    "unreal": EnginePreset("Unreal", root="ground", rest="A", armature_name="Armature"),
    # Mecanim takes root motion from the hips and wants a T-pose.
    "unity": EnginePreset("Unity", root="hips", rest="T"),
    # An AnimationTree's root motion track is a bone's.
    "godot": EnginePreset("Godot", root="ground", rest="T"),
    # HumanIK is characterized in a T-stance that faces +Z of the file.
    "maya": EnginePreset("Maya, MotionBuilder", root="hips", rest="T"),
}
"""By the name that the command line takes."""
