"""The shipped student and the whole capture pipeline, on synthetic people and real footage."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import shutil
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix, matrix_to_axis_angle
from posenet3d_blender.body.skeleton import JOINT_INDEX, MIRRORED_JOINTS
from posenet3d_blender.camera import Camera
from posenet3d_blender.capture.detection.cache.folder import CacheFolder
from posenet3d_blender.capture.detection.cache.stored_detections import DetectionKey, store_detections
from posenet3d_blender.capture.detection.detections import DetectedShot, Detections
from posenet3d_blender.capture.keypoints.keypoints import MIRRORED_KEYPOINTS, Keypoints
from posenet3d_blender.capture.keypoints.sampling import sample_keypoints
from posenet3d_blender.capture.lifting import lift
from posenet3d_blender.capture.pipeline import Capture, CaptureSettings, capture_video
from posenet3d_blender.capture.solve.terms import SolveWeights
from posenet3d_blender.capture.student.predict import STUDENT_FOLDER, load_student
from posenet3d_blender.capture.video.footage import open_footage, sample_times
from posenet3d_blender.capture.world import find_world, to_motion
from posenet3d_blender.errors import PoseNet3DError
from posenet3d_blender.motion import load_motion
from posenet3d_blender.progress import silent

from ..synthetic_person import FOCAL_LENGTH, IMAGE_SIZE, on_level_feet, standing_person, swaying_person

MAIN_JOINTS = [
    JOINT_INDEX[f"{side}_{part}"] for side in ("left", "right") for part in ("hip", "knee", "ankle", "elbow")
]

STILL = Camera(FOCAL_LENGTH, IMAGE_SIZE, np.eye(4))


def test_the_student_predicts_a_synthetic_person() -> None:
    """One view, no solve: a pose that is wrong in depth or side would be 30 cm off, gravity upside down 180 degrees."""
    person = on_level_feet(swaying_person(load_body(), np.arange(64) / 30))
    prediction = load_student("cpu").predict(sample_keypoints(person.keypoints, 30.0, FOCAL_LENGTH))
    joints = replace(person.truth, rotations=prediction.rotations).joints[:, MAIN_JOINTS]
    truth = person.truth.joints[:, MAIN_JOINTS]
    assert np.linalg.norm(joints - truth, axis=-1).mean() < 0.05
    assert prediction.up @ (0, -np.cos(0.1), 0) > np.cos(np.radians(12))


@pytest.mark.parametrize("azimuth", [45, 90, 135, 225, 270, 315])
def test_somebody_who_stands_has_straight_knees(azimuth: int) -> None:
    """From the front, bent knees can't be told from straight ones; from elsewhere they can."""
    place = np.array([[0.0, 0.0, 4.0]])
    person = standing_person(load_body(), np.arange(48) / 30, place, azimuth=np.radians(azimuth))
    prediction = load_student("cpu").predict(sample_keypoints(person.keypoints, 30.0, FOCAL_LENGTH))
    knees = [JOINT_INDEX["left_knee"], JOINT_INDEX["right_knee"]]
    bends = np.linalg.norm(matrix_to_axis_angle(prediction.rotations[:, knees]), axis=-1)
    assert np.degrees(bends.mean()) < 7


def test_a_mirrored_person_gets_the_mirrored_motion() -> None:
    person = swaying_person(load_body(), np.arange(40) / 30)
    points = person.keypoints.points[:, list(MIRRORED_KEYPOINTS)] * (-1, 1) + np.array([IMAGE_SIZE[0], 0])
    mirrored = Keypoints(person.keypoints.time, points, person.keypoints.confidence, IMAGE_SIZE)
    student = load_student("cpu")
    plain = student.predict(sample_keypoints(person.keypoints, 30.0, FOCAL_LENGTH))
    turned = student.predict(sample_keypoints(mirrored, 30.0, FOCAL_LENGTH))
    flip = np.diag([-1.0, 1, 1])
    np.testing.assert_allclose(turned.rotations, flip @ plain.rotations[:, list(MIRRORED_JOINTS)] @ flip, atol=1e-3)
    np.testing.assert_allclose(turned.contacts, plain.contacts[:, ::-1], atol=1e-3)


