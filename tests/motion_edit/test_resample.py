"""Motions at another rate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import Body, load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.motion import Motion
from posenet3d_blender.motion_edit.resample import interpolate_smoothly, resample_motions


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body()


def turning(body: Body, rate: float, seconds: float = 2.0, start: float = 0.0) -> Motion:
    """Someone who turns at a constant speed, a full turn in two seconds, on a circle of one metre."""
    time = start + np.arange(round(seconds * rate) + 1) / rate
    angle = np.pi * time
    poses = np.zeros((len(time), 24, 3))
    poses[:, 0, 2] = (angle + np.pi) % (2 * np.pi) - np.pi
    poses[:, 16, 1] = 0.5 * angle
    trans = np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=-1)
    joints, _ = forward_kinematics(axis_angle_to_matrix(poses), body.rest_joints(np.zeros(10)))
    confidence = np.clip(time - start, 0, 1)
    contacts = np.stack([confidence, 1 - confidence], axis=-1)
    return Motion(poses, trans, np.zeros(10), rate, time, joints + trans[:, None], contacts, confidence)


@pytest.mark.parametrize("rate", [12.0, 24.0, 24000 / 1001, 25.0, 59.94, 120.0])
def test_positions_and_rotations_are_those_of_the_new_times(body: Body, rate: float) -> None:
    motion = turning(body, 30.0)
    (given,) = resample_motions([motion], rate, body)
    wanted = turning(body, rate, seconds=(given.frame_count - 1) / rate)
    inside = given.time <= 2.0
    assert given.frame_rate == rate
    assert given.time[-1] == pytest.approx(2.0, abs=0.5 / rate + 1e-9)
    np.testing.assert_allclose(np.diff(given.time), 1 / rate)
    np.testing.assert_allclose(
        axis_angle_to_matrix(given.poses)[inside], axis_angle_to_matrix(wanted.poses)[inside], atol=1e-9
    )
    np.testing.assert_allclose(given.trans[inside], wanted.trans[inside], atol=3e-4)
    np.testing.assert_allclose(given.joints[inside], wanted.joints[inside], atol=3e-4)
    np.testing.assert_allclose(given.confidence[inside], wanted.confidence[inside], atol=0.02)


def test_the_same_rate_changes_nothing(body: Body) -> None:
    motion = turning(body, 24000 / 1001)
    (given,) = resample_motions([motion], float(24 / np.float32(1.001)), body)
    assert given is motion


def test_people_share_one_grid(body: Body) -> None:
    """From the scene's start on, although the second one comes between two of its frames."""
    people = [turning(body, 30.0, start=1.0), turning(body, 30.0, seconds=0.5, start=1.5)]
    first, second = resample_motions([replace(person, scene_start=0.9) for person in people], 24.0, body)
    for person in (first, second):
        steps = (person.time - 0.9) * 24
        np.testing.assert_allclose(steps, np.round(steps), atol=1e-9)
        assert person.scene_start == 0.9
    assert abs(first.time[0] - 1.0) <= 0.5 / 24 + 1e-9
    assert abs(second.time[0] - 1.5) <= 0.5 / 24 + 1e-9


def test_a_single_frame_stays_one(body: Body) -> None:
    motion = turning(body, 30.0, seconds=0.0)
    (given,) = resample_motions([motion], 24.0, body)
    assert given.frame_count == 1
    np.testing.assert_allclose(given.trans, motion.trans)


def test_smooth_curves_go_through_their_samples_without_corners() -> None:
    time = np.arange(30) / 30
    values = np.sin(5 * time)[:, None]
    fine = np.linspace(0, time[-1], 2000)
    curve = interpolate_smoothly(time, values, fine)[:, 0]
    np.testing.assert_allclose(interpolate_smoothly(time, values, time), values, atol=1e-12)
    np.testing.assert_allclose(curve, np.sin(5 * fine), atol=2e-3)
    assert np.abs(np.diff(curve, 2)).max() < 3 * 25 * (fine[1] - fine[0]) ** 2


def test_fingers_turn_along_shortest_arcs(body: Body) -> None:
    motion = turning(body, 30.0)
    pose = np.zeros((motion.frame_count, 45))
    pose[:, 5] = 0.7 * motion.time
    ramp = np.linspace(0, 1, motion.frame_count)
    motion = replace(motion, right_hand_pose=pose, right_hand_confidence=ramp)
    (given,) = resample_motions([motion], 24.0, body)
    at = np.clip(given.time, 0, motion.time[-1])
    assert given.right_hand_pose is not None
    assert given.right_hand_confidence is not None
    np.testing.assert_allclose(given.right_hand_pose[:, 5], 0.7 * at, atol=1e-9)
    np.testing.assert_allclose(given.right_hand_confidence, np.interp(at, motion.time, ramp))
    assert given.left_hand_pose is None
    assert given.left_hand_confidence is None
