"""A hand that opens, closes, spreads and turns in front of a camera, with exact truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.fingers import SIDES
from posenet3d_blender.body.hands import RestHand
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.capture.hands.bones import FINGER_BONES, PALM_BONES, rest_vectors
from posenet3d_blender.capture.hands.posed_hand import ANGLES, LAST_BY_MIDDLE, PosedHand, angle_limits
from posenet3d_blender.capture.keypoints.hand_keypoints import POINT_INDEX, HandKeypoints
from posenet3d_blender.capture.keypoints.keypoints import KEYPOINT_COUNT, Keypoints

FOCAL_LENGTH = 1000.0
IMAGE_SIZE = (1280, 720)
PLACE = np.array([0.3, -0.2, 1.6])
"""Of the wrist, metres, camera frame."""


@dataclass(frozen=True)
class SyntheticHand:
    truth: PosedHand
    keypoints: Keypoints


def moving_hand(
    rest: RestHand, time: Array, noise: float = 0.0, presence: Array | None = None, seed: int = 0
) -> SyntheticHand:
    """A hand with `noise`, metres, on the points of the network's own and, as much, in the picture."""
    rng = np.random.default_rng(seed)
    low, high = angle_limits(rest)
    middle, reach = (low + high) / 2, (high - low) / 2
    phase = rng.uniform(0, 2 * np.pi, len(ANGLES))
    of_kind = np.array([0.7 if angle.kind == "flex" else 0.4 for angle in ANGLES])
    angles = middle + reach * of_kind * np.sin(2 * np.pi * 0.4 * time[:, None] + phase)
    for number, angle in enumerate(ANGLES):
        if angle.joint % 3 == 2 and ANGLES[number - 1].kind == "flex":
            # One tendon bends the last joint with the middle one; a fifth of its own way is left to it.
            of_middle = angles[:, number - 1] + rest.rest_flexion[angle.joint - 1]
            coupled = LAST_BY_MIDDLE * of_middle - rest.rest_flexion[angle.joint]
            angles[:, number] = coupled + 0.2 * (angles[:, number] - middle[number])
    turn = np.stack([0.5 * np.sin(2 * time), 0.4 * np.cos(1.5 * time), 0.3 * np.sin(time)], axis=-1)
    facing = axis_angle_to_matrix(np.array([0.0, 0.0, 1.4 if rest.side == "left" else -1.4]))
    wrist = axis_angle_to_matrix(turn) @ axis_angle_to_matrix(np.array([2.8, 0.0, 0.0])) @ facing
    still = PosedHand.relaxed(rest, wrist)
    truth = PosedHand(rest, wrist, angles, still.rest_directions)
    return SyntheticHand(truth, keypoints_of(truth, time, noise, presence, rng))


def points_of(state: PosedHand) -> Array:
    """(S, 21, 3) metres from the wrist of the networks' points, in the frame of the solve."""
    lengths = np.linalg.norm(rest_vectors(state.rest), axis=-1)
    bones = state.directions * lengths[:, None]
    points = np.zeros((len(state.wrist), len(POINT_INDEX), 3))
    for (start, end), bone in zip((*PALM_BONES, *FINGER_BONES), np.moveaxis(bones, 1, 0), strict=True):
        if start == "wrist" or (start, end) in FINGER_BONES:
            points[:, POINT_INDEX[end]] = points[:, POINT_INDEX[start]] + bone
    return points


def keypoints_of(
    state: PosedHand, time: Array, noise: float, presence: Array | None, rng: np.random.Generator
) -> Keypoints:
    """The points as the networks give them; the other hand is not seen."""
    side, count = SIDES.index(state.rest.side), len(time)
    points = points_of(state) + PLACE
    hands = HandKeypoints.empty(count)
    in_picture = points[..., :2] / points[..., 2:] * FOCAL_LENGTH + np.array(IMAGE_SIZE) / 2
    hands.points[:, side] = in_picture + rng.normal(0, noise * FOCAL_LENGTH / PLACE[2], in_picture.shape)
    view = (PLACE + points_of(state).mean(axis=1)).mean(axis=0)
    axes = looking_at(view)
    metric = (points - points.mean(axis=1, keepdims=True)) @ axes
    hands.metric[:, side] = metric + rng.normal(0, noise, metric.shape)
    hands.presence[:, side] = 0.95 if presence is None else presence
    shape = (count, KEYPOINT_COUNT)
    return Keypoints(time, np.zeros((*shape, 2)), np.ones(shape), IMAGE_SIZE, hands)


def looking_at(view: Array) -> Array:
    """(3, 3) axes, as columns, of a camera that was turned the shortest way to look along `view`."""
    forward = view / np.linalg.norm(view)
    turn = np.cross([0.0, 0.0, 1.0], forward)
    angle = np.arctan2(np.linalg.norm(turn), forward[2])
    axis = turn / max(float(np.linalg.norm(turn)), 1e-12)
    return np.asarray(axis_angle_to_matrix(angle * axis))


def finger_errors(solved_pose: Array, truth: PosedHand) -> Array:
    """(S, 15) degrees between the joints' rotations and the true ones."""
    solved = axis_angle_to_matrix(solved_pose.reshape(len(solved_pose), -1, 3))
    true = axis_angle_to_matrix(truth.pose().reshape(len(solved_pose), -1, 3))
    cosine = (np.einsum("sjab,sjab->sj", solved, true) - 1) / 2
    errors: Array = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    return errors
