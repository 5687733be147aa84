"""People's sizes: a given height is kept, and people who share a floor stand on it."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.model import Body, load_body
from posenet3d_blender.body.shape import scale_shape, standing_height
from posenet3d_blender.capture.keypoints.keypoints import KEYPOINT_NAMES
from posenet3d_blender.capture.keypoints.sampling import sample_keypoints
from posenet3d_blender.capture.lifting import LiftedPerson
from posenet3d_blender.capture.shared_floor import LARGEST_CHANGE, share_floor, warn_of_levels
from posenet3d_blender.capture.solve.solver import solve
from posenet3d_blender.capture.solve.terms import SolveWeights
from posenet3d_blender.capture.student.predict import StudentPrediction

from .synthetic_person import FOCAL_LENGTH, standing_person

UP = np.array([0.0, -1.0, 0.0])
CAMERA_HEIGHT = 1.5
TIME = np.arange(20) / 30
LEG_POINTS = [index for index, name in enumerate(KEYPOINT_NAMES) if name.endswith(("knee", "ankle", "heel", "toe"))]


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body()


def pelvis_on_floor(body: Body, x: float, depth: float) -> Array:
    """(1, 3) where the pelvis of a person of mean shape is who stands on the floor under the camera."""
    return np.array([[x, CAMERA_HEIGHT + body.template[:, 1].min() - body.joint_template[0, 1], depth]])


def lifted(
    body: Body, place: Array, guessed_size: float, weights: SolveWeights | None = None, legs_seen: bool = True
) -> LiftedPerson:
    """Someone of mean size, whom the student takes for one `guessed_size` times as large."""
    person = standing_person(body, TIME, place)
    if not legs_seen:
        person.keypoints.confidence[:, LEG_POINTS] = 0.0
    sampled = sample_keypoints(person.keypoints, 30.0, FOCAL_LENGTH)
    betas = scale_shape(np.zeros(10), guessed_size, body)
    prediction = StudentPrediction(person.truth.rotations, betas, UP, np.ones((len(TIME), 2)))
    solution = solve(body, sampled, prediction, weights)
    sure, solved = np.ones(len(TIME)), (solution.body, solution.floor, solution.contacts)
    return LiftedPerson(person.keypoints, sampled, sure, sure, prediction, *solved)


def test_people_who_share_a_floor_stand_on_it(body: Body) -> None:
    weights = SolveWeights()
    near = lifted(body, pelvis_on_floor(body, -0.5, 3.0), 1.08)
    far = lifted(body, pelvis_on_floor(body, 0.5, 4.5), 0.94)
    assert abs(near.floor.height - far.floor.height) > 0.1
    people = share_floor([near, far], weights)
    floor = people[0].floor
    for person in people:
        assert np.abs(floor.heights(person.body.soles)).max() < 0.03
    sizes = [standing_height(person.body.betas, body) for person in people]
    assert sizes[0] == pytest.approx(sizes[1], rel=0.03)


def test_feet_out_of_the_picture_tell_nothing_of_the_floor(body: Body) -> None:
    people = [
        lifted(body, pelvis_on_floor(body, x, depth), size, legs_seen=False)
        for x, depth, size in ((-0.5, 3.0, 1.08), (0.5, 4.5, 0.94))
    ]
    assert all(person.prediction.contacts.min() == 1.0 for person in people)
    assert all(person.contacts.max() == 0.0 for person in people)
    for before, after in zip(people, share_floor(people, SolveWeights()), strict=True):
        assert after is before


def test_sizes_and_the_vertical_are_found_together(body: Body) -> None:
    """One person's lean tilts the vertical; sizes far apart, but not too far for two people, are still reconciled."""
    near = lifted(body, pelvis_on_floor(body, -0.5, 3.0), 1.16)
    far = lifted(body, pelvis_on_floor(body, 0.5, 3.5), 0.87)
    assert np.log(near.floor.height / far.floor.height) > 1.7 * LARGEST_CHANGE
    lean = np.array([0.0, -np.cos(0.1), -np.sin(0.1)])
    leaning = replace(near, floor=replace(near.floor, up=lean), certainty=0.5 * near.certainty)
    people = share_floor([leaning, far], SolveWeights())
    floor = people[0].floor
    assert people[1].floor.height == pytest.approx(floor.height, abs=1e-3)
    for person in people:
        assert np.abs(floor.heights(person.body.soles)).max() < 0.05
    assert np.arccos(floor.up @ UP) < 0.07, "between what both people tell"


def test_a_person_on_a_balcony_stays_there(body: Body) -> None:
    ground = lifted(body, pelvis_on_floor(body, -0.5, 3.0), 1.0)
    balcony = lifted(body, pelvis_on_floor(body, 0.5, 4.5) - np.array([[0.0, 0.8, 0.0]]), 1.0)
    people = share_floor([ground, balcony], SolveWeights())
    assert people[0] is ground
    assert people[1] is balcony
    warnings: list[str] = []
    warn_of_levels(["Person 1", "Person 2"], people, ground.floor, warnings.append)
    [warning] = warnings
    assert re.match(r"Person 2 seems to stand (7|8)\d cm higher than the others", warning)


def test_a_given_height_is_kept_and_sets_the_distance(body: Body) -> None:
    mean_height = standing_height(np.zeros(10), body)
    weights = replace(SolveWeights(), height=1.1 * mean_height)
    person = lifted(body, pelvis_on_floor(body, 0.0, 4.0), 1.0, weights)
    assert standing_height(person.body.betas, body) == pytest.approx(1.1 * mean_height, abs=0.01)
    assert person.body.pelvis[:, 2].mean() == pytest.approx(1.1 * 4.0, abs=0.15)
