"""The SMPL body's skeleton as a differentiable layer, posed by `smplx`."""

from __future__ import annotations

import torch
from smplx.lbs import batch_rigid_transform
from torch import Tensor, nn

from posenet3d_blender.body.keypoints import KEYPOINT_JOINTS
from posenet3d_blender.body.model import Body
from posenet3d_blender.body.skeleton import JOINT_COUNT, PARENTS
from posenet3d_blender.capture.student.lifter.skeleton import mean_bone

from .body_points import KEYPOINT_ANCHORS, keypoint_offsets


class SmplSkeleton(nn.Module):
    """Joints and keypoints from rotations, shape and bone offsets."""

    template: Tensor
    directions: Tensor
    chain: Tensor
    """(24, 24) 1 where the column's joint is the row's or an ancestor of it."""
    offsets: Tensor
    """(25, 3) see `keypoint_offsets`."""
    mean_bone: float
    """Of the body at rest, metres, see `skeleton.mean_bone`."""

    def __init__(self, body: Body) -> None:
        """Store the body as buffers.

        Args:
            body: the shipped body.
        """
        super().__init__()
        self.register_buffer("template", torch.from_numpy(body.joint_template).float(), persistent=False)
        self.register_buffer("directions", torch.from_numpy(body.joint_directions).float(), persistent=False)
        # Not a buffer: on a GPU each look-up of a parent would wait for all work before it.
        self._parents = torch.tensor(PARENTS)
        chain = torch.eye(JOINT_COUNT)
        for joint in range(1, JOINT_COUNT):
            chain[joint] += chain[PARENTS[joint]]
        self.register_buffer("chain", chain, persistent=False)
        self.register_buffer("offsets", keypoint_offsets(body), persistent=False)
        self.mean_bone = mean_bone(body)

    def rest_joints(self, betas: Tensor, bone_offsets: Tensor) -> Tensor:
        """(B, 24, 3) metres, for shape (B, 10) and offsets added to the bones (B, 24, 3)."""
        return self.template + (self.directions @ betas[:, None, :, None])[..., 0] + self.chain @ bone_offsets

    def forward(self, rotations: Tensor, betas: Tensor, bone_offsets: Tensor) -> tuple[Tensor, Tensor]:
        """Joints (B, T, 24, 3), metres, and the detector's keypoints (B, T, 25, 3) on them.

        Args:
            rotations: (B, T, 24, 3, 3) relative to the parent.
            betas: (B, 10).
            bone_offsets: (B, 24, 3) metres.
        """
        count, window = rotations.shape[:2]
        rest = self.rest_joints(betas, bone_offsets).repeat_interleave(window, 0)  # (B * T, 24, 3)
        joints, transforms = batch_rigid_transform(rotations.flatten(0, 1), rest, self._parents)
        carriers = transforms[:, list(KEYPOINT_JOINTS), :3, :3]  # (B * T, 25, 3, 3)
        keypoints = joints[:, list(KEYPOINT_ANCHORS)] + (carriers @ self.offsets[:, :, None])[..., 0]
        return torch.unflatten(joints, 0, (count, window)), torch.unflatten(keypoints, 0, (count, window))
