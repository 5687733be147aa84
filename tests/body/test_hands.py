"""The hands' skeleton: joints on the skin, axes that bend fingers into the palm, left and right alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from posenet3d_blender.body.fingers import FINGER_PARENTS, FINGERS, HANDS, SIDES, TIPS, WRISTS
from posenet3d_blender.body.hands import RestHand, fingertips, rest_hand
from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import Body, load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.errors import PoseNet3DError

MIRROR = np.array([-1.0, 1.0, 1.0])


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body()


@pytest.fixture(scope="module", params=SIDES)
def hand(request: pytest.FixtureRequest, body: Body) -> RestHand:
    return rest_hand(body, request.param, np.zeros(10))


def test_fingers_have_peoples_lengths_in_every_shape(body: Body) -> None:
    for betas in (np.zeros(10), *(2.0 * np.eye(10)), *(-2.0 * np.eye(10))):
        hand = rest_hand(body, "left", betas)
        fingers = hand.lengths.reshape(5, 3).sum(axis=1)
        assert ((fingers > 0.045) & (fingers < 0.115)).all()
        assert fingers[FINGERS.index("middle")] > fingers[FINGERS.index("pinky")]


def test_both_hands_are_mirror_images(body: Body) -> None:
    left, right = (rest_hand(body, side, np.zeros(10)) for side in SIDES)
    np.testing.assert_allclose(right.joints * MIRROR, left.joints, atol=1e-4)
    np.testing.assert_allclose(right.tips * MIRROR, left.tips, atol=2e-3)
    np.testing.assert_allclose(np.degrees(right.rest_flexion), np.degrees(left.rest_flexion), atol=2.0)


def test_flexion_moves_fingertips_into_the_palm_and_spreading_towards_the_thumb(hand: RestHand) -> None:
    thumb_side = hand.tips[TIPS.index("thumb")] * [0.0, 0.0, 1.0]
    for finger, name in enumerate(FINGERS):
        if name == "thumb":
            continue
        for axes, direction in ((hand.flexion_axes, hand.palm_normal), (hand.spread_axes, thumb_side)):
            pose = np.zeros((15, 3))
            pose[3 * finger] = 0.3 * axes[3 * finger]
            _, tips, _ = hand.posed(axis_angle_to_matrix(pose))
            moved = tips - hand.tips
            assert moved[TIPS.index(name)] @ direction > 0.3 * np.linalg.norm(moved[TIPS.index(name)] * direction)
            others = [number for number, other in enumerate(TIPS) if other != name]
            np.testing.assert_array_equal(moved[others], 0.0)


def test_a_flexed_thumb_goes_to_the_fingers_and_a_spread_one_away(hand: RestHand) -> None:
    goal, thumb = hand.joints[3 * FINGERS.index("pinky")], 3 * FINGERS.index("thumb")
    before = np.linalg.norm(hand.tips[0] - goal)
    for axes, nearer in ((hand.flexion_axes, True), (hand.spread_axes, False)):
        pose = np.zeros((15, 3))
        pose[thumb] = 0.3 * axes[thumb]
        _, tips, _ = hand.posed(axis_angle_to_matrix(pose))
        assert (np.linalg.norm(tips[0] - goal) < before) == nearer


def test_axes_are_at_right_angles_to_the_bones_and_to_each_other(hand: RestHand) -> None:
    triads = np.stack([hand.flexion_axes, hand.spread_axes, hand.bones / hand.lengths[:, None]], axis=1)
    np.testing.assert_allclose(triads @ np.swapaxes(triads, 1, 2), np.tile(np.eye(3), (15, 1, 1)), atol=1e-9)


def test_a_relaxed_finger_is_bent_more_than_at_rest_and_less_than_a_fist(hand: RestHand) -> None:
    rotations = axis_angle_to_matrix(hand.relaxed_pose.reshape(15, 3))
    _, tips, _ = hand.posed(rotations)
    depth = (tips - hand.tips) @ hand.palm_normal
    assert (depth[1:] > 0.01).all()
    assert np.linalg.norm(tips[1:], axis=-1).min() > 0.7 * np.linalg.norm(hand.tips[1:], axis=-1).min()


def test_bones_keep_their_lengths_in_any_pose(hand: RestHand) -> None:
    rotations = axis_angle_to_matrix(np.random.default_rng(0).normal(0, 1, (4, 15, 3)))
    joints, tips, _ = hand.posed(rotations)
    for joint, parent in enumerate(FINGER_PARENTS):
        if parent >= 0:
            lengths = np.linalg.norm(joints[:, joint] - joints[:, parent], axis=-1)
            np.testing.assert_allclose(lengths, hand.lengths[parent])
    ends = [3 * FINGERS.index(name) + 2 for name in TIPS]
    np.testing.assert_allclose(np.linalg.norm(tips - joints[:, ends], axis=-1), np.tile(hand.lengths[ends], (4, 1)))


def test_fingers_share_the_weights_of_smpls_hands(body: Body) -> None:
    assert body.fingers is not None
    weights = body.fingers.skin_weights
    np.testing.assert_allclose(weights.reshape(-1, 2, 15).sum(axis=2), body.skin_weights[:, HANDS], atol=1e-12)
    assert (weights.max(axis=0) > 0.75).all()


def test_fingers_at_rest_leave_the_skin_as_it_is_and_posed_ones_move_only_hands(body: Body) -> None:
    rng = np.random.default_rng(2)
    rotations, betas, trans = (
        axis_angle_to_matrix(rng.normal(0, 0.4, (2, 24, 3))),
        rng.normal(0, 1, 10),
        np.zeros((2, 3)),
    )
    rotations[:, HANDS] = np.eye(3)
    stiff = body.posed_vertices(rotations, betas, trans)
    at_rest = body.posed_vertices(rotations, betas, trans, np.tile(np.eye(3), (2, 30, 1, 1)))
    np.testing.assert_allclose(at_rest, stiff, atol=1e-12)
    bent = body.posed_vertices(rotations, betas, trans, axis_angle_to_matrix(rng.normal(0, 0.5, (2, 30, 3))))
    has_hand = body.skin_weights[:, HANDS].sum(axis=1) > 0
    assert np.abs(bent - stiff)[:, has_hand].max() > 0.01
    np.testing.assert_allclose(bent[:, ~has_hand], stiff[:, ~has_hand], atol=1e-12)


def test_the_skin_follows_the_hands_skeleton(body: Body) -> None:
    """Fingertips of the skinned body are where `RestHand.posed` puts them."""
    rng = np.random.default_rng(3)
    rotations, betas, trans = (
        axis_angle_to_matrix(rng.normal(0, 0.4, (3, 24, 3))),
        rng.normal(0, 1, 10),
        np.zeros((3, 3)),
    )
    fingers = axis_angle_to_matrix(rng.normal(0, 0.5, (3, 30, 3)))
    skin = body.posed_vertices(rotations, betas, trans, fingers)
    joints, world = forward_kinematics(rotations, body.rest_joints(betas))
    assert body.fingers is not None
    for number, side in enumerate(SIDES):
        _, tips, _ = rest_hand(body, side, betas).posed(fingers[:, 15 * number : 15 * number + 15])
        in_world = joints[:, WRISTS[number], None] + tips @ np.swapaxes(world[:, WRISTS[number]], -1, -2)
        own_tips = fingertips(body, body.fingers, number)
        of_skin = np.stack([skin[:, tip].mean(axis=1) for tip in own_tips], axis=1)
        np.testing.assert_allclose(of_skin, in_world, atol=5e-4)


def test_a_body_without_fingers_says_so(body: Body) -> None:
    with pytest.raises(PoseNet3DError, match="no finger joints; give an SMPL-H"):
        rest_hand(replace(body, fingers=None), "left", np.zeros(10))
