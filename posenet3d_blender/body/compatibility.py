"""Check that a motion belongs to a body."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..errors import PoseNet3DError
from ..motion import Motion
from .kinematics import forward_kinematics
from .model import Body
from .rotations import axis_angle_to_matrix

LARGEST_DISTANCE = 0.005
"""Metres by which the motion's joints may lie off the body's; other SMPL bodies are centimetres off."""


def check_body_fits(motion: Motion, body: Body) -> None:
    """Raise unless the motion's joints are those of its poses on this body.

    Raises:
        PoseNet3DError: the motion was captured on another body.
    """
    frames = np.unique(np.linspace(0, motion.frame_count - 1, 20).astype(int))
    joints, _ = forward_kinematics(axis_angle_to_matrix(motion.poses[frames]), body.rest_joints(motion.betas))
    distance = np.abs(joints + motion.trans[frames, None] - motion.joints[frames]).max()
    if distance > LARGEST_DISTANCE:
        raise PoseNet3DError(
            f"the motion does not fit the body '{body.name}' ({1000 * distance:.0f} mm off); "
            "give the body that it was captured on with --body FILE"
        )


def warn_of_stiff_hands(motions: Sequence[Motion], body: Body, warn: Callable[[str], object]) -> None:
    """Warn if any of the motions has fingers and the body has none."""
    if body.fingers is None and any(motion.finger_poses is not None for motion in motions):
        warn(f"The body '{body.name}' has no finger joints: the fingers are left out; give an SMPL-H or SMPL-X body")
