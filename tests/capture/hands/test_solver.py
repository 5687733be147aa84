"""The hand solver on points with truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.fingers import SIDES
from posenet3d_blender.body.hands import RestHand, rest_hand
from posenet3d_blender.body.model import load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix, matrix_to_axis_angle
from posenet3d_blender.capture.hands.posed_hand import ANGLES, PosedHand, angle_limits
from posenet3d_blender.capture.hands.sampling import points_in_camera, sample_hand
from posenet3d_blender.capture.hands.solver import SolvedHand, solve_hand
from posenet3d_blender.capture.keypoints.sampling import SampledKeypoints

from .synthetic_hand import FOCAL_LENGTH, SyntheticHand, finger_errors, moving_hand, points_of

TIME = np.arange(90) / 30


@pytest.fixture(params=SIDES)
def rest(request: pytest.FixtureRequest) -> RestHand:
    return rest_hand(load_body(), request.param, np.zeros(10))


def solve(hand: SyntheticHand, body_wrist: Array | None = None) -> SolvedHand:
    sampled = SampledKeypoints(TIME, np.zeros((len(TIME), 25, 2)), np.ones((len(TIME), 25)))
    side = SIDES.index(hand.truth.rest.side)
    found = sample_hand(hand.keypoints, side, sampled, FOCAL_LENGTH)
    return solve_hand(hand.truth.rest, TIME, found, hand.truth.wrist if body_wrist is None else body_wrist)


def wrist_errors(solved: SolvedHand, hand: SyntheticHand) -> Array:
    """(S,) degrees."""
    turn = matrix_to_axis_angle(np.swapaxes(solved.wrist, 1, 2) @ hand.truth.wrist)
    errors: Array = np.degrees(np.linalg.norm(turn, axis=-1))
    return errors


def test_points_in_the_camera_are_the_true_ones(rest: RestHand) -> None:
    hand = moving_hand(rest, TIME)
    hands = hand.keypoints.hands
    assert hands is not None
    side = SIDES.index(rest.side)
    rays = (hands.points[:, side] - np.array(hand.keypoints.image_size) / 2) / FOCAL_LENGTH
    points, _ = points_in_camera(rays, hands.metric[:, side])
    true = points_of(hand.truth)
    true -= true.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(points - points.mean(axis=1, keepdims=True), true, atol=0.004)


def test_angles_of_clear_points_are_found(rest: RestHand) -> None:
    hand = moving_hand(rest, TIME)
    turned = hand.truth.wrist @ axis_angle_to_matrix(np.array([0.4, -0.3, 0.3]))
    solved = solve(hand, body_wrist=turned)
    assert wrist_errors(solved, hand).mean() < 4
    assert finger_errors(solved.pose, hand.truth).mean() < 8


def test_noise_of_single_frames_is_smoothed(rest: RestHand) -> None:
    hand = moving_hand(rest, TIME, noise=0.006)
    solved = solve(hand)
    assert finger_errors(solved.pose, hand.truth).mean() < 13
    still = np.diff(solved.pose, 2, axis=0)
    assert np.abs(still).max() * 30**2 < 80, "radians per second squared"


def test_joints_keep_their_limits_whatever_the_points_say(rest: RestHand) -> None:
    hand = moving_hand(rest, TIME, noise=0.02)
    solved = solve(hand)
    low, high = angle_limits(rest)
    joints = solved.pose.reshape(len(TIME), 15, 3)
    for number, angle in enumerate(ANGLES):
        if angle.joint % 3 == 2:  # hinges
            bend = joints[:, angle.joint] @ rest.flexion_axes[angle.joint]
            assert np.radians(-8) + low[number] < bend.min()
            assert bend.max() < high[number] + np.radians(8)
            np.testing.assert_allclose(
                joints[:, angle.joint], bend[:, None] * rest.flexion_axes[angle.joint], atol=1e-6
            )


def test_a_hand_that_is_not_seen_eases_to_a_relaxed_one_and_to_the_bodys_wrist(rest: RestHand) -> None:
    presence = np.where((TIME > 0.9) & (TIME < 2.6), 0.1, 0.95)
    hand = moving_hand(rest, TIME, presence=presence)
    solved = solve(hand)
    unseen = (TIME > 1.5) & (TIME < 2.0)
    assert solved.confidence[unseen].max() == 0
    assert solved.confidence[TIME < 0.8].min() > 0.9
    relaxed = PosedHand.relaxed(rest, hand.truth.wrist[unseen])
    assert finger_errors(solved.pose[unseen], relaxed).mean() < 6
    assert wrist_errors(solved, hand)[unseen].max() < 10
    speed = np.abs(np.diff(solved.pose, axis=0)).max() * 30
    assert speed < 12, "radians per second: it eases, it does not jump"


def test_a_hand_taken_for_its_back_for_a_moment_does_not_turn_the_wrist(rest: RestHand) -> None:
    hand = moving_hand(rest, TIME)
    misread = (TIME > 1.0) & (TIME < 1.4)
    # The network's palm is the true one turned by half about the fingers' direction; the body's points show the latter.
    half = axis_angle_to_matrix(np.pi * rest.joints[3] / np.linalg.norm(rest.joints[3]))
    body_wrist = np.where(misread[:, None, None], hand.truth.wrist @ half, hand.truth.wrist)
    solved = solve(hand, body_wrist=body_wrist)
    assert not solved.confidence[misread].any()
    assert (solved.confidence[~misread] > 0.9).all()
    off = matrix_to_axis_angle(np.swapaxes(solved.wrist, 1, 2) @ body_wrist)
    assert np.degrees(np.linalg.norm(off[(TIME > 1.15) & (TIME < 1.25)], axis=-1)).max() < 60


def test_a_hand_that_is_never_seen_is_relaxed_throughout(rest: RestHand) -> None:
    hand = moving_hand(rest, TIME, presence=np.full(len(TIME), 0.2))
    solved = solve(hand)
    np.testing.assert_allclose(solved.pose, np.tile(solved.pose[0], (len(TIME), 1)), atol=1e-9)
    np.testing.assert_allclose(solved.wrist, hand.truth.wrist)
    assert not solved.confidence.any()


def test_depths_of_a_hand_taken_for_the_other_side_are_turned_back(rest: RestHand) -> None:
    hand = moving_hand(rest, TIME)
    hands = hand.keypoints.hands
    assert hands is not None
    hands.metric[..., 2] *= -1
    taken_for = words_near(1.0 if rest.side == "left" else 0.0)
    hands.handedness[:] = taken_for[:, None]
    solved = solve(hand)
    assert finger_errors(solved.pose, hand.truth).mean() < 8


def test_mirrored_depths_are_turned_back_also_where_the_network_takes_the_hand_for_its_own_side(rest: RestHand) -> None:
    hand = moving_hand(rest, TIME)
    hands = hand.keypoints.hands
    assert hands is not None
    hands.metric[..., 2] *= -1
    hands.handedness[:] = 0.6 if rest.side == "right" else 0.4
    assert finger_errors(solve(hand).pose, hand.truth).mean() < 8


def test_an_arm_that_waves_fast_does_not_smooth_its_wrist_away(rest: RestHand) -> None:
    hand = moving_hand(rest, TIME)
    waving = axis_angle_to_matrix(0.5 * np.sin(2 * np.pi * 3 * TIME)[:, None] * [0.0, 0.0, 1.0])
    sampled = SampledKeypoints(TIME, np.zeros((len(TIME), 25, 2)), np.ones((len(TIME), 25)))
    found = sample_hand(hand.keypoints, SIDES.index(rest.side), sampled, FOCAL_LENGTH)
    still = solve_hand(rest, TIME, found, hand.truth.wrist)
    # The same hand on a forearm that waves three times a second, seen from that forearm.
    waved = replace(
        found,
        directions=found.directions @ np.swapaxes(waving, 1, 2),
        view=(waving @ found.view[..., None])[..., 0],
    )
    again = solve_hand(rest, TIME, waved.seen_from(waving), hand.truth.wrist)
    np.testing.assert_allclose(again.wrist, still.wrist, atol=1e-9)


def words_near(word: float) -> Array:
    """(T,) the network's word in each frame, which is sometimes another one."""
    words = np.full(len(TIME), abs(word - 0.2))
    words[::7] = 0.5 + (0.5 - word) * 0.2
    return words


def test_a_short_gap_is_bridged_not_relaxed(rest: RestHand) -> None:
    presence = np.where((TIME > 1.0) & (TIME < 1.2), 0.1, 0.95)
    hand = moving_hand(rest, TIME, presence=presence)
    gap = (TIME > 1.0) & (TIME < 1.2)
    assert finger_errors(solve(hand).pose, hand.truth)[gap].mean() < 12
