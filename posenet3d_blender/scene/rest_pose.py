"""The rest pose of armature and skin: SMPL's, with the soles on the ground, and the arms lowered on request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..arrays import Array
from ..body.kinematics import forward_kinematics, skin
from ..body.model import Body
from ..body.rotations import BODY_TO_WORLD, axis_angle_to_matrix
from ..body.skeleton import JOINT_COUNT, JOINT_INDEX, ancestors

ARM_ANGLES: Final = {"T": 0.0, "A": 45.0}
"""Degrees by which the arms are lowered from SMPL's rest pose."""


@dataclass(frozen=True)
class RestPose:
    """Joints and skin at rest, in the armature's frame: Z up, -Y front, the ground at z = 0; metres."""

    joints: Array
    """(24, 3)"""
    vertices: Array
    """(V, 3)"""
    height: float
    """By which SMPL's rest pose was raised to stand on the ground."""


def rest_pose(body: Body, betas: Array, arm_angle: float = 0.0) -> RestPose:
    """The rest pose of `body` with shape coefficients `betas` (10,) and the arms lowered by `arm_angle` degrees."""
    joints, vertices = body.rest_joints(betas), body.rest_vertices(betas)
    height = -float(vertices[:, 1].min())
    if arm_angle:
        local = np.tile(np.eye(3), (JOINT_COUNT, 1, 1))
        for side, turn in _shoulder_turns(arm_angle).items():
            local[JOINT_INDEX[f"{side}_shoulder"]] = BODY_TO_WORLD.T @ turn @ BODY_TO_WORLD
        posed, rotations = forward_kinematics(local, joints)
        vertices = skin(vertices, joints, body.skin_weights, posed, rotations)
        joints = posed
    raised = np.array([0.0, 0.0, height])
    return RestPose(joints @ BODY_TO_WORLD.T + raised, vertices @ BODY_TO_WORLD.T + raised, height)


def bone_turns(arm_angle: float) -> Array:
    """(24, 3, 3) rotation of each bone from SMPL's rest pose to one with lowered arms, in the armature's frame."""
    turns = np.tile(np.eye(3), (JOINT_COUNT, 1, 1))
    for side, turn in _shoulder_turns(arm_angle).items():
        shoulder = JOINT_INDEX[f"{side}_shoulder"]
        turns[[joint for joint in range(JOINT_COUNT) if shoulder in ancestors(joint)]] = turn
    return turns


def _shoulder_turns(arm_angle: float) -> dict[str, Array]:
    """(3, 3) by side, in the armature's frame."""
    angle = np.radians(arm_angle)
    return {
        side: axis_angle_to_matrix(np.array([0.0, sign * angle, 0.0])) for side, sign in (("left", 1), ("right", -1))
    }
