"""Agreement of the student's windows, which lowers the confidence of guessed poses."""

from __future__ import annotations

import numpy as np
import pytest

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.keypoints import KEYPOINT_COUNT, KEYPOINT_INDEX
from posenet3d_blender.body.model import load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.body.skeleton import JOINT_COUNT, JOINT_INDEX
from posenet3d_blender.camera import Camera
from posenet3d_blender.capture.keypoints.keypoints import Keypoints
from posenet3d_blender.capture.lifting import LiftedPerson, lift
from posenet3d_blender.capture.solve.terms import SolveWeights
from posenet3d_blender.capture.student.agreement import HALF_AGREEMENT, point_agreement
from posenet3d_blender.capture.student.predict import load_student
from posenet3d_blender.progress import silent

from ..synthetic_person import FOCAL_LENGTH, IMAGE_SIZE, swaying_person


def test_points_agree_as_their_nearest_joints_do() -> None:
    spread = np.zeros((3, JOINT_COUNT))
    spread[1, JOINT_INDEX["left_wrist"]] = spread[1, JOINT_INDEX["left_hand"]] = HALF_AGREEMENT
    spread[2, JOINT_INDEX["head"]] = 10 * HALF_AGREEMENT
    agreement = point_agreement(spread)
    assert agreement.shape == (3, KEYPOINT_COUNT)
    assert (agreement[0] == 1).all()
    halved = [KEYPOINT_INDEX[f"left_{part}"] for part in ("wrist", "index", "pinky")]
    assert agreement[1, halved].tolist() == [0.5] * 3
    assert (np.delete(agreement[1], halved) == 1).all()
    face = [KEYPOINT_INDEX[name] for name in ("nose", "left_eye", "right_eye", "left_ear", "right_ear")]
    assert (agreement[2, face] < 0.001).all()


def lifted(turn: Array, noise: float) -> LiftedPerson:
    """The synthetic person, turned as a whole by an axis-angle (3,), with noise in pixels on the arms' points."""
    time = np.arange(64) / 30
    person = swaying_person(load_body(), time).truth
    rotations = person.rotations.copy()
    rotations[:, 0] = axis_angle_to_matrix(turn) @ rotations[:, 0]
    points = type(person)(person.body, person.keypoints, rotations, person.pelvis, person.betas).points
    pixels = points[..., :2] / points[..., 2:] * FOCAL_LENGTH + np.array(IMAGE_SIZE) / 2
    arms = [
        index for name, index in KEYPOINT_INDEX.items() if name.split("_")[-1] in ("elbow", "wrist", "index", "pinky")
    ]
    random = np.random.default_rng(0)
    pixels[:, arms] += noise * random.normal(size=(len(time), len(arms), 2))
    keypoints = Keypoints(time, pixels, np.full(pixels.shape[:2], 0.95), IMAGE_SIZE)
    return lift(
        keypoints, load_student("cpu"), None, Camera(FOCAL_LENGTH, IMAGE_SIZE, np.eye(4)), SolveWeights(), silent
    )


def test_a_plain_pose_keeps_its_confidence_and_one_that_makes_no_sense_loses_it() -> None:
    plain = lifted(np.zeros(3), noise=0.0)
    assert plain.confidence.mean() > 0.9
    assert plain.agreement.mean() > 0.95
    scattered = lifted(np.array([0.0, 0.0, 2.0]), noise=200.0)
    assert scattered.confidence.mean() < plain.confidence.mean() - 0.1
    assert scattered.agreement.mean() < plain.agreement.mean() - 0.1
    assert scattered.certainty == pytest.approx(0.95), "the points themselves are as sure as ever"
