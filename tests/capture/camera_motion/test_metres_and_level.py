"""Gravity by a camera that pans, metres where no foot rests, corners that are none."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.model import load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.camera import Camera, CameraPath
from posenet3d_blender.capture.camera_motion.background import BackgroundTracker
from posenet3d_blender.capture.moving_camera import in_metres, level_with_pan
from posenet3d_blender.capture.student.predict import load_student

from ..synthetic_person import FOCAL_LENGTH, IMAGE_SIZE, standing_person

UP = np.array([0.0, -1.0, 0.0])
TIME = np.arange(60) / 30


def degrees_off(up: Array) -> float:
    return float(np.degrees(np.arccos(np.clip(up @ UP, -1, 1))))


def views_of_pan(degrees: float) -> Array:
    """(60, 4, 4) of a camera that pans from its aim by so much to either side."""
    views = np.tile(np.eye(4), (60, 1, 1))
    views[:, :3, :3] = axis_angle_to_matrix(np.radians(np.linspace(-degrees, degrees, 60))[:, None] * UP)
    return views


@pytest.mark.parametrize(("pan", "least", "most"), [(0.0, 3.9, 4.1), (30.0, 0.0, 1.5)])
def test_a_pan_tells_the_vertical(pan: float, least: float, most: float) -> None:
    posture = axis_angle_to_matrix(np.radians([4.0, 0.0, 0.0])) @ UP
    assert least <= degrees_off(level_with_pan(posture, views_of_pan(pan))) <= most


def test_a_camera_that_is_held_aslant_stays_so() -> None:
    """A roll that does not change with the pan is no error."""
    views = views_of_pan(2.0)
    posture = axis_angle_to_matrix(np.radians([0.0, 0.0, 12.0])) @ UP
    np.testing.assert_allclose(level_with_pan(posture, views), posture, atol=0.01)


def test_metres_are_plausible_where_no_foot_rests() -> None:
    """Somebody who glides by: the camera's way is bounded by how far away backgrounds are, and a warning tells."""
    path = CameraPath.of([Camera(FOCAL_LENGTH, IMAGE_SIZE, np.eye(4))] * len(TIME), TIME)
    path.world_to_camera[:, 0, 3] = -0.2 * TIME**2
    places = np.column_stack([1.3 * np.sin(5 * TIME), 0 * TIME, 4 + 0 * TIME])
    person = standing_person(load_body(), TIME, places)
    warnings: list[str] = []
    found = in_metres(path, [person.keypoints], load_student("cpu"), None, warnings.append).path
    scale = np.linalg.norm(found.positions[-1]) / np.linalg.norm(path.positions[-1])
    assert 0.2 < scale < 6
    assert len(warnings) == 1
    assert "how far is hard to tell" in warnings[0]


def test_edges_are_no_corners() -> None:
    """Points on a straight edge would slide along it."""
    picture = np.full((360, 640), 90, np.uint8)
    points = np.array([[0, 300], [640, 240], [640, 360], [0, 360]])
    cv2.fillPoly(picture, [points], (180,), cv2.LINE_AA)
    for left in (100, 250, 400):
        picture[80:120, left : left + 50] = 230
    tracker = BackgroundTracker()
    tracker.update(0, picture, np.zeros(picture.shape, dtype=bool))
    numbers, places = tracker.places()
    assert len(numbers) >= 12
    assert (places[:, 1] + 180 < 130).all()


def test_the_unused_prediction_of_a_turning_camera_is_not_made() -> None:
    path = CameraPath.of([Camera(FOCAL_LENGTH, IMAGE_SIZE, np.eye(4))] * 3, np.arange(3.0))
    person = standing_person(load_body(), TIME, np.array([[0.0, 0.0, 4.0]])).keypoints
    turning = replace(path, focal_lengths=path.focal_lengths * 1.1)
    found = in_metres(turning, [person], load_student("cpu"), None, pytest.fail)
    assert found.path is turning
    assert found.predictions == [None]


def test_an_uncertain_way_that_is_short_is_no_matter() -> None:
    path = CameraPath.of([Camera(FOCAL_LENGTH, IMAGE_SIZE, np.eye(4))] * len(TIME), TIME)
    path.world_to_camera[:, 0, 3] = -0.03 * TIME**2
    places = np.column_stack([1.3 * np.sin(5 * TIME), 0 * TIME, 4 + 0 * TIME])
    person = standing_person(load_body(), TIME, places)
    found = in_metres(path, [person.keypoints], load_student("cpu"), None, pytest.fail).path
    assert 0 < np.linalg.norm(found.positions[-1]) < 0.4
