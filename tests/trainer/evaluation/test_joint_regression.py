"""The row `student_regressed`: it forgives where a data set puts its joints, never a wrong pose."""

from __future__ import annotations

import numpy as np
import pytest

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.body.skeleton import JOINT_COUNT, JOINT_INDEX
from trainer.evaluation.joint_regression import BodyView, regress_joints, with_offsets
from trainer.evaluation.metrics import measure


def posed(seed: int) -> tuple[Array, Array]:
    """Joints (T, 24, 3) and world rotations (T, 24, 3, 3) of the body in random poses."""
    poses = 0.5 * np.random.default_rng(seed).standard_normal((40, JOINT_COUNT, 3))
    return forward_kinematics(axis_angle_to_matrix(poses), load_body().rest_joints(np.zeros(10)))


def view(seed: int, clip: int, offsets: Array, error: Array, subject: str = "one") -> BodyView:
    joints, world = posed(seed)
    return BodyView(joints, world, 1.1 * with_offsets(joints, world, offsets) + error, subject, clip)


@pytest.fixture
def offsets() -> Array:
    return 0.04 * np.random.default_rng(5).standard_normal((JOINT_COUNT, 3))


def test_constant_offsets_are_found(offsets: Array) -> None:
    views = [view(seed, seed, offsets, np.zeros(3)) for seed in range(4)]
    plain = measure((one.joints, one.target) for one in views).pa_mpjpe_mm
    assert plain > 25
    assert measure(regress_joints(views)).pa_mpjpe_mm < 0.05 * plain


def test_a_wrong_pose_stays_wrong(offsets: Array) -> None:
    """A difference between clips is not constant: an elbow that is off in every odd clip stays off."""
    error = np.zeros((JOINT_COUNT, 3))
    error[JOINT_INDEX["left_elbow"]] = (0.2, 0, 0)
    views = [view(seed, seed, offsets, error * (seed % 2)) for seed in range(4)]
    assert measure(regress_joints(views)).pa_mpjpe_mm > 8


def test_nobody_is_measured_on_the_clips_that_were_fitted(offsets: Array) -> None:
    """With one clip of a subject there is nothing to fit on."""
    assert regress_joints([view(0, 0, offsets, np.zeros(3)), view(1, 0, offsets, np.zeros(3))]) == []
    pairs = regress_joints([view(0, 0, offsets, np.zeros(3)), view(1, 3, offsets, np.zeros(3), "two")])
    assert pairs == []
