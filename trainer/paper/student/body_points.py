"""The detector's keypoints on skeletons of lifted joints, which have neither a face nor heels.

A keypoint is fixed to the body: it has a place in the frame of the joint that carries it, see
`posenet3d_blender.body.keypoints`. The lifted skeletons have no rotations, so the frame of each carrier follows from
two directions: along its bone, and another one that tells the bone's twist.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import normalize

from posenet3d_blender.body.keypoints import KEYPOINT_COUNT, KEYPOINT_JOINTS, body_keypoints
from posenet3d_blender.body.model import Body
from posenet3d_blender.body.skeleton import JOINT_NAMES
from posenet3d_blender.capture.student.joint_of_point import JOINT_OF_POINT, NO_JOINT
from posenet3d_blender.capture.student.lifter.skeleton import HIPS, LIFTED_JOINTS, LIFTED_NAMES

from ...geometry.rotations import axis_angle_to_matrix

KEYPOINT_ANCHORS: Final = tuple(
    carrier if joint == NO_JOINT else joint
    for joint, carrier in zip(JOINT_OF_POINT[:KEYPOINT_COUNT], KEYPOINT_JOINTS, strict=True)
)
"""SMPL joint that each keypoint lies near: the joint that it shows, else the one that carries it."""
_LIFTED_ANCHORS: Final = [LIFTED_JOINTS.index(joint) for joint in KEYPOINT_ANCHORS]
_FACE: Final = [index for index, joint in enumerate(KEYPOINT_JOINTS) if JOINT_NAMES[joint] == "head"]
_HANDS: Final = [
    [index for index, joint in enumerate(KEYPOINT_JOINTS) if JOINT_NAMES[joint] == f"{side}_wrist"]
    for side in ("left", "right")
]
_HEAD_DEVIATION: Final = (0.3, 0.5, 0.2)
"""Standard deviation of the head's random rotation about x (nod), y (turn) and z (tilt), radians."""
_FOREARM_DEVIATION: Final = 0.6
"""Standard deviation of the forearm's random twist, radians."""
_STRAIGHT: Final = 0.1
"""Sine of the elbow's angle at which its bend tells the arm's twist as much as the trunk does."""


def keypoint_offsets(body: Body) -> Tensor:
    """(25, 3) metres from KEYPOINT_ANCHORS to the keypoints, on the body at rest."""
    offsets = body_keypoints(body).template - body.joint_template[list(KEYPOINT_ANCHORS)]
    return torch.from_numpy(offsets).float()


class LiftedKeypoints:
    """Places the body's keypoints on lifted skeletons."""

    def __init__(self, body: Body) -> None:
        """Measure the body at rest."""
        self._offsets = keypoint_offsets(body)
        rest = torch.from_numpy(body.joint_template[list(LIFTED_JOINTS)]).float()
        directions = _directions(rest[None, None])
        # At rest the arms are straight: their hinges are level, so that forearms swing to the front.
        up = torch.tensor([0.0, 1.0, 0.0]).expand(1, 1, 3)
        for name in (f"{side}_{part}" for side in ("left", "right") for part in ("shoulder", "wrist")):
            directions[name] = directions[name][0], up
        self._to_rest = {name: _frame(*pair)[0, 0].T for name, pair in directions.items()}

    def __call__(self, joints: Tensor, turns: Tensor | None = None) -> Tensor:
        """Keypoints (B, T, 25, 3) of joints (B, T, 18, 3), metres.

        turns: (B, T, 25, 3, 3) further rotation of each keypoint's carrier, see `random_turns`; None: none.
        """
        offsets = self._offsets.expand(*joints.shape[:2], -1, -1)
        if turns is not None:
            offsets = (turns @ offsets[..., None])[..., 0]
        frames = {name: _frame(*pair) @ self._to_rest[name] for name, pair in _directions(joints).items()}
        carriers = torch.stack([frames[JOINT_NAMES[joint]] for joint in KEYPOINT_JOINTS], 2)  # (B, T, 25, 3, 3)
        return joints[:, :, _LIFTED_ANCHORS] + (carriers @ offsets[..., None])[..., 0]


