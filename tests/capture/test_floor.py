"""The floor: resting soles lie on it and stay in place, whatever the student's gravity; feet leave without a jump."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.model import Body, load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.body.soles import body_soles
from posenet3d_blender.capture.keypoints.keypoints import KEYPOINT_INDEX
from posenet3d_blender.capture.keypoints.sampling import SampledKeypoints
from posenet3d_blender.capture.solve.floor import Floor, resting
from posenet3d_blender.capture.solve.foot_motion import seen_feet
from posenet3d_blender.capture.solve.solver import Solution, solve
from posenet3d_blender.capture.solve.terms import SolveWeights
from posenet3d_blender.capture.student.predict import StudentPrediction

from .synthetic_person import FOCAL_LENGTH, SyntheticPerson, standing_person

UP = np.array([0.0, -1.0, 0.0])


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body()


@pytest.fixture(scope="module")
def visits(body: Body) -> SyntheticPerson:
    """Someone who stands still at three places, 3, 4 and 5 m away, on a level floor."""
    return standing_person(body, np.arange(60) / 30, np.array([[-0.3, 0.0, 3.0], [0.0, 0.0, 4.0], [0.4, 0.0, 5.0]]))


def sampled(person: SyntheticPerson) -> SampledKeypoints:
    keypoints = person.keypoints
    centre = np.array(keypoints.image_size) / 2
    return SampledKeypoints(keypoints.time, (keypoints.points - centre) / FOCAL_LENGTH, keypoints.confidence)


def solved(body: Body, person: SyntheticPerson, up: Array, contacts: Array) -> Solution:
    prediction = StudentPrediction(person.truth.rotations, np.zeros(10), up, contacts)
    return solve(body, sampled(person), prediction)


def test_soles_are_the_lowest_spots_under_heel_and_ball(body: Body) -> None:
    points = body_soles(body).template
    np.testing.assert_allclose(points[:, 1], body.template[:, 1].min(), atol=0.005)
    assert (points[:2, 0] > 0).all()
    assert (points[2:, 0] < 0).all()
    assert (points[1::2, 2] - points[::2, 2] > 0.1).all(), "the ball is in front of the heel"


def test_resting_feet_level_the_floor_against_a_tilted_gravity(body: Body, visits: SyntheticPerson) -> None:
    tilted = axis_angle_to_matrix(np.array([np.radians(4), 0, 0])) @ UP
    contacts = np.ones((60, 2))
    contacts[18:22] = contacts[38:42] = 0
    solution = solved(body, visits, tilted, contacts)
    heights = solution.floor.heights(solution.body.soles)[contacts[:, 0] > 0]
    assert np.abs(heights).max() < 0.015
    assert solution.floor.up @ UP > np.cos(np.radians(2.5)) > tilted @ UP


def test_a_foot_on_a_stool_is_not_pulled_to_the_floor(body: Body) -> None:
    person = standing_person(body, np.arange(60) / 30, np.array([[0.0, 0.0, 4.0]]), raised_right_foot=0.4)
    solution = solved(body, person, UP, np.ones((60, 2)))
    heights = solution.floor.heights(solution.body.soles)
    assert np.abs(heights[:, :2]).max() < 0.05
    assert heights[:, 2:].min() > 0.25


def test_foot_lock_holds_feet_that_a_shaky_detector_moves(body: Body) -> None:
    person = standing_person(body, np.arange(30) / 30, np.array([[0.0, 0.0, 4.0]]))
    shake = np.random.default_rng(5).normal(scale=3.0, size=person.keypoints.points.shape)
    shaken = replace(person, keypoints=replace(person.keypoints, points=person.keypoints.points + shake))
    prediction = StudentPrediction(person.truth.rotations, np.zeros(10), UP, np.ones((30, 2)))

    def slide(foot_lock: bool) -> float:
        """Mean speed of the soles, metres per second."""
        soles = solve(body, sampled(shaken), prediction, SolveWeights(foot_lock=foot_lock)).body.soles
        return float(np.linalg.norm(np.diff(soles, axis=0), axis=-1).mean() * 30)

    assert slide(foot_lock=True) < 0.5 * slide(foot_lock=False)


def test_legs_out_of_view_do_not_hold_back_the_body(body: Body) -> None:
    """Someone glides 2 m towards the camera; the student, who guesses the legs, says that both feet rest."""
    places = np.linspace([0.0, 0.0, 5.0], [0.0, 0.0, 3.0], 60)
    person = standing_person(body, np.arange(60) / 30, places)
    hidden = [
        KEYPOINT_INDEX[f"{side}_{part}"]
        for side in ("left", "right")
        for part in ("hip", "knee", "ankle", "heel", "big_toe")
    ]
    confidence = person.keypoints.confidence.copy()
    confidence[:, hidden] = 0
    cut = replace(person, keypoints=replace(person.keypoints, confidence=confidence))
    np.testing.assert_allclose(solved(body, cut, UP, np.ones((60, 2))).body.pelvis, places, atol=0.05)


def test_a_foot_hidden_for_a_moment_still_rests(body: Body) -> None:
    person = standing_person(body, np.arange(60) / 30, np.array([[0.0, 0.0, 4.0]]))
    points = sampled(person)
    foot = [KEYPOINT_INDEX[f"left_{part}"] for part in ("ankle", "heel", "big_toe")]
    points.confidence[20:28, foot] = 0
    points.confidence[40:, foot] = 0
    seen = seen_feet(points)
    assert seen[:40].all()
    assert not seen[52:, 0].any()
    assert seen[52:, 1].all()


def test_a_foot_rests_until_it_surely_leaves() -> None:
    probability = np.array([0.1] * 10 + [0.9] * 10 + [0.45] * 2 + [0.9] * 10 + [0.1] * 10)
    rests = resting(np.stack([probability, 0 * probability], -1), 1 / 30)
    assert rests[15:28, 0].min() > 0.99, "a moment's doubt does not let it go"
    assert rests[:10].max() == 0
    assert rests[32:].max() == 0
    assert np.abs(np.diff(rests[20:32, 0])).max() < 0.5, "it is let go by and by"
    assert (rests[:, 1] == 0).all()


def test_the_floor_moves_as_its_steps_say() -> None:
    floor = Floor(UP, -1.5)
    point = np.array([0.3, 1.0, 4.0])
    step = np.array([1e-6, -2e-6, 3e-6])
    change = floor.moved(step).heights(point) - floor.heights(point)
    assert change == pytest.approx(point @ floor.tilts.T @ step[:2] - step[2], rel=1e-3)
