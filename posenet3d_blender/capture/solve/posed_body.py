"""The body posed in every sample, with the derivatives that the solver needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ...arrays import Array, blocks
from ...body.keypoints import KEYPOINT_JOINTS, BodyKeypoints, keypoints_on_body
from ...body.kinematics import forward_kinematics
from ...body.model import Body
from ...body.rotations import axis_angle_to_matrix
from ...body.skeleton import JOINT_COUNT, PARENTS, ancestors
from ...body.soles import SOLE_JOINTS, BodySoles, body_soles


@dataclass(frozen=True)
class PosedBody:
    """State of the solver: one body over S samples, camera frame, metres."""

    body: Body
    keypoints: BodyKeypoints
    rotations: Array
    """(S, 24, 3, 3) relative to the parent."""
    pelvis: Array
    """(S, 3) the pelvis's position."""
    betas: Array
    """(10,)"""

    @cached_property
    def rest_joints(self) -> Array:
        """(24, 3)"""
        return self.body.rest_joints(self.betas)

    @cached_property
    def _posed(self) -> tuple[Array, Array]:
        joints, world = forward_kinematics(self.rotations, self.rest_joints)
        return joints + (self.pelvis - joints[:, 0])[:, None], world

    @property
    def joints(self) -> Array:
        """(S, 24, 3)"""
        return self._posed[0]

    @property
    def world_rotations(self) -> Array:
        """(S, 24, 3, 3)"""
        return self._posed[1]

    @cached_property
    def points(self) -> Array:
        """(S, 25, 3) the keypoints."""
        rest_points = self.keypoints.rest_points(self.betas)
        return keypoints_on_body(self.joints, self.world_rotations, self.rest_joints, rest_points)

    @cached_property
    def _body_soles(self) -> BodySoles:
        return body_soles(self.body)

    @cached_property
    def soles(self) -> Array:
        """(S, 4, 3) left heel, left ball, right heel, right ball."""
        carriers = list(SOLE_JOINTS)
        arms = self._body_soles.rest_points(self.betas) - self.rest_joints[carriers]  # (4, 3)
        points: Array = self.joints[:, carriers] + (self.world_rotations[:, carriers] @ arms[..., None])[..., 0]
        return points

    def select(self, samples: slice) -> PosedBody:
        """A range of the samples."""
        return replace(self, rotations=self.rotations[samples], pelvis=self.pelvis[samples])

    def in_blocks(self) -> Iterator[PosedBody]:
        """All samples in turn, some at a time, so that a long clip's joints need not all be kept."""
        return map(self.select, blocks(len(self.pelvis)))

    def moved(self, step: Array, shape_step: Array) -> PosedBody:
        """The body after a step (S, 75), of the pelvis and about each joint's own axes, and a shape step (10,)."""
        rotation_steps = axis_angle_to_matrix(step[:, 3:].reshape(-1, JOINT_COUNT, 3))
        return PosedBody(
            self.body,
            self.keypoints,
            self.rotations @ rotation_steps,
            self.pelvis + step[:, :3],
            self.betas + shape_step,
        )

    def point_jacobian(self, points: Array, carriers: tuple[int, ...]) -> Array:
        """(S, K, 3, 75) derivative of points (S, K, 3), each fixed to its carrier joint, by a step of `moved`."""
        arms = points[:, :, None] - self.joints[:, None]  # (S, K, 24, 3)
        # d/dw of exp(w) arm is -[arm]x; w is rotated from the joint's own axes into the camera's.
        x, y, z = np.moveaxis(arms, -1, 0)
        zero = np.zeros_like(x)
        minus_cross = np.stack([zero, z, -y, -z, zero, x, y, -x, zero], -1).reshape(*arms.shape[:-1], 3, 3)
        by_rotation = minus_cross @ self.world_rotations[:, None]  # (S, K, 24, 3, 3)
        carried = np.zeros((len(carriers), JOINT_COUNT))  # 1 for the joints that move a point
        for index, carrier in enumerate(carriers):
            carried[index, list(ancestors(carrier))] = 1.0
        by_rotation *= carried[:, :, None, None]
        jacobian = np.empty((*points.shape, 3 + 3 * JOINT_COUNT))
        jacobian[..., :3] = np.eye(3)
        jacobian[..., 3:] = np.moveaxis(by_rotation, 2, 3).reshape(*points.shape, 3 * JOINT_COUNT)
        return jacobian

    def keypoint_shape_jacobian(self) -> Array:
        """(S, 25, 3, 10) derivative of the keypoints by the shape, the pelvis held."""
        return self._shape_jacobian(KEYPOINT_JOINTS, self.keypoints.directions)

    def sole_shape_jacobian(self) -> Array:
        """(S, 4, 3, 10) derivative of the soles by the shape, the pelvis held."""
        return self._shape_jacobian(SOLE_JOINTS, self._body_soles.directions)

    def _shape_jacobian(self, point_carriers: tuple[int, ...], point_directions: Array) -> Array:
        """(S, K, 3, 10) of points that ride on joints; `point_directions` (K, 3, 10) move them at rest."""
        directions, world = self.body.joint_directions, self.world_rotations
        shift = np.zeros((len(world), JOINT_COUNT, 3, directions.shape[2]))  # of the joints
        for joint in range(1, JOINT_COUNT):
            parent = PARENTS[joint]
            shift[:, joint] = shift[:, parent] + world[:, parent] @ (directions[joint] - directions[parent])
        carriers = list(point_carriers)
        arms = point_directions - directions[carriers]  # (K, 3, 10)
        return shift[:, carriers] + world[:, carriers] @ arms
