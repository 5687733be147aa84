"""The character's pose at every frame: rotations from the source, feet on the floor, hands held to reach, the path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..arrays import Array
from ..body.rotations import axis_angle_to_matrix
from ..body.skeleton import JOINT_INDEX
from .feet import character_foot, character_soles, foot_targets, lay_toes
from .leg_solver import Leg, correct_legs
from .limb_ik import bend_limb
from .roles import SIDES
from .settings import RetargetSettings
from .skeleton import Skeleton
from .source import SourceMotion
from .transfer import transfer_rotations
from .vectors import rotate, smooth

_BACK: Final = np.array([0.0, 1.0, 0.0])
_FRONT: Final = -_BACK
_HEADING_BLEND: Final = 0.2
"""Seconds."""


@dataclass(frozen=True)
class SkeletonPose:
    """The mapped bones at each of T frames, body frame, the armature's units."""

    skeleton: Skeleton
    rotations: Array
    """(T, B, 3, 3) from rest."""
    positions: Array
    """(T, B, 3) heads."""
    root_rotations: Array
    """(T, 3, 3) of the root bone from rest."""
    root_positions: Array
    """(T, 3) of the point on the ground below the hips, from its place at rest."""


def solve(
    source: SourceMotion, skeleton: Skeleton, settings: RetargetSettings, hand_ends: Mapping[str, Array] | None = None
) -> SkeletonPose:
    """Pose the character.

    Args:
        source: motion.
        skeleton: of the character.
        settings: choices.
        hand_ends: as of `transfer_rotations`.
    """
    scale = skeleton.frame.leg / source_leg(source)
    rotations = transfer_rotations(source, skeleton, dict(hand_ends or {}))
    hips = scale * source.joints[:, [JOINT_INDEX["left_hip"], JOINT_INDEX["right_hip"]]].mean(axis=1)
    centre = _hip_centre(skeleton)
    pelvis = hips - rotate(rotations[:, 0], centre - skeleton.heads[0])
    positions = skeleton.positions(rotations, pelvis)
    pelvis = pelvis + _correct_legs(source, skeleton, rotations, positions, settings.foot_lock)
    moved = skeleton.positions(rotations, pelvis)
    if settings.hand_reach > 0:
        _reach(source, scale, skeleton, rotations, moved, settings.hand_reach)
    positions = skeleton.positions(rotations, pelvis)
    for number, side in enumerate(SIDES):
        if f"{side}_foot" in skeleton.of_role:
            toes = skeleton.of_role[f"{side}_foot"]
            soles = character_soles(number, skeleton, rotations, positions)
            rotations[:, toes] = lay_toes(soles, rotations[:, toes], source.frame_rate)
    root_rotations, path = _ground_path(rotations[:, 0], positions, skeleton, source.frame_rate)
    if settings.root_motion == "in-place":
        positions = positions - path[:, None]
    if settings.root_motion != "ground":
        root_rotations, path = np.repeat(np.eye(3)[None], len(path), axis=0), np.zeros_like(path)
    return SkeletonPose(skeleton, rotations, positions, root_rotations, path)


def source_leg(source: SourceMotion) -> float:
    """Metres from the floor to the source's hip joints with straight legs."""
    total = 0.0
    for side in SIDES:
        hip, knee, ankle = (source.rest_joints[JOINT_INDEX[f"{side}_{part}"]] for part in ("hip", "knee", "ankle"))
        total += float(np.linalg.norm(hip - knee) + np.linalg.norm(knee - ankle) + ankle[2])
    return total / 2


def _hip_centre(skeleton: Skeleton) -> Array:
    centre: Array = skeleton.heads[[skeleton.of_role[f"{side}_hip"] for side in SIDES]].mean(axis=0)
    return centre


def _bend(
    skeleton: Skeleton, rotations: Array, positions: Array, limb: tuple[str, str, str], goal: Array, front: Array
) -> None:
    """Turn a limb's two bones, in place, so that its end reaches the goal (T, 3)."""
    upper, lower, end = (skeleton.of_role[role] for role in limb)
    rotations[:, upper], rotations[:, lower] = bend_limb(
        positions[:, upper],
        positions[:, lower],
        positions[:, end],
        goal,
        rotations[:, upper],
        rotations[:, lower],
        rotate(rotations[:, upper], front),
    )


def _reach(
    source: SourceMotion, scale: float, skeleton: Skeleton, rotations: Array, positions: Array, share: float
) -> None:
    for side in SIDES:
        wrist = positions[:, skeleton.of_role[f"{side}_wrist"]]
        wanted = scale * source.joints[:, JOINT_INDEX[f"{side}_wrist"]]
        limb = (f"{side}_shoulder", f"{side}_elbow", f"{side}_wrist")
        _bend(skeleton, rotations, positions, limb, wrist + share * (wanted - wrist), _BACK)


def _correct_legs(
    source: SourceMotion, skeleton: Skeleton, rotations: Array, positions: Array, foot_lock: bool
) -> Array:
    """(T, 3) shift of the hips; turns the legs and feet in place so that planted feet rest on the floor."""
    unit_length = skeleton.frame.leg
    legs = [_leg(side, source, skeleton, rotations, positions, foot_lock) for side in range(2)]
    correction = correct_legs(legs, source.frame_rate)
    for number, side in enumerate(SIDES):
        goal = positions[:, skeleton.of_role[f"{side}_ankle"]] + unit_length * correction.ankles[:, number]
        _bend(skeleton, rotations, positions, (f"{side}_hip", f"{side}_knee", f"{side}_ankle"), goal, _FRONT)
        ankle = skeleton.of_role[f"{side}_ankle"]
        rotations[:, ankle] = correction.tilts[:, number] @ rotations[:, ankle]
    return unit_length * correction.hips


def _leg(
    side: int, source: SourceMotion, skeleton: Skeleton, rotations: Array, positions: Array, foot_lock: bool
) -> Leg:
    unit_length = skeleton.frame.leg
    hip, knee, ankle = (skeleton.of_role[f"{SIDES[side]}_{part}"] for part in ("hip", "knee", "ankle"))
    heads = skeleton.heads / unit_length
    return Leg(
        hip=positions[:, hip] / unit_length,
        ankle=positions[:, ankle] / unit_length,
        thigh=float(np.linalg.norm(heads[hip] - heads[knee])),
        shin=float(np.linalg.norm(heads[knee] - heads[ankle])),
        foot_rotation=rotations[:, ankle],
        foot=character_foot(side, skeleton).scaled(1 / unit_length),
        targets=foot_targets(side, source, source_leg(source), foot_lock),
    )


def _ground_path(pelvis: Array, positions: Array, skeleton: Skeleton, frame_rate: float) -> tuple[Array, Array]:
    """Heading (T, 3, 3) of the hips about the vertical, and the point (T, 3) on the ground below them."""
    front = rotate(pelvis, _FRONT)
    heading = np.column_stack([smooth(front[:, :2], _HEADING_BLEND * frame_rate), np.zeros(len(front))])
    yaw = np.unwrap(np.arctan2(heading[:, 0], -heading[:, 1]))
    turning = axis_angle_to_matrix(np.column_stack([np.zeros((len(yaw), 2)), yaw]))
    hips = positions[:, [skeleton.of_role[f"{side}_hip"] for side in SIDES]].mean(axis=1)
    path = hips - rotate(turning, _hip_centre(skeleton))
    path[:, 2] = 0
    return turning, path
