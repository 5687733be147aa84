"""The student's points on a posed skeleton, differentiable: what a prediction looks like, and what training shows.

The detector's keypoints ride on the body's joints. Motion capture and some 2D formats give joints instead, with neck
and head, which no detector gives.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from ...body.keypoints import KEYPOINT_COUNT, KEYPOINT_JOINTS, body_keypoints
from ...body.model import Body
from ...body.skeleton import JOINT_COUNT, JOINT_INDEX, PARENTS
from .joint_of_point import JOINT_OF_POINT, NO_JOINT
from .torch_body import BodyBones, select_joints

_NECK_AND_HEAD: Final = (JOINT_INDEX["neck"], JOINT_INDEX["head"])
_JOINT_OF_KEYPOINT: Final = JOINT_OF_POINT[:KEYPOINT_COUNT]


class StudentPoints(nn.Module):
    """Places of the 27 points on skeletons of any shape."""

    offsets: Tensor
    """(25, 3) metres in the frame of the joint that carries each keypoint, on the mean body."""
    directions: Tensor
    """(25, 3, 10) metres per unit of shape coefficient."""
    follows: Tensor
    """(25, 24) 1 where the row's keypoint is at the column's joint and rides on the joint's parent."""
    has_joint: Tensor
    """(25, 1) 1 where the keypoint has a joint of its own."""

    def __init__(self, body: Body) -> None:
        """Measure the shipped body.

        Args:
            body: the body.
        """
        super().__init__()
        keypoints, carriers = body_keypoints(body), list(KEYPOINT_JOINTS)
        offsets = torch.from_numpy(keypoints.template - body.joint_template[carriers])
        directions = torch.from_numpy(keypoints.directions - body.joint_directions[carriers])
        # Rounded as exported networks store them, a quarter of a millimetre, so that these and checkpoints agree.
        self.body_bones = BodyBones(body).half().float()
        self.register_buffer("offsets", offsets.half().float(), persistent=False)
        self.register_buffer("directions", directions.half().float(), persistent=False)
        self.register_buffer("follows", _followed_joints(), persistent=False)
        known = torch.tensor([[float(joint != NO_JOINT)] for joint in _JOINT_OF_KEYPOINT])
        self.register_buffer("has_joint", known, persistent=False)

    def keypoint_offsets(self, bones: Tensor, betas: Tensor) -> Tensor:
        """Each keypoint's place (B, 25, 3) in the frame of the joint that carries it, metres.

        Args:
            bones: (B, 24, 3) the skeleton's rest bones, of this shape or a person's own.
            betas: (B, 10)
        """
        of_shape = self.offsets + (self.directions @ betas[:, None, :, None])[..., 0]
        # A keypoint at a joint that rides on the joint's parent follows the skeleton's own bone.
        followed: Tensor = of_shape + self.follows @ (bones - self.body_bones(betas))
        return followed

    def forward(self, joints: Tensor, world: Tensor, offsets: Tensor, at_joints: Tensor) -> Tensor:
        """The points (B, T, 27, 3).

        Args:
            joints: (B, T, 24, 3) of the posed skeleton.
            world: (B, T, 24, 3, 3) its rotations.
            offsets: (B, 25, 3) as of `keypoint_offsets`.
            at_joints: (B,) 1 where the points are joints, not the detector's keypoints.
        """
        carriers = select_joints(world, KEYPOINT_JOINTS, -3)  # (B, T, 25, 3, 3)
        keypoints = select_joints(joints, KEYPOINT_JOINTS, -2) + (carriers @ offsets[:, None, :, :, None])[..., 0]
        # Those without a joint of their own take any; they stay keypoints.
        own = select_joints(joints, [max(joint, 0) for joint in _JOINT_OF_KEYPOINT], -2)  # (B, T, 25, 3)
        share = at_joints[:, None, None, None] * self.has_joint  # (B, 1, 25, 1)
        return torch.cat([keypoints + share * (own - keypoints), select_joints(joints, _NECK_AND_HEAD, -2)], 2)

    def given(self, at_joints: Tensor) -> Tensor:
        """1 for the points that a source gives (B, 27): all keypoints, or all points of joints; see `forward`."""
        joints = at_joints[:, None]  # (B, 1)
        keypoints = torch.lerp(torch.ones_like(self.has_joint[:, 0]), self.has_joint[:, 0], joints)  # (B, 25)
        return torch.cat([keypoints, joints.expand(-1, len(_NECK_AND_HEAD))], -1)


def _followed_joints() -> Tensor:
    follows = torch.zeros(KEYPOINT_COUNT, JOINT_COUNT)
    for keypoint, (joint, carrier) in enumerate(zip(_JOINT_OF_KEYPOINT, KEYPOINT_JOINTS, strict=True)):
        if joint != NO_JOINT and PARENTS[joint] == carrier:
            follows[keypoint, joint] = 1.0
    return follows
