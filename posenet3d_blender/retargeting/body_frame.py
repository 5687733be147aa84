"""The body frame of a character: its directions, floor and leg length, found in its rest pose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..arrays import Array
from ..body.rotations import matrix_to_axis_angle, unit
from ..errors import PoseNet3DError
from .bone_map import BoneMap
from .rig import Rig
from .roles import NEXT_ROLE, SIDES

_ALIGNMENT_LIMIT: Final = np.radians(20.0)
"""Bodies differ by a few degrees between hips and head; a skeleton that was rotated on purpose is off by more."""
_ANKLE_HEIGHTS: Final = (0.01, 0.35)
"""Heights of an ankle above the floor, in leg lengths, of bare feet to high heels."""
_USUAL_ANKLE: Final = 0.09
_BACKWARDS: Final = 0.05
"""Of the toes behind the ankle, in leg lengths."""
_SHORTEST_BONE: Final = 1e-3
"""Of a leg, in leg lengths; the knee's angle follows from the lengths of both its bones."""


@dataclass(frozen=True)
class BodyFrame:
    """A character's body frame in its armature's space."""

    axes: Array
    """(3, 3) columns: left, back and up in the armature's space."""
    floor: float
    """Of the armature's space along up, its units."""
    leg: float
    """Height of the hip joints above the floor with straight legs, the armature's units."""
    warnings: tuple[str, ...] = ()

    def to_body(self, points: Array) -> Array:
        """(..., 3) points of the armature's space in the body frame."""
        result: Array = points @ self.axes - np.array([0.0, 0.0, self.floor])
        return result

    def to_armature(self, points: Array) -> Array:
        """(..., 3) points of the body frame in the armature's space."""
        result: Array = (points + np.array([0.0, 0.0, self.floor])) @ self.axes.T
        return result


def find_body_frame(rig: Rig, bone_map: BoneMap) -> BodyFrame:
    """Measure the character's directions, floor and legs.

    Raises:
        PoseNet3DError: its rest pose is no standing body, or a thigh or shin has no length.
    """
    heads = {role: rig.head(bone) for role, bone in bone_map.bones.items()}
    axes = body_axes(heads["left_hip"], heads["right_hip"], heads["head"])
    left, back, up = axes.T
    segments = [(f"{side}_{part}", NEXT_ROLE[f"{side}_{part}"]) for side in SIDES for part in ("hip", "knee")]
    lengths = [float(np.linalg.norm(heads[upper] - heads[lower])) for upper, lower in segments]
    straight = sum(lengths) / len(SIDES)
    for (upper, lower), length in zip(segments, lengths, strict=True):
        if length <= _SHORTEST_BONE * straight:
            raise PoseNet3DError(
                f"its bones for {upper} and {lower} begin at one place at rest; choose other bones for them"
            )
    ankle_height = float(np.mean([heads[f"{side}_ankle"] @ up for side in SIDES]))
    warnings: tuple[str, ...] = ()
    if (heads["left_shoulder"] - heads["right_shoulder"]) @ left <= 0:
        warnings += ("its left shoulder is on the side of its right hip; are the bones of two limbs exchanged?",)
    floor = 0.0
    if not _ANKLE_HEIGHTS[0] <= ankle_height / straight <= _ANKLE_HEIGHTS[1]:
        floor = ankle_height - _USUAL_ANKLE * straight
        warnings += ("the armature's origin is not at its feet; the floor was guessed below the ankles",)
    toes = [heads[f"{side}_foot"] - heads[f"{side}_ankle"] for side in SIDES if f"{side}_foot" in heads]
    if toes and min(float(toe @ back) for toe in toes) > _BACKWARDS * straight:
        warnings += ("its feet point backwards; are the bones of left and right exchanged?",)
    return BodyFrame(axes, floor, straight + ankle_height - floor, warnings)


def body_axes(left_hip: Array, right_hip: Array, top: Array) -> Array:
    """(3, 3) columns left, back and up of a body at rest: axes of the space if it is nearly aligned to them.

    Raises:
        PoseNet3DError: hips and head lie on one line.
    """
    up = top - (left_hip + right_hip) / 2
    measured = frame_of(left_hip - right_hip, up)
    aligned = aligned_axes(measured)
    return measured if aligned is None else aligned


def aligned_axes(measured: Array) -> Array | None:
    """(3, 3) axes of the space nearest to measured ones; None if these are rotated on purpose."""
    aligned = frame_of(_nearest_axis(measured[:, 0]), _nearest_axis(measured[:, 2]))
    angle = float(np.linalg.norm(matrix_to_axis_angle(measured.T @ aligned)))
    return aligned if angle < _ALIGNMENT_LIMIT else None


def frame_of(left: Array, up: Array, top: str = "head") -> Array:
    """(3, 3) columns left, back and up of a body, from the line of its hips and that to its `top`.

    Raises:
        PoseNet3DError: both have the same direction.
    """
    back = np.cross(up, left)
    if not np.linalg.norm(back) > 1e-3 * np.linalg.norm(left) * np.linalg.norm(up):
        raise PoseNet3DError(f"hips and {top} lie on one line at rest; choose an armature that rests standing upright")
    up, back = unit(up), unit(back)
    return np.stack([np.cross(back, up), back, up], axis=-1)


def _nearest_axis(direction: Array) -> Array:
    axis = np.zeros(3)
    largest = np.argmax(np.abs(direction))
    axis[largest] = np.sign(direction[largest])
    return axis
