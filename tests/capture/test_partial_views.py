"""People of whom the picture shows a part: what is seen is as right as in a whole view, legs stand, confidence says so.

The bundled clip's dancer by the truth's own 2D points, cut off at a line of the picture.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from posenet3d_blender.body.keypoints import keypoint_rest_points, keypoints_on_body
from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.limbs import LIMB_NAMES, LIMB_OF_JOINT
from posenet3d_blender.body.model import load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.body.skeleton import JOINT_INDEX
from posenet3d_blender.capture.keypoints.keypoints import KEYPOINT_INDEX, Keypoints
from posenet3d_blender.capture.keypoints.repair import repair
from posenet3d_blender.capture.lifting import LiftedPerson, lift
from posenet3d_blender.capture.shots import warn_of_guessed
from posenet3d_blender.capture.solve.terms import SolveWeights
from posenet3d_blender.capture.student.predict import Student, load_student
from posenet3d_blender.motion import Motion, load_motion
from posenet3d_blender.progress import silent
from tools.score_demo import aligned_to

from .keypoints.dancer import FOOTAGE, HEIGHT, TRUTH, WIDTH, dancer

RENDERED_BODY = Path(__file__).parents[2] / "examples" / "demo_body.npz"
UPPER_BODY = [joint for joint, limb in enumerate(LIMB_OF_JOINT) if not limb.endswith("leg")]


@pytest.fixture(scope="module")
def student() -> Student:
    return load_student("cpu")


@pytest.fixture(scope="module")
def truth() -> Motion:
    return load_motion(TRUTH)


@pytest.fixture(scope="module")
def whole(student: Student, truth: Motion) -> LiftedPerson:
    return lifted(cut_off(), student, truth)


def cut_off(bottom: float = HEIGHT, right: float = WIDTH) -> Keypoints:
    """The dancer in a picture that ends at these pixels; its middle stays the lens's."""
    points = np.array(dancer())[..., :2]
    outside = (points[..., 1] > bottom) | (points[..., 0] > right)
    return Keypoints(FOOTAGE.time, points, np.where(outside, 0.0, 0.95), (WIDTH, HEIGHT))


def lifted(keypoints: Keypoints, student: Student, truth: Motion) -> LiftedPerson:
    assert truth.camera is not None
    camera = replace(truth.camera, world_to_camera=np.eye(4))
    return lift(repair(keypoints), student, None, camera, SolveWeights(), silent)


def error(person: LiftedPerson, truth: Motion, joints: list[int]) -> float:
    """Millimetres, after a similarity fit of each frame."""
    at = person.sampled.time
    true = np.stack([np.interp(at, truth.time, axis) for axis in truth.joints.reshape(len(truth.time), -1).T], axis=-1)
    found, wanted = person.body.joints[:, joints], true.reshape(len(at), 24, 3)[:, joints]
    return 1000 * float(
        np.mean([np.linalg.norm(aligned_to(a, b) - b, axis=-1).mean() for a, b in zip(found, wanted, strict=True)])
    )


def row_of(truth: Motion, *joints: str) -> float:
    """The joints' median row in the picture."""
    assert truth.camera is not None
    return float(np.median(truth.camera.project(truth.joints)[:, [JOINT_INDEX[name] for name in joints], 1]))


@pytest.mark.parametrize("cut", ["hips", "knees"])
def test_an_upper_body_is_as_right_as_in_a_whole_view_and_the_legs_stand(
    student: Student, truth: Motion, whole: LiftedPerson, cut: str
) -> None:
    row = row_of(truth, *({"hips": ("left_hip", "right_hip"), "knees": ("left_knee", "right_knee")}[cut])) + 5
    part = lifted(cut_off(bottom=row), student, truth)
    assert error(part, truth, UPPER_BODY) < error(whole, truth, UPPER_BODY) + 10
    legs = part.body.joints[:, 0] - part.body.joints[:, [JOINT_INDEX["left_ankle"], JOINT_INDEX["right_ankle"]]].mean(1)
    tilt = np.degrees(np.arccos(legs @ part.floor.up / np.linalg.norm(legs, axis=1)))
    assert tilt.max() < 20
    limbs = dict(zip(LIMB_NAMES, part.limb_confidence.mean(axis=0), strict=True))
    assert min(limbs[name] for name in ("torso", "head", "left_arm", "right_arm")) > 0.5
    assert max(limbs[name] for name in ("left_leg", "right_leg")) < 0.5
    warnings: list[str] = []
    warn_of_guessed("The person", part.limb_confidence, warnings.append)
    assert "left leg" in warnings[0]
    assert "arm" not in warnings[0]


