"""The ground that a travelling camera sees: its plane among other points, and the metres that it tells."""

from __future__ import annotations

import numpy as np
import pytest

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.model import load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.camera import Camera, CameraPath
from posenet3d_blender.capture.camera_motion.ground import find_ground, placed_points
from posenet3d_blender.capture.camera_motion.observations import ObservationLog
from posenet3d_blender.capture.moving_camera import in_metres
from posenet3d_blender.capture.student.predict import load_student

from ..synthetic_person import FOCAL_LENGTH, IMAGE_SIZE, standing_person

UP = np.array([0.0, -1.0, 0.0])
TIME = np.arange(60) / 30
LENS = 500.0


def surroundings(height: float, on_ground: int = 300, tilt: float = 0.0) -> Array:
    """(N, 3) points of a ground so far below the origin, a wall and a table, tilted about the x axis by degrees."""
    rng = np.random.default_rng(0)
    ground = np.column_stack(
        [rng.uniform(-4, 4, on_ground), rng.normal(height, 0.005, on_ground), rng.uniform(3, 9, on_ground)]
    )
    wall = np.column_stack([rng.uniform(-4, 4, 200), rng.uniform(-2, height, 200), rng.normal(9, 0.01, 200)])
    table = np.column_stack([rng.uniform(1, 2, 60), np.full(60, 0.5 * height), rng.uniform(4, 5, 60)])
    turn = axis_angle_to_matrix(np.radians([tilt, 0.0, 0.0]))
    return np.asarray(np.concatenate([ground, wall, table]) @ turn.T)


@pytest.mark.parametrize("tilt", [0.0, 5.0, -5.0])
def test_the_ground_is_found_though_posture_is_off(tilt: float) -> None:
    ground = find_ground(surroundings(1.2, tilt=tilt), np.zeros((5, 3)), UP)
    assert ground is not None
    normal = axis_angle_to_matrix(np.radians([tilt, 0.0, 0.0])) @ UP
    assert np.degrees(np.arccos(np.clip(ground.up @ normal, -1, 1))) < 0.3
    assert ground.height == pytest.approx(-1.2, rel=0.01)


def test_a_wall_and_a_ceiling_are_no_ground() -> None:
    points = surroundings(1.2, on_ground=5)
    points = points[np.abs(points[:, 1] - 0.6) > 0.05]  # without the table
    above = points * (1, 0, 1) + 1.5 * UP
    assert find_ground(np.concatenate([points, above]), np.zeros((5, 3)), UP) is None


def test_points_are_placed_by_parallax_and_left_out_without() -> None:
    points = surroundings(1.2)
    rotations = axis_angle_to_matrix(0.05 * TIME[:, None] * [0.0, 1.0, 0.0])
    for way, least, most in ((0.8, 150, len(points)), (0.002, 0, 5)):
        positions = way * TIME[:, None] * [1.0, 0.0, 0.1]
        seen = np.einsum("fab,fnb->fna", rotations, points - positions[:, None])
        pixels = LENS * seen[..., :2] / seen[..., 2:]
        log = ObservationLog()
        for row, places in enumerate(pixels):
            inside = np.flatnonzero((np.abs(places) < (320, 240)).all(axis=1))
            log.add(row, TIME[row], inside, places[inside], row == len(TIME) - 1)
        found = placed_points(log.joined(), rotations, positions, LENS)
        assert least <= len(found) <= most
        nearest = np.linalg.norm(found[:, None] - points, axis=2).min(axis=1)
        assert (nearest < 0.02).all()


@pytest.mark.parametrize("metres", [0.5, 2.0])
def test_the_ground_tells_metres_where_no_foot_rests(metres: float) -> None:
    """Somebody who glides by: feet that never rest, but on a ground that is seen."""
    path = CameraPath.of([Camera(FOCAL_LENGTH, IMAGE_SIZE, np.eye(4))] * len(TIME), TIME)
    path.world_to_camera[:, 0, 3] = -0.2 * TIME**2
    places = np.column_stack([1.3 * np.sin(5 * TIME), 0 * TIME, 4 + 0 * TIME])
    person = standing_person(load_body(), TIME, places)
    height = float(person.truth.soles[..., 1].max())
    background = surroundings(height / metres)
    found = in_metres(path, [person.keypoints], load_student("cpu"), None, pytest.fail, background)
    scale = np.linalg.norm(found.path.positions[-1]) / np.linalg.norm(path.positions[-1])
    assert scale == pytest.approx(metres, rel=0.06)
    assert found.up is not None
    assert found.up @ UP > np.cos(np.radians(0.5))
