"""Feedback: the student sees its prediction on the points it came from, and corrects it.

A network that maps points to a pose in one step does not see its reprojection errors. Others project the pose and feed
the error back (Carreira et al., CVPR 2016; Wang and Daniilidis, "ReFit", ICCV 2023). Here the prediction is placed
before the virtual camera, each point's residual is measured in metres across the view, and another small network turns
the joints in the camera's frame, where a residual and the turn that removes it are related by a cross product.

With a lifter there are residuals in 3D as well: towards the skeleton that it finds in the same points.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

from ...body.keypoints import KEYPOINT_COUNT
from ...body.model import SHAPE_COUNT, load_body
from ...body.skeleton import JOINT_COUNT, PARENTS
from .features import STUDENT_FEATURE_COUNT, STUDENT_POINT_COUNT
from .joint_of_point import JOINT_OF_POINT, NO_JOINT
from .lifter.network import Lifter
from .lifter.residuals import LARGEST_RESIDUAL, NEAREST, LiftedResiduals, LiftedTurn, Placed
from .mixer import Mixer
from .points import StudentPoints
from .torch_body import (
    cross,
    forward_kinematics,
    matrix_to_six_d,
    relative_to_parents,
    select_joints,
    six_d_to_matrix,
)

_PARENT_OR_SELF: Final = (0, *PARENTS[1:])
_DISTANCES: Final = (0.7, 30.0)
"""Metres from the camera within which the person is placed."""
_SHORTEST_BONE: Final = 0.1
"""Metres: a residual of a shorter bone turns it no more than of this one."""
_SMOOTHING: Final = 1.5
"""Standard deviation, samples, of the weights that average the turns: noise is faster than the student's errors."""
_INPUTS: Final = (6 + 3 + 3) * JOINT_COUNT + 2 * 2 * STUDENT_POINT_COUNT + 1
_LIFTED_INPUTS: Final = (3 + 3 + 1) * JOINT_COUNT + 3
_LIFTED_SHARE: Final = 0.5
"""Of the lifter's turns and bones, that which feedback follows before it is trained."""


class Posed(NamedTuple):
    """A prediction's pose and skeleton, for B windows; see `network.StudentOutput`."""

    rotations: Tensor
    """(B, T, 24, 6)"""
    betas: Tensor
    """(B, 10)"""
    bone_offsets: Tensor
    """(B, 24, 3) metres."""


