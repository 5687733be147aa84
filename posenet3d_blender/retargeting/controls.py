"""Transforms that the keyed bones must have so that the skeleton takes its pose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..arrays import Array
from ..body.rotations import axis_angle_to_matrix, matrix_to_quaternion, unit
from .bone_map import BoneMap, Control
from .rig import Rig
from .roles import NEXT_ROLE
from .solve import SkeletonPose
from .vectors import across, rotate

_NEAREST_POLE: Final = 0.3
"""Distance of a pole target from its joint, at least, in leg lengths."""
_FRONT_SHARE: Final = 0.002
"""Weight of a joint's usual direction of bending for its pole, in limb lengths."""


@dataclass(frozen=True)
class WantedTransform:
    """Wanted transform of one keyed bone in the armature's space at T frames."""

    bone: str
    rotations: Array | None
    """(T, 3, 3) axes of the bone; None: its rotation is not keyed."""
    positions: Array | None
    """(T, 3) of its head; None: its location is not keyed."""


def wanted_transforms(pose: SkeletonPose, rig: Rig, bone_map: BoneMap, move_root: bool) -> list[WantedTransform]:
    """Transforms of all keyed bones, the root bone first if it carries the path."""
    wanted = [_root(pose, rig, bone_map.root)] if move_root and bone_map.root else []
    for control in bone_map.keyed():
        wanted.append(_pole(pose, rig, control) if control.pole else _follower(pose, rig, control))
    return wanted


def _follower(pose: SkeletonPose, rig: Rig, control: Control) -> WantedTransform:
    skeleton, bone = pose.skeleton, rig.index[control.bone]
    axes = skeleton.frame.axes
    carrier = control.rotation or control.location
    assert carrier is not None, "a control without pole follows something"
    turning = pose.rotations[:, skeleton.bones.index(carrier)]
    if control.twist:
        turning = _twisted(turning, pose, carrier, control.twist, 0.5 if control.share is None else control.share)
    rotations = axes @ turning @ axes.T @ rig.axes[bone] if control.rotation else None
    positions = None
    if control.location:
        place = skeleton.bones.index(control.location)
        arm = skeleton.frame.to_body(rig.heads[bone]) - skeleton.heads[place]
        positions = skeleton.frame.to_armature(pose.positions[:, place] + rotate(turning, arm))
    return WantedTransform(control.bone, rotations, positions)


def _twisted(turning: Array, pose: SkeletonPose, limb: str, end: str, share: float) -> Array:
    """(T, 3, 3) `turning` of a limb's bone with a share of its end's turn about the line between both."""
    skeleton = pose.skeleton
    start, stop = skeleton.bones.index(limb), skeleton.bones.index(end)
    axis = unit(skeleton.heads[stop] - skeleton.heads[start])
    quaternions = matrix_to_quaternion(np.swapaxes(turning, -1, -2) @ pose.rotations[:, stop])
    angles = np.unwrap(2 * np.arctan2(quaternions[:, 1:] @ axis, quaternions[:, 0]))
    angles -= 2 * np.pi * np.round(angles[0] / (2 * np.pi))
    twisted: Array = turning @ axis_angle_to_matrix(share * angles[:, None] * axis)
    return twisted


def _pole(pose: SkeletonPose, rig: Rig, control: Control) -> WantedTransform:
    """In front of knees and behind elbows, in the plane of the limb."""
    assert control.pole is not None
    skeleton = pose.skeleton
    middle_role = NEXT_ROLE[control.pole]
    roles = (control.pole, middle_role, NEXT_ROLE[middle_role])
    top, middle, end = (pose.positions[:, skeleton.of_role[role]] for role in roles)
    is_leg = control.pole.endswith("hip")
    front = rotate(pose.rotations[:, skeleton.of_role[control.pole]], np.array([0.0, -1.0 if is_leg else 1.0, 0.0]))
    line = unit(end - top)
    length = np.linalg.norm(middle - top, axis=-1) + np.linalg.norm(end - middle, axis=-1)
    bend = across(middle - top, line) + _FRONT_SHARE * length[:, None] * across(front, line)
    own_distance = np.linalg.norm(
        skeleton.frame.to_body(rig.head(control.bone)) - skeleton.heads[skeleton.of_role[middle_role]]
    )
    distance = max(float(own_distance), _NEAREST_POLE * skeleton.frame.leg)
    return WantedTransform(control.bone, None, skeleton.frame.to_armature(middle + distance * unit(bend)))


def _root(pose: SkeletonPose, rig: Rig, root: str) -> WantedTransform:
    axes, bone = pose.skeleton.frame.axes, rig.index[root]
    rest = pose.skeleton.frame.to_body(rig.heads[bone])
    positions = pose.root_positions + rotate(pose.root_rotations, rest)
    return WantedTransform(
        root,
        axes @ pose.root_rotations @ axes.T @ rig.axes[bone],
        pose.skeleton.frame.to_armature(positions),
    )
