"""Motions of a part of the body: the limbs that are left out are at rest, and where the legs are, the person stands."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from ..arrays import Array
from ..body.kinematics import forward_kinematics
from ..body.limbs import LIMB_OF_JOINT
from ..body.model import Body
from ..body.rotations import BODY_TO_WORLD, axis_angle_to_matrix, matrix_to_axis_angle
from ..body.skeleton import JOINT_COUNT, JOINT_INDEX, JOINT_NAMES
from ..motion import Motion
from .heading import about_z, headings

_ARM_JOINTS: Final = tuple(
    joint for joint, name in enumerate(JOINT_NAMES) if LIMB_OF_JOINT[joint].endswith("arm") or name.endswith("collar")
)
_UPPER_JOINTS: Final = tuple(joint for joint in range(1, JOINT_COUNT) if not LIMB_OF_JOINT[joint].endswith("leg"))
_MOVING_JOINTS: Final = {
    "whole": tuple(range(JOINT_COUNT)),
    "no-legs": (0, *_UPPER_JOINTS),
    "upper": _UPPER_JOINTS,
    "arms": _ARM_JOINTS,
}


def moving_joints(parts: str) -> tuple[int, ...]:
    """The joints that are animated, in SMPL's order; parts: one of `build_options.BODY_PARTS`."""
    return _MOVING_JOINTS[parts]


def limit_to_parts(motion: Motion, parts: str, body: Body) -> Motion:
    """The motion with all but some parts of the body at rest.

    whole: as it is. no-legs: the hips travel as captured. upper: the hips stand still on the floor, upright, in the
    middle of the path and facing as they do on average; spine, head and arms are as captured in the world. arms: the
    same, but spine and head are at rest too, and the arms move as they do about the captured chest.
    """
    if parts == "whole":
        return motion
    rest = body.rest_joints(motion.betas)
    rotations = axis_angle_to_matrix(motion.poses)  # (T, 24, 3, 3)
    pelvis = motion.trans + rest[0]  # (T, 3)
    if parts != "no-legs":
        standing = about_z(_mean_heading(rotations[:, 0])) @ BODY_TO_WORLD  # (3, 3)
        if parts == "upper":
            spine = JOINT_INDEX["spine1"]
            rotations[:, spine] = standing.T @ rotations[:, 0] @ rotations[:, spine]
        rotations[:, 0] = standing
        middle = np.median(pelvis[:, :2], axis=0)
        pelvis = np.tile([*middle, rest[0, 1] - body.rest_vertices(motion.betas)[:, 1].min()], (len(pelvis), 1))
    resting = [joint for joint in range(1, JOINT_COUNT) if joint not in moving_joints(parts)]
    rotations[:, resting] = np.eye(3)
    joints, _ = forward_kinematics(rotations, rest)
    trans = pelvis - rest[0]
    stands = 0.0 if parts == "no-legs" else 1.0
    return replace(
        motion,
        poses=matrix_to_axis_angle(rotations),
        trans=trans,
        joints=joints + trans[:, None],
        contacts=np.full_like(motion.contacts, stands),
    )


def _mean_heading(pelvis: Array) -> Array:
    """() radians, of rotations (T, 3, 3)."""
    angles = headings(pelvis)
    return np.asarray(np.arctan2(np.sin(angles).mean(), np.cos(angles).mean()))