def random_turns(count: int, window: int, generator: torch.Generator) -> Tensor:
    """(B, T, 25, 3, 3) random rotations of heads and forearms, which lifted joints do not show.

    They change evenly over a window.
    """
    ends = torch.zeros(2, count, 1, KEYPOINT_COUNT, 3)
    head = torch.randn(2, count, 1, 1, 3, generator=generator) * torch.tensor(_HEAD_DEVIATION)
    ends[:, :, :, _FACE] = head
    for points in _HANDS:
        twist = torch.randn(2, count, 1, 1, generator=generator) * _FOREARM_DEVIATION
        ends[:, :, :, points, 0] = twist
    moment = torch.linspace(0, 1, window)[None, :, None, None]
    return axis_angle_to_matrix((1 - moment) * ends[0] + moment * ends[1])


def _directions(joints: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
    """Main and second direction (B, T, 3) of each carrier, by its name, from joints (B, T, 18, 3)."""
    places = {name: joints[:, :, index] for index, name in enumerate(LIFTED_NAMES)}
    places["hips"] = joints[:, :, list(HIPS)].mean(2)

    def along(start: str, end: str) -> Tensor:
        return places[end] - places[start]

    trunk, shoulders = along("hips", "neck"), along("right_shoulder", "left_shoulder")
    pairs = {"pelvis": (along("right_hip", "left_hip"), trunk), "head": (along("neck", "head"), shoulders)}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        upper, forearm = along(f"{side}_shoulder", f"{side}_elbow"), along(f"{side}_elbow", f"{side}_wrist")
        shin, foot = along(f"{side}_knee", f"{side}_ankle"), along(f"{side}_ankle", f"{side}_foot")
        hinge = _elbow_hinge(upper, forearm, trunk, sign * shoulders, sign)
        pairs |= {
            f"{side}_collar": (shoulders, trunk),
            f"{side}_shoulder": (upper, hinge),
            f"{side}_wrist": (along(f"{side}_wrist", f"{side}_hand"), hinge),
            f"{side}_knee": (shin, foot),
            f"{side}_ankle": (foot, shin),
            f"{side}_foot": (foot, shin),
        }
    return pairs


def _elbow_hinge(upper: Tensor, forearm: Tensor, trunk: Tensor, outwards: Tensor, sign: float) -> Tensor:
    """(B, T, 3) the elbow's axis, which points up at rest; of a straight arm the trunk's up, turned with the arm.

    Args:
        upper: (B, T, 3) upper arm.
        forearm: (B, T, 3).
        trunk: (B, T, 3) upwards.
        outwards: (B, T, 3) the direction of the arm at rest.
        sign: 1 for the left arm, -1 for the right one.
    """
    arm, rest = normalize(upper, dim=-1, eps=1e-6), normalize(outwards, dim=-1, eps=1e-6)
    up = normalize(trunk - (trunk * rest).sum(-1, keepdim=True) * rest, dim=-1, eps=1e-6)
    # The smallest rotation of `rest` onto `arm`, applied to `up`.
    cosine = (arm * rest).sum(-1, keepdim=True).clamp(min=-0.95)
    turned = up - (arm * up).sum(-1, keepdim=True) / (1 + cosine) * (arm + rest)
    bend = -sign * torch.linalg.cross(arm, normalize(forearm, dim=-1, eps=1e-6))
    hinge: Tensor = bend + _STRAIGHT * turned
    return hinge


def _frame(main: Tensor, second: Tensor) -> Tensor:
    """(B, T, 3, 3) rotation whose first column is along `main`, the second in the plane of both (B, T, 3)."""
    first = normalize(main, dim=-1, eps=1e-6)
    other = normalize(second - (second * first).sum(-1, keepdim=True) * first, dim=-1, eps=1e-6)
    return torch.stack([first, other, torch.linalg.cross(first, other)], -1)
