"""Places of a motion's fingers in the world."""

from __future__ import annotations

import numpy as np

from ..arrays import Array
from ..motion import Motion
from .fingers import FINGERS, SIDES, TIPS, WRISTS
from .hands import rest_hand
from .kinematics import forward_kinematics
from .model import Body
from .rotations import axis_angle_to_matrix


def finger_positions(motion: Motion, body: Body) -> Array | None:
    """(T, 2, 5, 4, 3) metres: left and right hand, fingers as in `FINGERS`, three joints and the fingertip of each.

    None: the motion or the body has no fingers.
    """
    poses = motion.finger_poses
    if poses is None or body.fingers is None:
        return None
    _, world = forward_kinematics(axis_angle_to_matrix(motion.poses), body.rest_joints(motion.betas))
    rotations = axis_angle_to_matrix(poses).reshape(len(poses), 2, 15, 3, 3)
    tip_of_finger = [TIPS.index(finger) for finger in FINGERS]
    hands = []
    for number, side in enumerate(SIDES):
        joints, tips, _ = rest_hand(body, side, motion.betas).posed(rotations[:, number])
        points = np.concatenate([joints.reshape(-1, 5, 3, 3), tips[:, tip_of_finger, None]], axis=2)
        wrist = WRISTS[number]
        turned = points @ np.swapaxes(world[:, wrist], -1, -2)[:, None]
        hands.append(motion.joints[:, None, None, wrist] + turned)
    positions: Array = np.stack(hands, axis=1)
    return positions
