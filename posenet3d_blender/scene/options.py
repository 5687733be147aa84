"""Choices of how captured motions enter a scene."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

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
    """Bone that carries the motion through the scene: "hips", "ground" (the root bone), or "in-place" (none)."""
    rest: str = "T"
    """Arms at rest: "T" (SMPL's own) or "A" (lowered)."""
    face_forward: bool = False
    """Turn everyone and the camera about the origin so that the first person starts facing -Y."""
    as_asset: bool = False
    """Mark the actions as assets, for the Asset Browser."""
