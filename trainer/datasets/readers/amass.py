"""AMASS: SMPL-H (or SMPL-X) parameters, one `.npz` for each take, by the keys of `motion_edit/amass.py`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import SHAPE_COUNT, Body, load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.body.skeleton import JOINT_NAMES
from posenet3d_blender.motion_edit.amass import read_take

from ..axes import Z_UP_TO_Y_UP
from ..take import Take, stacked_joints


def read_amass(path: Path, own_body: Body | None = None) -> Take:
    """Read one take; joints by forward kinematics. Finger joints do not move SMPL's hand joints.

    Args:
        path: the take.
        own_body: the user's SMPL body, for the take's first ten shape coefficients. None: the shipped body in its mean
            shape, as its shape space is not SMPL's.

    Raises:
        PoseNet3DError: the file is missing or damaged, or a key is missing, of another layout or not finite.
    """
    take = read_take(path)
    rest = (own_body or load_body()).rest_joints(take.betas if own_body else np.zeros(SHAPE_COUNT))
    joints = forward_kinematics(axis_angle_to_matrix(take.smpl_poses), rest)[0] + take.trans[:, None]
    stacked = stacked_joints(path, {name: joints[:, i] for i, name in enumerate(JOINT_NAMES)}, "poses")
    # The folder is the subject's: one word in the name, by which `trainer.data.subjects` knows it.
    subject = path.parent.name.replace("_", "-")
    return Take(stacked @ Z_UP_TO_Y_UP.T, take.frame_rate, f"amass_{subject}_{path.stem}", "AMASS")
