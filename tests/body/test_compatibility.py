"""A motion of one body is not put on another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from posenet3d_blender.body.compatibility import check_body_fits
from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.errors import PoseNet3DError
from posenet3d_blender.motion import Motion


def test_a_motion_fits_its_own_body_only() -> None:
    body = load_body()
    rng = np.random.default_rng(0)
    poses, trans, betas = rng.normal(scale=0.3, size=(7, 24, 3)), rng.normal(size=(7, 3)), rng.normal(size=10)
    joints, _ = forward_kinematics(axis_angle_to_matrix(poses), body.rest_joints(betas))
    motion = Motion(poses, trans, betas, 30.0, np.arange(7) / 30, joints + trans[:, None], np.zeros((7, 2)), np.ones(7))
    check_body_fits(motion, body)
    larger = replace(body, name="mine", template=1.05 * body.template)
    with pytest.raises(PoseNet3DError, match=r"does not fit the body 'mine'.*--body"):
        check_body_fits(motion, larger)
