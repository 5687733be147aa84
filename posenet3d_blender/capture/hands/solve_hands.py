"""Both hands of a solved body, its wrists and its forearms."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ...arrays import Array
from ...body.fingers import SIDES
from ...body.hands import rest_hand
from ...body.model import load_body
from ...body.rotations import axis_angle_to_matrix, matrix_to_quaternion
from ...body.skeleton import JOINT_INDEX
from ...camera import Camera, CameraPath
from ..keypoints.keypoints import Keypoints
from ..keypoints.sampling import SampledKeypoints
from ..solve.posed_body import PosedBody
from .sampling import sample_hand
from .solver import solve_hand
from .terms import HandWeights

FOREARM_SHARE: Final = 0.5
"""Part of a hand's twist that the forearm takes: it turns between elbow and wrist."""


@dataclass(frozen=True)
class SolvedHands:
    """The fingers over S samples, the left hand first."""

    poses: Array
    """(S, 2, 45) axis-angle, as `Motion.left_hand_pose`."""
    confidence: Array
    """(S, 2) from 0 (relaxed, as the hand is not seen) to 1."""


def solve_hands(
    body: PosedBody,
    sampled: SampledKeypoints,
    keypoints: Keypoints,
    camera: Camera | CameraPath,
    smoothing: float,
) -> tuple[PosedBody, SolvedHands]:
    """Solve the fingers, and turn the body's wrists and forearms to the hands.

    A body without finger joints gets the poses of the shipped one's.

    Args:
        body: solved.
        sampled: the body's keypoints.
        keypoints: with hands.
        camera: as of `lift`.
        smoothing: seconds, as of `SolveWeights`.
    """
    own = body.body if body.body.fingers is not None else load_body()
    betas = body.betas if own is body.body else np.zeros_like(body.betas)
    hand_weights = replace(HandWeights(), smoothing=smoothing)
    poses, confidence = [], []
    for number, side in enumerate(SIDES):
        found = sample_hand(keypoints, number, sampled, camera)
        # In the forearm's axes, so that the wrist is smooth on it however fast the arm waves.
        forearm = body.world_rotations[:, JOINT_INDEX[f"{side}_elbow"]]
        by_body = body.rotations[:, JOINT_INDEX[f"{side}_wrist"]]
        solved = solve_hand(rest_hand(own, side, betas), sampled.time, found.seen_from(forearm), by_body, hand_weights)
        if solved.confidence.any():
            body = turn_wrist(body, number, forearm @ solved.wrist)
        poses.append(solved.pose)
        confidence.append(solved.confidence)
    return body, SolvedHands(np.stack(poses, axis=1), np.stack(confidence, axis=1))


def turn_wrist(body: PosedBody, side: int, wrist: Array) -> PosedBody:
    """The body with the wrist of one side turned so (S, 3, 3), in the frame of the solve; no joint changes its place.

    The twist about the forearm is shared with the elbow's joint.
    """
    elbow, hand = (JOINT_INDEX[f"{SIDES[side]}_{part}"] for part in ("elbow", "wrist"))
    forearm = body.rest_joints[hand] - body.rest_joints[elbow]
    forearm = forearm / np.linalg.norm(forearm)
    relative = np.swapaxes(body.world_rotations[:, elbow], 1, 2) @ wrist
    shared = FOREARM_SHARE * twist_about(relative, forearm)  # (S,)
    turn = axis_angle_to_matrix(shared[:, None] * forearm)
    rotations = body.rotations.copy()
    rotations[:, elbow] = rotations[:, elbow] @ turn
    rotations[:, hand] = np.swapaxes(turn, 1, 2) @ relative
    return replace(body, rotations=rotations)


def twist_about(rotations: Array, axis: Array) -> Array:
    """(S,) radians, from -pi to pi, by which rotations (S, 3, 3) turn about a unit axis (3,).

    Not followed from sample to sample: a forearm turns by less than half a turn to either side, and one misread hand
    would turn it right round for the rest of the clip.
    """
    quaternions = matrix_to_quaternion(rotations)
    twist = 2 * np.arctan2(quaternions[:, 1:] @ axis, quaternions[:, 0])
    principal: Array = np.remainder(twist + np.pi, 2 * np.pi) - np.pi
    return principal