def test_the_place_in_the_picture_does_not_change_the_pose() -> None:
    """Someone seen aside is seen from another side: turned back by the viewing angle, the pose is the same."""
    person = swaying_person(load_body(), np.arange(40) / 30)
    shifted = np.array([1.2, 0, 0])
    points = person.truth.points + shifted
    moved = points[..., :2] / points[..., 2:] * FOCAL_LENGTH + np.array(IMAGE_SIZE) / 2
    student = load_student("cpu")
    plain = student.predict(sample_keypoints(person.keypoints, 30.0, FOCAL_LENGTH))
    keypoints = replace(person.keypoints, points=moved)
    aside = student.predict(sample_keypoints(keypoints, 30.0, FOCAL_LENGTH))
    turn = matrix_to_axis_angle(plain.rotations[:, 0].transpose(0, 2, 1) @ aside.rotations[:, 0])
    difference = np.degrees(np.linalg.norm(turn, axis=-1))
    assert difference.mean() < 12


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda folder: (folder / "student.json").unlink(), "holds no student.json .* trainer export"),
        (lambda folder: (folder / "student.json").write_text("{"), "not a student's description"),
        (lambda folder: (folder / "student.json").write_text(json.dumps({"version": 99})), "student version 99"),
        (lambda folder: (folder / "student.onnx").unlink(), "student.onnx"),
        (lambda folder: (folder / "student.onnx").write_bytes(b"no network"), "student.onnx"),
    ],
)
def test_a_damaged_student_is_refused(tmp_path: Path, change: object, expected: str) -> None:
    folder = tmp_path / "student"
    shutil.copytree(STUDENT_FOLDER, folder)
    assert callable(change)
    change(folder)
    with pytest.raises(PoseNet3DError, match=expected) as caught:
        load_student("cpu", folder)
    assert "\n" not in str(caught.value)


def test_a_checkpoint_is_to_be_exported_first(tmp_path: Path) -> None:
    (tmp_path / "student.json").write_text(json.dumps({"version": 2}))
    (tmp_path / "student.safetensors").touch()
    with pytest.raises(PoseNet3DError, match="a checkpoint of the trainer; export it"):
        load_student("cpu", tmp_path)


@pytest.fixture(scope="module")
def demo(demo_clip: Path) -> Capture:
    return capture_video(demo_clip, CaptureSettings(device="cpu", field_of_view=48.0))


def test_the_demo_clip_is_captured_as_it_is(demo: Capture, demo_clip: Path) -> None:
    truth = load_motion(demo_clip.with_name("demo_truth.npz"))
    (motion,) = demo.motions
    assert motion.frame_count == truth.frame_count
    assert motion.frame_rate == truth.frame_rate
    np.testing.assert_allclose(motion.time, truth.time, atol=1e-3)
    relative, true_relative = motion.joints - motion.joints[:, :1], truth.joints - truth.joints[:, :1]
    assert truth.camera is not None
    assert motion.camera is not None
    # Compared in the camera's frame: the worlds' headings need not agree.
    in_camera = relative @ motion.camera.world_to_camera[:3, :3].T
    true_in_camera = true_relative @ truth.camera.world_to_camera[:3, :3].T
    assert np.linalg.norm(in_camera - true_in_camera, axis=-1).mean() < 0.13
    pixels = motion.camera.project(motion.joints)[:, MAIN_JOINTS]
    true_pixels = truth.camera.project(truth.joints)[:, MAIN_JOINTS]
    assert np.median(np.linalg.norm(pixels - true_pixels, axis=-1)) < 10, "the skeleton lies over the person"


def test_the_world_stands_upright_on_its_floor(demo: Capture) -> None:
    (motion,) = demo.motions
    feet = motion.joints[:, [JOINT_INDEX["left_foot"], JOINT_INDEX["right_foot"]], 2]
    assert -0.1 < np.percentile(feet, 10) < 0.15
    assert (motion.joints[:, JOINT_INDEX["head"], 2] - motion.joints[:, JOINT_INDEX["pelvis"], 2]).min() > 0.3
    np.testing.assert_allclose(motion.joints[0, 0, :2], 0, atol=1e-6)
    assert ((motion.contacts >= 0) & (motion.contacts <= 1)).all()


def test_joints_are_those_of_the_poses(demo: Capture) -> None:
    (motion,) = demo.motions
    joints, _ = forward_kinematics(axis_angle_to_matrix(motion.poses), load_body().rest_joints(motion.betas))
    np.testing.assert_allclose(joints + motion.trans[:, None], motion.joints, atol=1e-6)


