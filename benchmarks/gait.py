"""Walks and runs of any length: one gait cycle of motion capture, repeated on a straight line by the shipped body."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import Body
from posenet3d_blender.body.rotations import (
    axis_angle_to_matrix,
    continuous_quaternions,
    matrix_to_quaternion,
    quaternion_to_matrix,
)
from posenet3d_blender.body.soles import SOLE_JOINTS, body_soles
from posenet3d_blender.capture.student.torch_body import parent_offsets
from tools import figure
from trainer.data.clips import load_clips
from trainer.windows.fit_rotations import fit_clips

RATE: Final = 30
"""Frames per second."""
BETAS: Final = np.zeros(10)
FADE: Final = 5
"""Frames over which the end of a cycle goes over into its beginning."""
CYCLE: Final = {"walk": (26, 44), "run": (16, 28)}
"""Frames of a cycle of two steps, at least and at most."""
LOW: Final = 0.06
"""Metres above the lowest place of a sole below which it bears the body."""
SLIDING: Final = 0.3
"""Metres per second from which a sole slides."""


@dataclass(frozen=True)
class Gait:
    """T frames in Blender's world, Z up, metres; the way leads along +X and begins at the origin."""

    rotations: Array
    """(T, 24, 3, 3) relative to the parent, the pelvis's in the world."""
    translation: Array
    """(T, 3) SMPL's: the pelvis stands at its rest position plus this."""
    joints: Array
    """(T, 24, 3)"""

    @property
    def distance(self) -> float:
        """Metres from the pelvis's first place to its last, on the floor."""
        return float(np.linalg.norm(self.joints[-1, 0, :2] - self.joints[0, 0, :2]))


def looped_gait(body: Body, file: Path, clip: str, kind: str, metres: float) -> Gait:
    """Repeat a clip's best gait cycle until it has gone so far.

    Args:
        body: the shipped one.
        file: training data, as `trainer.data.clips` reads it.
        clip: name of a clip of somebody who walks or runs.
        kind: walk or run.
        metres: to go.
    """
    clips = load_clips(file)
    clips = clips.select([clips.names.index(clip)])
    fitted = fit_clips(clips, parent_offsets(body.joint_template))
    rotations, root = fitted.rotations.astype(np.float64), clips.root.astype(np.float64)
    rotations[:, 0] = figure.Y_UP_TO_Z_UP @ rotations[:, 0]
    way = root[-1] - root[0]
    heading = axis_angle_to_matrix(np.array([0.0, 0.0, -np.arctan2(-way[2], way[0])]))
    rotations[:, 0] = heading @ rotations[:, 0]
    rest = body.rest_joints(BETAS)
    bones = np.linalg.norm(fitted.bones[0, [4, 7]], axis=-1).sum()
    leg = np.linalg.norm(rest[[4, 7]] - rest[[1, 4]], axis=-1).sum()
    root = root @ figure.Y_UP_TO_Z_UP.T @ heading.T * (leg / bones)
    start, length = _best_cycle(rotations, *CYCLE[kind])
    cycle = _faded(rotations, start, length)
    stride = (root[start + length] - root[start])[0]
    sway = root[start - FADE : start + length] - np.arange(-FADE, length)[:, None] * [stride / length, 0.0, 0.0]
    sway = _fade(sway[FADE:], sway[:FADE]) - sway[FADE]
    stride *= _grip(body, cycle, sway, stride)
    count = int(np.ceil(metres / stride * length)) + 1
    frames = np.arange(count) % length
    translation = sway[frames] + np.arange(count)[:, None] * [stride / length, 0.0, 0.0]
    lowest = np.array([figure.lowest_point(body, row, BETAS) for row in cycle]) + sway[:, 2]
    translation[:, 2] -= lowest.min()
    joints = forward_kinematics(cycle[frames], rest)[0] + translation[:, None]
    return Gait(cycle[frames], translation, joints)


def _best_cycle(rotations: Array, shortest: int, longest: int) -> tuple[int, int]:
    """First frame and length of the stretch whose ends are most alike, in pose and in speed."""
    change = np.diff(rotations, axis=0)
    best, found = np.inf, (FADE, shortest)
    for length in range(shortest, longest + 1):
        for start in range(FADE, len(rotations) - length - 1):
            end = start + length
            off = np.abs(rotations[end] - rotations[start]).mean() + np.abs(change[end] - change[start]).mean()
            if off < best:
                best, found = float(off), (start, length)
    return found


def _faded(rotations: Array, start: int, length: int) -> Array:
    """(length, 24, 3, 3) a cycle that goes over into itself."""
    quaternions = continuous_quaternions(matrix_to_quaternion(rotations))
    cycle, before = quaternions[start : start + length], quaternions[start - FADE : start]
    before = np.where((before * cycle[-FADE:]).sum(-1, keepdims=True) < 0, -before, before)
    mixed = _fade(cycle, before)
    return quaternion_to_matrix(mixed / np.linalg.norm(mixed, axis=-1, keepdims=True))


def _fade(cycle: Array, before: Array) -> Array:
    """The cycle, whose last frames go over into those `before` its first one."""
    weight = np.linspace(0, 1, FADE + 2)[1:-1].reshape(-1, *[1] * (cycle.ndim - 1))
    return np.concatenate([cycle[:-FADE], (1 - weight) * cycle[-FADE:] + weight * before])


def _grip(body: Body, rotations: Array, sway: Array, stride: float) -> float:
    """Factor of the stride with which the soles on the floor slide least; a cycle's rotations (T, 24, 3, 3)."""
    carriers, rest = list(SOLE_JOINTS), body.rest_joints(BETAS)
    joints, world = forward_kinematics(rotations, rest)
    arms = body_soles(body).rest_points(BETAS) - rest[carriers]
    soles = joints[:, carriers] + (world[:, carriers] @ arms[..., None])[..., 0] + sway[:, None]  # (T, 4, 3)
    steps = np.diff(np.concatenate([soles, soles[:1]]), axis=0)[..., :2]
    is_low = soles[..., 2] < soles[..., 2].min() + LOW

    def slides(factor: float) -> float:
        speeds = np.linalg.norm(steps + np.array([factor * stride / len(rotations), 0.0]), axis=-1) * RATE
        return float((is_low * SLIDING**2 / (speeds**2 + SLIDING**2)).sum())

    return float(max(np.linspace(0.8, 1.3, 201), key=slides))


def at_times(gait: Gait, time: Array) -> Array:
    """Joints (N, 24, 3) at other times, seconds."""
    own = np.arange(len(gait.joints)) / RATE
    columns = [np.interp(time, own, column) for column in gait.joints.reshape(len(own), -1).T]
    return np.stack(columns, axis=-1).reshape(len(time), -1, 3)
