"""Motion capture on the shipped body, as a level camera and the add-on's detector see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.keypoints import body_keypoints, keypoints_on_body
from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import SHAPE_COUNT, Body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.capture.keypoints.sampling import SampledKeypoints
from posenet3d_blender.capture.student.features import STUDENT_POINT_COUNT, STUDENT_RATE
from trainer.synthesis.cameras import STATURE
from trainer.synthesis.detector_noise import load_detector_noise, simulate_detector

DISTANCE: Final = 4.0
"""Metres from the camera."""


@dataclass(frozen=True)
class Motion:
    """A clip on the shipped body, Y up, T frames at the student's rate."""

    name: str
    rotations: Array
    """(T, 24, 3, 3) relative to the parent."""
    root: Array
    """(T, 3) metres."""


def film(motion: Motion, body: Body, generator: torch.Generator) -> tuple[Array, SampledKeypoints]:
    """The joints (T, 24, 3) before a level camera, metres, y down, and the keypoints that a detector sees.

    `generator` decides the camera's azimuth and the detector's noise.
    """
    betas = np.zeros(SHAPE_COUNT)
    rest = body.rest_joints(betas)
    azimuth = 2 * np.pi * float(torch.rand(1, generator=generator))
    camera = np.diag([1.0, -1.0, -1.0]) @ axis_angle_to_matrix(np.array([0.0, azimuth, 0.0]))
    rotations = motion.rotations.copy()
    rotations[:, 0] = camera @ rotations[:, 0]
    joints, world = forward_kinematics(rotations, rest)
    path = (motion.root - motion.root.mean(axis=0)) @ camera.T + (0.0, 0.0, DISTANCE)
    path[:, 2] = np.maximum(path[:, 2], DISTANCE / 2)
    joints = joints + (path - joints[:, 0])[:, None]
    points = keypoints_on_body(joints, world, rest, body_keypoints(body).rest_points(betas))  # (T, 25, 3)
    rays = np.zeros((len(points), STUDENT_POINT_COUNT, 2))
    rays[:, : points.shape[1]] = points[..., :2] / points[..., 2:]
    seen, confidence = simulate_detector(rays, STATURE / path[:, 2], load_detector_noise(), generator)
    time = np.arange(len(points)) / STUDENT_RATE
    return joints, SampledKeypoints(time, seen[:, : points.shape[1]], confidence[:, : points.shape[1]])