def test_a_whole_view_warns_of_nothing(whole: LiftedPerson) -> None:
    warnings: list[str] = []
    warn_of_guessed("The person", whole.limb_confidence, warnings.append)
    assert not warnings


def test_a_half_that_is_out_of_the_picture_is_said_to_be_guessed(
    student: Student, truth: Motion, whole: LiftedPerson
) -> None:
    points = np.array(dancer())[..., 0]
    middle = float(np.median(points[:, [KEYPOINT_INDEX["left_hip"], KEYPOINT_INDEX["right_hip"]]]))
    half = lifted(cut_off(right=middle), student, truth)
    by_limb = half.limb_confidence.mean(axis=0) / whole.limb_confidence.mean(axis=0)
    limbs = dict(zip(LIMB_NAMES, by_limb, strict=True))
    assert min(limbs["left_arm"], limbs["right_arm"]) < 0.5
    assert np.isfinite(half.body.joints).all()
    depth = half.body.pelvis[:, 2] / whole.body.pelvis[:, 2]
    assert 0.75 < float(np.median(depth)) < 1.33


def test_feet_that_leave_the_picture_stay_on_the_floor_that_was_seen(
    student: Student, truth: Motion, whole: LiftedPerson
) -> None:
    """The feet are in view for the first half; after it the picture ends at the knees."""
    row = row_of(truth, "left_knee", "right_knee")
    keypoints = cut_off()
    outside = (keypoints.points[..., 1] > row) & (FOOTAGE.time > FOOTAGE.time[-1] / 2)[:, None]
    part = lifted(replace(keypoints, confidence=np.where(outside, 0.0, keypoints.confidence)), student, truth)
    heights, expected = (one.floor.heights(one.body.soles).min(axis=1) for one in (part, whole))
    late = part.sampled.time > FOOTAGE.time[-1] / 2 + 0.5
    assert np.median(np.abs(heights[late] - expected[late])) < 0.06


def test_somebody_seen_from_behind_faces_away(student: Student, truth: Motion) -> None:
    """The camera stands on the dancer's other side; the face is hidden wherever it is turned away."""
    assert truth.camera is not None
    middle = np.append(truth.joints[:, 0, :2].mean(axis=0), 0.0)
    around = np.eye(4)
    around[:3, :3] = np.diag([-1.0, -1.0, 1.0])
    around[:3, 3] = 2 * middle
    camera = replace(truth.camera, world_to_camera=truth.camera.world_to_camera @ around)
    body = load_body(RENDERED_BODY)
    rest = body.rest_joints(truth.betas)
    joints, world = forward_kinematics(axis_angle_to_matrix(truth.poses), rest)
    posed = joints + truth.trans[:, None]
    points = keypoints_on_body(posed, world, rest, keypoint_rest_points(body, truth.betas))
    confidence = np.full(points.shape[:2], 0.95)
    to_camera = camera.world_to_camera[:3, :3]
    away = (world[:, JOINT_INDEX["head"]] @ [0, 0, 1]) @ to_camera[2] > 0  # (T,)
    face = [KEYPOINT_INDEX[name] for name in ("nose", "left_eye", "right_eye")]
    confidence[np.ix_(away, face)] = 0.1
    assert away.mean() > 0.5
    person = lifted(Keypoints(FOOTAGE.time, camera.project(points), confidence, (WIDTH, HEIGHT)), student, truth)
    fronts = to_camera @ world[:, 0] @ [0.0, 0.0, 1.0]
    at = np.abs(FOOTAGE.time[:, None] - person.sampled.time).argmin(axis=0)
    cosines = (person.body.rotations[:, 0, :, 2] * fronts[at]).sum(axis=1)
    assert np.degrees(np.arccos(cosines)).max() < 40
