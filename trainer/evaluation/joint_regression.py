"""Joints of a data set from the shipped body: one constant offset for each joint and subject.

Data sets put joints elsewhere than the body does, by up to 13 cm. Others regress a data set's joints from the mesh by a
matrix made for it; the same idea, with the fewest numbers: each joint has a constant offset in its bone's frame. The
offsets of a subject are fitted on every other of their clips and applied to the clips between, both ways round, so that
no clip is measured with offsets that were fitted on it. What is left is the error of the pose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.skeleton import JOINT_COUNT

from .metrics import COMMON_JOINTS, fit_similarity

ROUNDS: Final = 12
_STRIDE: Final = 2
"""Every other frame tells the offsets as well as all of them."""


@dataclass(frozen=True)
class BodyView:
    """The body as a student poses it in one view of a clip, and the clip's truth."""

    joints: Array
    """(T, 24, 3) of the body in its mean shape, metres."""
    world_rotations: Array
    """(T, 24, 3, 3)"""
    target: Array
    """(T, 24, 3) metres, in the same frame of reference."""
    subject: str
    clip: int
    """Position among the clips."""


def regress_joints(views: Sequence[BodyView]) -> list[tuple[Array, Array]]:
    """Pairs of regressed and true joints (T, 24, 3), of the views whose subject has clips of both kinds."""
    clips_of: dict[str, list[int]] = {}
    for view in views:
        clips = clips_of.setdefault(view.subject, [])
        if view.clip not in clips:
            clips.append(view.clip)
    pairs = []
    for subject, clips in clips_of.items():
        for parity in (0, 1):
            fitted_on = [view for view in views if view.subject == subject and clips.index(view.clip) % 2 != parity]
            applied_to = [view for view in views if view.subject == subject and clips.index(view.clip) % 2 == parity]
            if fitted_on:
                offsets = fit_offsets(fitted_on)
                pairs += [
                    (with_offsets(view.joints, view.world_rotations, offsets), view.target) for view in applied_to
                ]
    return pairs


def fit_offsets(views: Sequence[BodyView]) -> Array:
    """(24, 3) metres, in each joint's frame: what brings the body's joints nearest to the true ones.

    By turns the offsets and the similarity of each frame that carries the body onto the truth.
    """
    joints = np.concatenate([view.joints[::_STRIDE] for view in views])  # (N, 24, 3)
    frames = np.concatenate([view.world_rotations[::_STRIDE] for view in views])  # (N, 24, 3, 3)
    target = np.concatenate([view.target[::_STRIDE] for view in views])  # (N, 24, 3)
    offsets = np.zeros((JOINT_COUNT, 3))
    for _ in range(ROUNDS):
        moved = with_offsets(joints, frames, offsets)
        common, true = moved[:, COMMON_JOINTS], target[:, COMMON_JOINTS]
        # The truth is brought onto the body, so that offsets are counted in the body's metres.
        scale, rotation = fit_similarity(true, common)
        from_middle = target - true.mean(1, keepdims=True)
        wanted = scale[:, None, None] * from_middle @ np.swapaxes(rotation, 1, 2) + common.mean(1, keepdims=True)
        offsets += np.einsum("tjab,tja->jb", frames, wanted - moved) / len(joints)
    return offsets


def with_offsets(joints: Array, world_rotations: Array, offsets: Array) -> Array:
    """Joints (T, 24, 3) moved by constant offsets (24, 3) in their frames (T, 24, 3, 3)."""
    moved: Array = joints + np.einsum("tjab,jb->tja", world_rotations, offsets)
    return moved
