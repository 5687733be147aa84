"""Motions for the tests of retargeting: real ones, captured once, and a slow one with planted feet."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import Body
from posenet3d_blender.body.rotations import axis_angle_to_matrix, matrix_to_axis_angle
from posenet3d_blender.motion import Motion, load_motion

UPRIGHT = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
CHECKOUT = Path(__file__).parents[2]


def captured(video: Path, cache: Path, *options: str) -> Motion:
    """The motion of a video, captured by the command line at the first call and kept in `cache`."""
    path = cache / f"{video.stem}.npz"
    if not path.is_file():
        command = [sys.executable, "-m", "posenet3d_blender", "capture", str(video), "-o", str(path), *options]
        run = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
        if run.returncode:
            pytest.skip(f"{video.name} could not be captured: {run.stderr.strip()}")
    return load_motion(path)


def slow_motion(body: Body, frame_count: int = 40) -> Motion:
    """Slow shifts of the weight with both feet planted, arms in large circles, as in taijiquan."""
    time = np.arange(frame_count) / 30
    phase = 2 * np.pi * 0.25 * time
    angles = np.zeros((frame_count, 24, 3))
    lean, bend = 0.12 * np.sin(phase), 0.5 + 0.25 * np.sin(2 * phase)
    for side, sign in ((1, 1.0), (2, -1.0)):
        angles[:, side] = np.column_stack([-bend, 0 * lean, -lean])
        angles[:, side + 3, 0] = 2 * bend
        angles[:, side + 6] = np.column_stack([-bend, 0 * lean, 0 * lean])
        angles[:, 15 + side] = np.column_stack([0 * phase, -sign * 0.8 + 0.6 * np.cos(phase), -sign * (0.7 + lean)])
        angles[:, 17 + side, 1] = -sign * (0.9 + 0.4 * np.sin(phase))
    angles[:, 3, 1], angles[:, 6, 1], angles[:, 9, 1] = lean, lean, 2 * lean
    rotations = axis_angle_to_matrix(angles)
    rotations[:, 0] = UPRIGHT @ axis_angle_to_matrix(np.column_stack([0 * lean, 0 * lean, lean]))
    joints, _ = forward_kinematics(rotations, body.rest_joints(np.zeros(10)))
    sole = float(body.rest_vertices(np.zeros(10))[:, 1].min() - body.rest_joints(np.zeros(10))[7, 1])
    # the ankles' mean place stays on the floor
    trans = -joints[:, [7, 8]].mean(axis=1) + [0, 0, -sole]
    return Motion(
        poses=matrix_to_axis_angle(rotations),
        trans=trans,
        betas=np.zeros(10),
        frame_rate=30.0,
        time=time,
        joints=joints + trans[:, None],
        contacts=np.ones((frame_count, 2)),
        confidence=np.ones(frame_count),
    )
