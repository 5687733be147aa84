"""Lifted clips whose bones are held at constant lengths."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.model import load_body
from posenet3d_blender.capture.student.lifter.skeleton import LIFTED_JOINTS, SIDE_COUNT, bone_lengths
from trainer.paper.teacher.constant_bones import CAUTIOUS, DETECTED, EXACT, LiftedAccuracy, hold_bones

FRAMES = 300


def turning_body() -> Array:
    """(T, 18, 3) the body at rest, turning once in ten seconds 4 m before the camera; y down."""
    standing = load_body().joint_template[list(LIFTED_JOINTS)] * (1, -1, -1)
    angle = 2 * np.pi * np.arange(FRAMES) / FRAMES
    zero, one = np.zeros_like(angle), np.ones_like(angle)
    turns = np.stack(
        [np.cos(angle), zero, np.sin(angle), zero, one, zero, -np.sin(angle), zero, np.cos(angle)], -1
    ).reshape(-1, 3, 3)
    joints: Array = standing @ turns.swapaxes(1, 2) + (0, 0, 4)
    return joints


@pytest.fixture(scope="module")
def lifted() -> Array:
    """The turning body with depths that are wrong by 5 cm, and drift."""
    truth, generator = turning_body(), np.random.default_rng(0)
    phase, rate = generator.uniform(0, 2 * np.pi, 18), generator.uniform(0.5, 2, 18)
    error = 0.05 * np.sqrt(2) * np.sin(phase + rate * np.arange(FRAMES)[:, None] / 30)  # (T, 18)
    joints: Array = truth * (1 + error / 4)[..., None]
    return joints


def lengths(joints: Array) -> Array:
    """(T, BONES)"""
    return bone_lengths(torch.from_numpy(joints)).numpy()


def error(joints: Array) -> float:
    """Mean distance from the truth, metres, from the middle of the joints."""
    difference = joints - turning_body()
    return float(np.linalg.norm(difference - difference.mean(1, keepdims=True), axis=-1).mean())


@pytest.mark.parametrize(("accuracy", "share"), [(EXACT, 0.8), (CAUTIOUS, 0.8), (DETECTED, 0.9)])
def test_bones_are_of_constant_length_and_joints_nearer_to_the_truth(
    lifted: Array, accuracy: LiftedAccuracy, share: float
) -> None:
    held = hold_bones(lifted, accuracy)
    assert lengths(held).std(0).mean() < 0.3 * lengths(lifted).std(0).mean()
    assert error(held) < share * error(lifted)


def test_left_and_right_are_alike(lifted: Array) -> None:
    means = lengths(hold_bones(lifted, EXACT)).mean(0)
    np.testing.assert_allclose(means[:SIDE_COUNT], means[SIDE_COUNT : 2 * SIDE_COUNT], atol=0.004)


def test_exact_points_stay_on_their_rays_and_nothing_shakes(lifted: Array) -> None:
    held = hold_bones(lifted, EXACT)
    in_picture, before = (joints[..., :2] / joints[..., 2:] for joints in (held, lifted))
    assert np.abs(in_picture - before).max() * 4 < 0.003
    assert np.linalg.norm(np.diff(held, 2, axis=0), axis=-1).mean() < 0.001, "metres/frame^2"


def test_a_rigid_person_stays_as_they_are() -> None:
    np.testing.assert_allclose(hold_bones(turning_body(), DETECTED), turning_body(), atol=1e-3)


def test_a_single_frame_keeps_its_bones_but_for_their_sides(lifted: Array) -> None:
    held = hold_bones(lifted[:1], EXACT)
    assert np.abs(lengths(held)[0, 2 * SIDE_COUNT :] - lengths(lifted)[0, 2 * SIDE_COUNT :]).max() < 0.01
