"""The way of a camera through a made-up room, from points alone; and its metres, from somebody who stands there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.model import load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.camera import Camera, CameraPath
from posenet3d_blender.capture.camera_motion.between import turned_between
from posenet3d_blender.capture.camera_motion.observations import FEW, ObservationLog, Observations
from posenet3d_blender.capture.camera_motion.travel import find_travel
from posenet3d_blender.capture.camera_motion.turn import angle_of
from posenet3d_blender.capture.lifting import lift
from posenet3d_blender.capture.moving_camera import in_metres
from posenet3d_blender.capture.solve.terms import SolveWeights
from posenet3d_blender.capture.student.predict import load_student
from posenet3d_blender.progress import silent

from ..synthetic_person import FOCAL_LENGTH, IMAGE_SIZE, standing_person

TIME = np.arange(90) / 30
LENS = 500.0
WAYS = {
    "sideways": [1.4, 0.1, 0.3],
    "handheld": [0.15, 0.03, 0.05],
    "forward": [0.0, 0.0, 1.5],
    "past all that was seen first": [6.0, 0.0, 0.0],
}


def turns() -> Array:
    """(F, 3, 3) a slow pan with a little shake."""
    shake = [0.02 * np.sin(3 * TIME), -0.05 * TIME, 0.01 * np.sin(5 * TIME)]
    rotations = axis_angle_to_matrix(np.column_stack(shake))
    relative: Array = rotations @ rotations[0].T
    return relative


def observations_of_room(rotations: Array, positions: Array) -> tuple[Observations, Observations]:
    """What a camera sees of 400 points at 2.5 to 9 m, a quarter of a pixel off; and a few in the other pictures."""
    rng = np.random.default_rng(0)
    points = np.column_stack([rng.uniform(-4, 8, 400), rng.uniform(-1.5, 1.2, 400), rng.uniform(2.5, 9, 400)])
    seen = np.einsum("fab,fnb->fna", rotations, points - positions[:, None])
    pixels = LENS * seen[..., :2] / seen[..., 2:]
    visible = (seen[..., 2] > 0.3) & (np.abs(pixels) < (320, 240)).all(axis=-1)
    log, few = ObservationLog(), ObservationLog(0.0, FEW)
    for row, (part, places) in enumerate(zip(visible, pixels, strict=True)):
        noise = rng.normal(0, 0.25, (part.sum(), 2))
        seen = row, TIME[row], np.flatnonzero(part), places[part] + noise
        if not log.add(*seen, row == len(TIME) - 1):
            few.add(*seen)
    return log.joined(), few.joined()


@pytest.mark.parametrize("way", WAYS)
def test_the_way_is_found_but_for_its_scale(way: str) -> None:
    part = 0.5 - 0.5 * np.cos(np.pi * TIME / TIME[-1])
    positions, rotations = part[:, None] * WAYS[way], turns()
    # The start is the turn as it looks without a way: too small or too large by tenths.
    start = axis_angle_to_matrix(0.1 * part[:, None] * [0.0, 1.0, 0.0]) @ rotations
    found = find_travel(start, LENS, observations_of_room(rotations, positions)[0])
    assert found is not None
    all_rotations, all_positions = found.between(TIME, start)
    scale = (all_positions * positions).sum() / (all_positions**2).sum()
    off = np.linalg.norm(scale * all_positions - positions, axis=1).max()
    assert off < max(0.02 * float(np.linalg.norm(WAYS[way])), 0.005)
    worst = max(angle_of(one @ other.T) for one, other in zip(all_rotations, rotations, strict=True))
    assert np.degrees(worst) < 0.3


def test_pictures_between_are_turned_by_their_points() -> None:
    """Turns that were fitted without the way are off by tenths of a degree, each by another one."""
    part = 0.5 - 0.5 * np.cos(np.pi * TIME / TIME[-1])
    positions, rotations = part[:, None] * WAYS["sideways"], turns()
    observations, few = observations_of_room(rotations, positions)
    adjusted = np.unique(observations.rows).astype(np.intp)
    others = np.setdiff1d(np.arange(len(TIME)), adjusted)
    jumps = np.zeros((len(TIME), 3))
    jumps[others] = np.random.default_rng(1).normal(0, np.radians(0.3), (len(others), 3))
    found = turned_between(TIME, axis_angle_to_matrix(jumps) @ rotations, adjusted, observations, few, LENS)
    off = [np.degrees(angle_of(found[row] @ rotations[row].T)) for row in range(len(TIME))]
    assert max(off) < 0.06
    assert max(off[row] for row in adjusted) < 1e-4


def test_few_points_tell_no_way() -> None:
    observations = Observations(np.zeros(5, dtype=np.intp), np.arange(5), np.zeros((5, 2)))
    assert find_travel(turns(), LENS, observations) is None


def test_a_long_shot_keeps_few_observations() -> None:
    """Of 400 points in 32 pictures a second an hour keeps what fits into 150 MB."""
    log, seconds = ObservationLog(), 10.0
    for row, time in enumerate(np.arange(0, seconds, 1 / 32)):
        log.add(row, time, np.arange(400), np.zeros((400, 2)))
    observations = log.joined()
    size = observations.rows.nbytes + observations.numbers.nbytes + observations.places.nbytes
    assert size * 3600 / seconds < 150e6
    assert len(np.unique(observations.rows)) == pytest.approx(100 * seconds / 10, abs=25)
    assert len(observations.between(0, 30).rows) < len(observations.rows)


def way_past_a_standing_person() -> tuple[CameraPath, CameraPath]:
    """A camera that moves 1.5 m aside while it keeps its aim; in metres, and as the background tells it."""
    path = CameraPath.of([Camera(FOCAL_LENGTH, IMAGE_SIZE, np.eye(4))] * len(TIME), TIME)
    angle = -np.arctan2(0.5 * TIME, 4.0)
    rotations = axis_angle_to_matrix(angle[:, None] * [0.0, 1.0, 0.0])
    path.world_to_camera[:, :3, :3] = rotations
    path.world_to_camera[:, :3, 3] = -np.einsum("fab,fb->fa", rotations, 0.5 * TIME[:, None] * [1.0, 0.0, 0.0])
    return path, path.scaled(0.6)


def test_a_person_who_stands_tells_metres() -> None:
    true, unscaled = way_past_a_standing_person()
    person = standing_person(load_body(), TIME, np.array([[0.0, 0.0, 4.0]]))
    keypoints = replace(person.keypoints, points=true.project(person.truth.points))
    found = in_metres(unscaled, [keypoints], load_student("cpu"), None, pytest.fail)
    assert found.predictions[0] is not None
    assert np.linalg.norm(found.path.positions[-1]) == pytest.approx(1.5, rel=0.1)


def test_the_students_prediction_holds_for_any_way() -> None:
    """It is asked once: with the prediction that told metres a person is lifted as by asking it again."""
    true, unscaled = way_past_a_standing_person()
    person = standing_person(load_body(), TIME, np.array([[0.0, 0.0, 4.0]]))
    keypoints = replace(person.keypoints, points=true.project(person.truth.points))
    student = load_student("cpu")
    found = in_metres(unscaled, [keypoints], student, None, pytest.fail)
    anew = lift(keypoints, student, None, found.path, SolveWeights(), silent)
    reused = lift(keypoints, student, None, found.path, SolveWeights(), silent, found.predictions[0])
    np.testing.assert_allclose(reused.body.joints, anew.body.joints, atol=1e-6)


def test_a_camera_in_its_place_needs_no_metres() -> None:
    path = CameraPath.of([Camera(FOCAL_LENGTH, IMAGE_SIZE, np.eye(4))] * 3, np.arange(3.0))
    found = in_metres(path, [], load_student("cpu"), None, pytest.fail)
    assert found.path is path
    assert not found.predictions