class Feedback(nn.Module):
    """Corrects a prediction by its residuals; untrained it changes nothing."""

    shown_by: Tensor
    """(24, 27) 1 where the column's point shows the row's joint."""
    smoothing: Tensor
    """(T, T) weights of the samples in each sample's mean."""

    def __init__(
        self, student_width: int, width: int, blocks: int, expansion: int, window: int, lifter: Lifter | None = None
    ) -> None:
        """Build the layers, and measure the shipped body.

        Args:
            student_width: number of the student's hidden features.
            width: number of the feedback's own.
            blocks: number of `Mixer` blocks.
            expansion: hidden width of each block, as a multiple of `width`.
            window: samples in a window.
            lifter: of the residuals in 3D; None: without them.
        """
        super().__init__()
        self.points = StudentPoints(load_body())
        self.register_buffer("shown_by", _points_of_joints(), persistent=False)
        self.register_buffer("smoothing", _weights_over_time(window).half().float(), persistent=False)
        self.lifted = None if lifter is None else LiftedResiduals(lifter)
        inputs, turns = (_INPUTS, JOINT_COUNT)
        if self.lifted is not None:
            inputs, turns = inputs + _LIFTED_INPUTS, turns + JOINT_COUNT + 1
        self.embed = nn.Linear(student_width + STUDENT_FEATURE_COUNT + inputs, width)
        self.blocks = nn.Sequential(*[Mixer(width, expansion, window) for _ in range(blocks)])
        self.norm = nn.LayerNorm(width)
        # The turns that would remove the residuals are given to the last layer, too, as far as they can be trusted:
        # exact points fully, a detector's little.
        self.trust = nn.Linear(width, turns)
        self.turns = nn.Linear(width + 3 * turns, 3 * JOINT_COUNT)
        self.shape = nn.Linear(width, SHAPE_COUNT)
        self.bones = nn.Linear(width, 3 * JOINT_COUNT)
        self.bone_trust = None if self.lifted is None else nn.Linear(width, JOINT_COUNT)
        for head in (self.trust, self.turns, self.shape, self.bones, self.bone_trust):
            if head is not None:
                nn.init.zeros_(head.weight)
                nn.init.zeros_(head.bias)

    @torch.no_grad()
    def follow_lifter(self) -> None:
        """Follow the trained lifter halfway, unless this feedback is trained already."""
        if self.bone_trust is None or self.bone_trust.bias.any():
            return
        self.bone_trust.bias.fill_(_LIFTED_SHARE)
        self.turns.weight[:, -3 * (JOINT_COUNT + 1) :] = _LIFTED_SHARE * _turns_of_joints()

    def forward(self, hidden: Tensor, features: Tensor, first: Posed) -> Posed:
        """The corrected prediction.

        Args:
            hidden: (B, T, width) the student's features before its heads.
            features: (B, T, 82) the student's input.
            first: its prediction.
        """
        confidence = features[..., 2 * STUDENT_POINT_COUNT : -1, None]  # (B, T, 27, 1)
        bones, joints, world, points = self.predicted_points(first, confidence)
        placed = place_nearest(points, features)
        residuals = placed.residuals  # (B, T, 27, 2)
        across = self.shown_by @ (residuals * confidence)  # (B, T, 24, 2)
        correcting = [correcting_turns(joints, torch.cat([across, 0 * across[..., :1]], -1))]  # (B, T, 24, 3)
        # Factors bring the inputs to a like size.
        seen = [matrix_to_six_d(world), 2 * joints, 10 * residuals, 10 * residuals * confidence, *correcting]
        inputs = [hidden, features, *(tensor.flatten(2) for tensor in seen), placed.depth[..., 0].log()]
        lifted: LiftedTurn | None = None
        if self.lifted is not None:
            lifted = self.lifted(joints, placed, features[..., -1:])
            to_lifted = [correcting_turns(joints, lifted.residuals), lifted.turn]
            correcting += to_lifted
            # Zeros repeat it for each sample.
            stretch = 10 * lifted.stretch[:, None] + 0 * placed.depth[..., 0]  # (B, T, 24)
            inputs += [10 * lifted.residuals.flatten(2), *(tensor.flatten(2) for tensor in to_lifted), stretch]
        x = self.norm(self.blocks(self.embed(torch.cat(inputs, -1))))  # (B, T, width)
        trusted = (1 + self.trust(x))[..., None] * torch.cat(correcting, 2)  # (B, T, 24 or 49, 3)
        turned = self._turned(world, self.turns(torch.cat([x, trusted.flatten(2)], -1)))
        pooled = x.mean(1)  # (B, width)
        bone_offsets = first.bone_offsets + self.bones(pooled).unflatten(-1, (JOINT_COUNT, 3))
        if lifted is not None and self.bone_trust is not None:
            bone_offsets = bone_offsets + (self.bone_trust(pooled) * lifted.stretch)[..., None] * bones
        return Posed(matrix_to_six_d(relative_to_parents(turned)), first.betas + self.shape(pooled), bone_offsets)

    def _turned(self, world: Tensor, turns: Tensor) -> Tensor:
        """Rotations (B, T, 24, 3, 3) in the camera's frame, turned by small turns (B, T, 72), averaged over time."""
        if turns.shape[1] > 1:
            turns = self.smoothing @ turns
        turns = turns.unflatten(-1, (JOINT_COUNT, 3))
        columns = [column + cross(turns, column) for column in world.unbind(-1)[:2]]
        return six_d_to_matrix(torch.cat(columns, -1))

    def predicted_points(self, first: Posed, confidence: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Bones (B, 24, 3), joints (B, T, 24, 3), their rotations (B, T, 24, 3, 3) and points (B, T, 27, 3).

        confidence: (B, T, 27, 1) tells joints from the detector's keypoints: only sources of joints give neck and head.
        """
        bones = self.points.body_bones(first.betas) + first.bone_offsets  # (B, 24, 3)
        joints, world = forward_kinematics(six_d_to_matrix(first.rotations), bones[:, None])
        at_joints = (confidence[:, :, KEYPOINT_COUNT:].sum((1, 2, 3)) > 0).to(joints.dtype)  # (B,)
        offsets = self.points.keypoint_offsets(bones, first.betas)  # (B, 25, 3)
        return bones, joints, world, self.points(joints, world, offsets, at_joints)


def place_nearest(points: Tensor, features: Tensor) -> Placed:
    """Put a person where their points (B, T, 27, 3) come nearest to the rays of a student's input (B, T, 82).

    By least squares: x + tx = (z + tz) ray is linear in the place (tx, ty, tz).
    """
    across, forward = points[..., :2], points[..., 2:]
    size = features[..., -1:].exp()[..., None]  # (B, T, 1, 1)
    rays = features[..., : 2 * STUDENT_POINT_COUNT].unflatten(-1, (STUDENT_POINT_COUNT, 2)) * size
    weight = features[..., 2 * STUDENT_POINT_COUNT : -1, None]  # (B, T, 27, 1)
    total = weight.sum(2, keepdim=True).clamp(min=1e-3)  # (B, T, 1, 1)
    aside = rays * forward - across  # (B, T, 27, 2)
    mean_ray, mean_aside = ((weight * value).sum(2, keepdim=True) / total for value in (rays, aside))
    spread, slope = rays - mean_ray, mean_aside - aside
    products, squares = ((weight * spread * value).sum((2, 3), keepdim=True) for value in (slope, spread))
    depth = (products / (squares + 1e-6)).clamp(*_DISTANCES)  # (B, T, 1, 1)
    place = mean_aside + depth * mean_ray  # (B, T, 1, 2)
    residuals = rays * (forward + depth).clamp(min=NEAREST) - across - place
    given = (weight > 0).to(residuals.dtype)
    return Placed(depth, place, residuals.clamp(-LARGEST_RESIDUAL, LARGEST_RESIDUAL) * given)


def correcting_turns(joints: Tensor, residuals: Tensor) -> Tensor:
    """Turns (B, T, 24, 3) of each joint's bone, radians in the camera's frame, that would remove its residuals.

    residuals: (B, T, 24, 3) of the joints (B, T, 24, 3).
    """
    difference = residuals - select_joints(residuals, _PARENT_OR_SELF, -2)
    bones = joints - select_joints(joints, _PARENT_OR_SELF, -2)  # (B, T, 24, 3)
    square = (bones * bones).sum(-1, keepdim=True).clamp(min=_SHORTEST_BONE**2)
    return cross(bones, difference) / square


def _points_of_joints() -> Tensor:
    shown_by = torch.zeros(JOINT_COUNT, STUDENT_POINT_COUNT)
    for point, joint in enumerate(JOINT_OF_POINT):
        if joint != NO_JOINT:
            # Of two points of a joint the last one counts.
            shown_by[joint] = 0
            shown_by[joint, point] = 1
    return shown_by


def _turns_of_joints() -> Tensor:
    """(72, 75) weights: a joint gets the mean turn of the bones that it carries, or its own bone's, and the body's.

    Columns: the turns of the 24 joints' bones, each from its parent, then that of the whole body.
    """
    weights = torch.zeros(JOINT_COUNT, JOINT_COUNT + 1)
    for joint in range(JOINT_COUNT):
        carried = [child for child in range(1, JOINT_COUNT) if PARENTS[child] == joint] or [joint]
        weights[joint, carried] = 1 / len(carried)
    weights[:, -1] = 1.0
    return torch.kron(weights, torch.eye(3))


def _weights_over_time(window: int) -> Tensor:
    moments = torch.arange(float(window))
    weights = torch.exp(-0.5 * ((moments[:, None] - moments) / _SMOOTHING) ** 2)
    return weights / weights.sum(1, keepdim=True)
