"""Motions of a part of the body: the rest stands still, the part moves as captured."""

from __future__ import annotations

import numpy as np
import pytest

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.limbs import LIMB_OF_JOINT
from posenet3d_blender.body.model import Body, load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix, matrix_to_axis_angle
from posenet3d_blender.body.skeleton import JOINT_INDEX, PARENTS
from posenet3d_blender.build_options import BODY_PARTS
from posenet3d_blender.motion import Motion
from posenet3d_blender.motion_edit.body_parts import limit_to_parts, moving_joints
from posenet3d_blender.motion_edit.heading import about_z

UPRIGHT = axis_angle_to_matrix(np.array([np.pi / 2, 0, 0]))
HEADING = 2.5
FRAMES = 60
LEGS = [joint for joint, limb in enumerate(LIMB_OF_JOINT) if limb.endswith("leg")]
ARMS = [joint for joint, limb in enumerate(LIMB_OF_JOINT) if limb.endswith("arm")]


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body()


@pytest.fixture(scope="module")
def motion(body: Body) -> Motion:
    """Someone who leans, turns a little about HEADING, moves all joints and walks."""
    rng = np.random.default_rng(2)
    time = np.arange(FRAMES) / 30
    swing = np.sin(2 * np.pi * time)[:, None, None]
    rotations = axis_angle_to_matrix(rng.normal(0, 0.3, (24, 3)) * swing)
    rotations[:, 0] = about_z(HEADING + 0.3 * swing[:, 0, 0]) @ UPRIGHT @ axis_angle_to_matrix(np.array([0.2, 0, 0]))
    trans = np.column_stack([time, 0.5 * time, 0.9 + 0.1 * swing[:, 0, 0]])
    joints, _ = forward_kinematics(rotations, body.rest_joints(np.zeros(10)))
    contacts, confidence = rng.random((FRAMES, 2)), np.ones(FRAMES)
    poses = matrix_to_axis_angle(rotations)
    return Motion(poses, trans, np.zeros(10), 30.0, time, joints + trans[:, None], contacts, confidence)


def world_rotations(motion: Motion, body: Body) -> Array:
    return forward_kinematics(axis_angle_to_matrix(motion.poses), body.rest_joints(motion.betas))[1]


def test_the_whole_body_is_left_as_it_is(motion: Motion, body: Body) -> None:
    assert limit_to_parts(motion, "whole", body) is motion


@pytest.mark.parametrize("parts", BODY_PARTS[1:])
def test_what_does_not_move_is_at_rest(motion: Motion, body: Body, parts: str) -> None:
    limited = limit_to_parts(motion, parts, body)
    still = [joint for joint in range(1, 24) if joint not in moving_joints(parts)]
    assert set(LEGS) <= set(still)
    assert np.abs(limited.poses[:, still]).max() < 1e-9
    joints, _ = forward_kinematics(axis_angle_to_matrix(limited.poses), body.rest_joints(limited.betas))
    np.testing.assert_allclose(limited.joints, joints + limited.trans[:, None], atol=1e-9)


@pytest.mark.parametrize("parts", ["upper", "arms"])
def test_the_legs_stand_upright_on_the_floor_in_one_place(motion: Motion, body: Body, parts: str) -> None:
    limited = limit_to_parts(motion, parts, body)
    assert np.ptp(limited.joints[:, [0, *LEGS]], axis=0).max() < 1e-9
    rest = body.rest_vertices(limited.betas)
    lowest = (limited.trans[0] + rest @ axis_angle_to_matrix(limited.poses[0, 0]).T)[:, 2].min()
    pelvis_shift = axis_angle_to_matrix(limited.poses[0, 0]) @ body.rest_joints(limited.betas)[0]
    assert lowest + (body.rest_joints(limited.betas)[0] - pelvis_shift)[2] == pytest.approx(0.0, abs=1e-6)
    np.testing.assert_allclose(
        axis_angle_to_matrix(limited.poses[0, 0]), about_z(np.array(HEADING)) @ UPRIGHT, atol=0.02
    )
    np.testing.assert_allclose(limited.joints[0, 0, :2], np.median(motion.joints[:, 0, :2], axis=0), atol=1e-6)
    np.testing.assert_array_equal(limited.contacts, 1)


def test_an_upper_body_moves_as_captured_in_the_world(motion: Motion, body: Body) -> None:
    limited = limit_to_parts(motion, "upper", body)
    upper = list(moving_joints("upper"))
    np.testing.assert_allclose(
        world_rotations(limited, body)[:, upper], world_rotations(motion, body)[:, upper], atol=1e-9
    )


def test_arms_move_as_captured_about_the_chest(motion: Motion, body: Body) -> None:
    limited = limit_to_parts(motion, "arms", body)
    np.testing.assert_allclose(limited.poses[:, ARMS], motion.poses[:, ARMS], atol=1e-9)
    assert {PARENTS[joint] for joint in moving_joints("arms")} - set(moving_joints("arms")) == {JOINT_INDEX["spine3"]}


def test_without_legs_the_hips_travel_as_captured(motion: Motion, body: Body) -> None:
    limited = limit_to_parts(motion, "no-legs", body)
    others = [joint for joint in range(24) if joint not in LEGS]
    np.testing.assert_allclose(limited.joints[:, others], motion.joints[:, others], atol=1e-9)
    np.testing.assert_array_equal(limited.contacts, 0)
