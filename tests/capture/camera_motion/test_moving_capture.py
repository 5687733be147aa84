"""Captures through a moving camera, and of mirror images, against the same captures at rest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.model import load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.camera import Camera, CameraPath
from posenet3d_blender.capture.keypoints.own_files import StoredKeypoints, save_keypoints
from posenet3d_blender.capture.lifting import lift
from posenet3d_blender.capture.pipeline import CaptureSettings, capture_video
from posenet3d_blender.capture.solve.terms import SolveWeights
from posenet3d_blender.capture.student.predict import load_student
from posenet3d_blender.capture.video.footage import open_footage, read_frames
from posenet3d_blender.progress import silent

from ..synthetic_person import FOCAL_LENGTH, IMAGE_SIZE, swaying_person

TIME = np.arange(60) / 30
STILL = Camera(FOCAL_LENGTH, IMAGE_SIZE, np.eye(4))


def camera_path(turns: Array, zooms: Array) -> CameraPath:
    """A camera in one place; turns (F, 3), radians."""
    path = CameraPath.of([STILL] * len(TIME), TIME)
    path.world_to_camera[:, :3, :3] = axis_angle_to_matrix(turns)
    return replace(path, focal_lengths=path.focal_lengths * zooms)


PANS = {
    "pan": (0.5 * TIME[:, None] * [0.0, -1.0, 0.0], np.ones(60)),
    "shake": (0.02 * np.sin(20 * TIME)[:, None] * [1.0, -0.7, 0.3], np.ones(60)),
    "zoom": (np.zeros((60, 3)), 1 + 0.2 * TIME),
}


@pytest.mark.parametrize("kind", PANS)
def test_the_body_moves_in_the_world_as_if_the_camera_stood_still(kind: str) -> None:
    person = swaying_person(load_body(), TIME)
    path = camera_path(*PANS[kind])
    seen = replace(person.keypoints, points=path.project(person.truth.points))
    student = load_student("cpu")
    expected = lift(person.keypoints, student, None, STILL, SolveWeights(), silent)
    found = lift(seen, student, None, path, SolveWeights(), silent)
    # How far away somebody is, and how large, no camera tells for certain: a constant offset does not count.
    apart = found.body.joints - expected.body.joints
    assert np.linalg.norm(apart - apart.mean((0, 1)), axis=-1).mean() < 0.04
    assert np.linalg.norm(apart.mean((0, 1))) < 0.25
    travel = np.linalg.norm(np.diff(found.body.pelvis, axis=0), axis=-1).sum()
    assert travel == pytest.approx(np.linalg.norm(np.diff(expected.body.pelvis, axis=0), axis=-1).sum(), rel=0.15)
    np.testing.assert_allclose(found.floor.up, expected.floor.up, atol=0.05)
    rays = path.project(found.body.points)
    assert np.median(np.linalg.norm(rays - seen.points, axis=-1)) < 12


def test_a_mirror_image_is_turned_back(demo_clip: Path, tmp_path: Path) -> None:
    """2D joints of somebody, given on the mirrored picture, move the limbs that really moved."""
    footage = open_footage(demo_clip)
    person = swaying_person(load_body(), footage.time).keypoints
    size = footage.image_size
    points = (person.points - np.array(IMAGE_SIZE) / 2) * 0.4 + np.array(size) / 2
    person = replace(person, image_size=size, points=points)
    motions = []
    for mirror, keypoints in ((False, person), (True, person.mirrored())):
        path = tmp_path / f"{mirror}.json"
        save_keypoints(StoredKeypoints(keypoints, 0.4 * FOCAL_LENGTH), path)
        settings = CaptureSettings(device="cpu", keypoints=path, mirror=mirror, camera="static")
        motions.append(capture_video(demo_clip, settings).motions[0])
    np.testing.assert_allclose(motions[0].joints, motions[1].joints, atol=1e-4)


def test_frames_of_a_mirror_image_are_turned_back(demo_clip: Path) -> None:
    plain = open_footage(demo_clip)
    first, turned = (next(iter(read_frames(one))) for one in (plain, plain.mirrored()))
    np.testing.assert_array_equal(turned.image, first.image[:, ::-1])
    np.testing.assert_array_equal(turned.small_copy(64), first.small_copy(64)[:, ::-1])
    assert plain.mirrored().background.orientation == (-1, 0, 0, 1)