def test_people_share_one_world_and_come_and_go(demo_clip: Path, tmp_path: Path) -> None:
    """Two people from one synthetic file of detections: the second stands 1 m to the right and comes later."""
    footage = open_footage(demo_clip)
    body = load_body()
    first = swaying_person(body, footage.time)
    aside = replace(first.truth, pelvis=first.truth.pelvis + np.array([1.0, 0, 0]))
    points = aside.points[..., :2] / aside.points[..., 2:] * FOCAL_LENGTH + np.array(IMAGE_SIZE) / 2
    late = Keypoints(footage.time, points, first.keypoints.confidence * (footage.time >= 2.0)[:, None], IMAGE_SIZE)
    cache = CacheFolder(tmp_path)
    size = footage.image_size
    people = [
        replace(person, image_size=size, points=person.points + (np.array(size) - IMAGE_SIZE) / 2)
        for person in (first.keypoints, late)
    ]
    whole = (float(footage.time[0]), float(footage.time[-1]))
    detections = Detections((DetectedShot(whole, tuple(people)),), ())
    store_detections(cache, DetectionKey(demo_clip, "heavy", "all"), footage.time, detections)
    view = float(np.degrees(2 * np.arctan(max(size) / 2 / FOCAL_LENGTH)))
    settings = CaptureSettings(device="cpu", person="all", field_of_view=view, cache_folder=tmp_path)
    one, two = capture_video(demo_clip, settings).motions
    assert one.camera is not None
    assert two.camera is not None
    np.testing.assert_array_equal(one.camera.world_to_camera, two.camera.world_to_camera)
    assert one.time[0] == 0
    assert two.time[0] == pytest.approx(2.0, abs=1 / 30)
    assert set(np.round(two.time, 6)) <= set(np.round(one.time, 6)), "one grid of frames"
    apart = two.joints[:, 0] - one.joints[-len(two.time) :, 0]
    np.testing.assert_allclose(apart.mean(0), (1, 0, 0), atol=0.25)


def test_somebody_who_comes_and_goes_between_two_moments_gets_one_frame() -> None:
    person = swaying_person(load_body(), 1.1 + np.arange(20) / 60)
    own_body = dataclasses.replace(load_body(), gender="female")
    lifted = lift(person.keypoints, load_student("cpu"), own_body, STILL, SolveWeights(), silent)
    world = find_world(lifted.floor, lifted.body.pelvis)
    motion = to_motion(lifted, world, Camera(FOCAL_LENGTH, IMAGE_SIZE, np.eye(4)), np.arange(4.0), 1.0)
    assert motion.time.tolist() == [1.0]
    assert np.isfinite(motion.joints).all()
    assert motion.gender == "female"


@pytest.mark.parametrize("rate", [24, 60, 240])
def test_the_motion_does_not_stop_before_the_footage(rate: int) -> None:
    body = load_body()
    time = np.arange(2 * rate) / rate
    person = swaying_person(body, time)
    lifted = lift(person.keypoints, load_student("cpu"), None, STILL, SolveWeights(), silent)
    world = find_world(lifted.floor, lifted.body.pelvis)
    camera = Camera(FOCAL_LENGTH, IMAGE_SIZE, np.eye(4))
    motion = to_motion(lifted, world, camera, sample_times(time, Fraction(rate)), rate)
    assert motion.frame_count == len(time)
    steps = np.linalg.norm(np.diff(motion.joints[:, 0], axis=0), axis=-1)
    assert steps[-1] > 0.3 * steps[-len(steps) // 20 :].mean()


@pytest.fixture(scope="module")
def score_motion(shared_folder: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location("score_motion", shared_folder / "eval" / "score_motion.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("clip", "end"), [("walk", None), ("squat", 4.0)])
def test_real_footage_against_marker_based_truth(
    clip: str, end: float | None, shared_folder: Path, score_motion: ModuleType
) -> None:
    capture = capture_video(shared_folder / "video" / f"opencap_{clip}.mp4", CaptureSettings(device="cpu", end=end))
    (motion,) = capture.motions
    truth = np.load(shared_folder / "eval" / "opencap_truth.npz")
    all_names = [str(name) for name in truth["joint_names"]]
    names = [name for name in all_names if name in score_motion.SMPL]
    joints = truth[f"{clip}_joints3d"].astype(float)[:, [all_names.index(name) for name in names]]
    found = motion.joints[:, [score_motion.SMPL[name] for name in names]]
    score = score_motion.score(truth[f"{clip}_time"], joints, names, motion.time, found)
    assert score["pa_mpjpe_mm"] <= 55
    assert score["accel_mm"] <= 8
    assert score["coverage"] >= (0.98 if end is None else 0.25)
    assert motion.frame_rate == 60
