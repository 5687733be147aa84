"""The solver: its derivatives are right, its equations are solved, and it recovers a synthetic person."""

from __future__ import annotations

import numpy as np
import pytest

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.keypoints import KEYPOINT_JOINTS
from posenet3d_blender.body.model import Body, load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.body.skeleton import JOINT_INDEX
from posenet3d_blender.capture.keypoints.keypoints import Keypoints
from posenet3d_blender.capture.keypoints.sampling import sample_keypoints
from posenet3d_blender.capture.solve import solver
from posenet3d_blender.capture.solve.foot_motion import still_feet
from posenet3d_blender.capture.solve.posed_body import PosedBody
from posenet3d_blender.capture.solve.solver import solve
from posenet3d_blender.capture.solve.terms import SolveWeights
from posenet3d_blender.capture.student.predict import StudentPrediction
from posenet3d_blender.least_squares.banded import FrameSystem

from .synthetic_person import FOCAL_LENGTH, punching_person, standing_person, swaying_person

UPRIGHT = np.array([0.0, -1.0, 0.0])
"""Against gravity, of a camera that stands level."""


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body()


def test_the_derivatives_are_those_of_finite_differences(body: Body) -> None:
    state = swaying_person(body, np.arange(3) / 30).truth
    jacobian = state.point_jacobian(state.points, KEYPOINT_JOINTS)
    shape_jacobian = state.keypoint_shape_jacobian()
    small = 1e-6
    for column in range(75):
        step = np.zeros((3, 75))
        step[:, column] = small
        numeric = (state.moved(step, np.zeros(10)).points - state.points) / small
        np.testing.assert_allclose(jacobian[..., column], numeric, atol=1e-5)
    for column in range(10):
        numeric = (state.moved(np.zeros((3, 75)), small * np.eye(10)[column]).points - state.points) / small
        np.testing.assert_allclose(shape_jacobian[..., column], numeric, atol=1e-5)


@pytest.mark.parametrize("frames", [2, 3, 4, 9])
def test_the_banded_system_solves_what_a_dense_one_does(frames: int) -> None:
    rng = np.random.default_rng(frames)
    size, shared = 4, 3
    system = FrameSystem(frames, size, shared, reach=3)
    unknowns = frames * size + shared
    rows, right = [], []

    def dense(blocks: dict[int, Array], shared_block: Array | None, residual: Array) -> None:
        row = np.zeros((len(residual), unknowns))
        for frame, block in blocks.items():
            row[:, frame * size : (frame + 1) * size] = block
        if shared_block is not None:
            row[:, frames * size :] = shared_block
        rows.append(row)
        right.append(residual)

    own, of_shape, own_residual = (
        rng.normal(size=(frames, 6, size)),
        rng.normal(size=(frames, 6, shared)),
        rng.normal(size=(frames, 6)),
    )
    system.add([own], own_residual, of_shape)
    before, after, pair_residual = (rng.normal(size=(frames - 1, 2, size)) for _ in range(3))
    system.add([before, after], pair_residual[..., 0])
    for frame in range(frames):
        dense({frame: own[frame]}, of_shape[frame], own_residual[frame])
    for frame in range(frames - 1):
        dense({frame: before[frame], frame + 1: after[frame]}, None, pair_residual[frame, :, 0])
    for order, factors in ((2, (1.0, -2.0, 1.0)), (3, (-1.0, 3.0, -3.0, 1.0))):
        differences = rng.normal(size=(max(frames - order, 0), size))
        weight = rng.random((max(frames - order, 0), size))
        system.add_differences(order, weight, differences)
        for frame in range(frames - order):
            root: Array = np.diag(np.sqrt(weight[frame]))
            rows_of = {frame + later: factor * root for later, factor in enumerate(factors)}
            dense(rows_of, None, root @ differences[frame])
    matrix, residual = np.concatenate(rows), np.concatenate(right)
    expected = np.linalg.solve(matrix.T @ matrix + 0.1 * np.eye(unknowns), -matrix.T @ residual)
    step, shared_step = system.solve(0.1)
    np.testing.assert_allclose(np.append(step.ravel(), shared_step), expected, atol=1e-9)


def test_a_wrong_guess_is_bent_onto_the_footage(body: Body) -> None:
    """From rotations 0.15 rad off in every joint, the solve comes back to within 3 cm, one camera's depth included."""
    time = np.arange(60) / 30
    person = swaying_person(body, time)
    rng = np.random.default_rng(1)
    off = person.truth.rotations @ axis_angle_to_matrix(rng.normal(scale=0.15 / np.sqrt(3), size=(24, 3)))
    prediction = StudentPrediction(off, np.zeros(10), UPRIGHT, np.zeros((60, 2)))
    sampled = sample_keypoints(person.keypoints, 30.0, FOCAL_LENGTH)
    state = solve(body, sampled, prediction).body

    def error(joints: Array) -> float:
        relative, truth = joints - joints[:, :1], person.truth.joints - person.truth.joints[:, :1]
        return float(np.linalg.norm(relative - truth, axis=-1).mean())

    before = error(PosedBody(body, person.truth.keypoints, off, person.truth.pelvis, np.zeros(10)).joints)
    assert error(state.joints) < 0.03 < before
    assert np.abs(state.points[..., :2] / state.points[..., 2:] - sampled.rays).mean() < 0.004
    assert np.abs(state.pelvis - person.truth.pelvis).max() < 0.3


def test_resting_feet_stay_and_noise_does_not_shake_the_body(body: Body) -> None:
    time = np.arange(60) / 30
    person = standing_person(body, time, np.array([[0.0, 0.0, 4.0]]))
    rng = np.random.default_rng(2)
    shaken = person.keypoints.points + rng.normal(scale=4.0, size=person.keypoints.points.shape)
    noisy = sample_keypoints(
        Keypoints(time, shaken, person.keypoints.confidence, person.keypoints.image_size), 30.0, FOCAL_LENGTH
    )

    def feet(rest: float) -> Array:
        prediction = StudentPrediction(person.truth.rotations, np.zeros(10), UPRIGHT, np.full((60, 2), rest))
        return solve(body, noisy, prediction).body.joints

    def foot_travel(joints: Array) -> float:
        return float(np.linalg.norm(np.diff(joints[:, [7, 8]], axis=0), axis=-1).mean())

    assert foot_travel(feet(1.0)) < 0.5 * foot_travel(feet(0.0))


def test_feet_that_move_in_the_picture_do_not_rest(body: Body) -> None:
    """A foot that walks on is not held, however sure the student is that it rests."""
    time = np.arange(60) / 30
    person = standing_person(body, time, np.array([[0.0, 0.0, 4.0]]) + time[:, None] * (1.0, 0.0, 0.0))
    sampled = sample_keypoints(person.keypoints, 30.0, FOCAL_LENGTH)
    still = still_feet(sampled, np.full(60, 4.0))
    assert still.max() < 0.02
    sampled.rays[:] = sampled.rays[:1]
    assert still_feet(sampled, np.full(60, 4.0)).min() == 1.0
    sampled.confidence[:] = 0
    assert still_feet(sampled, np.full(60, 4.0)).min() == 1.0, "nothing tells"


def test_one_mad_keypoint_does_not_bend_the_body(body: Body) -> None:
    time = np.arange(40) / 30
    person = swaying_person(body, time)
    truth = StudentPrediction(person.truth.rotations, person.truth.betas, UPRIGHT, np.zeros((40, 2)))
    person.keypoints.points[15:18, 9] += 400
    state = solve(body, sample_keypoints(person.keypoints, 30.0, FOCAL_LENGTH), truth).body
    off = np.linalg.norm(state.joints[:, 20] - person.truth.joints[:, 20], axis=-1)
    assert off.max() < 0.05


def test_a_long_clip_in_segments_is_as_one_solve(body: Body, monkeypatch: pytest.MonkeyPatch) -> None:
    time = np.arange(100) / 30
    person = swaying_person(body, time)
    prediction = StudentPrediction(person.truth.rotations, np.zeros(10), UPRIGHT, np.zeros((100, 2)))
    sampled = sample_keypoints(person.keypoints, 30.0, FOCAL_LENGTH)
    whole = solve(body, sampled, prediction).body
    monkeypatch.setattr(solver, "SEGMENT", 30)
    monkeypatch.setattr(solver, "OVERLAP", 12)
    pieces = solve(body, sampled, prediction).body
    assert len(pieces.pelvis) == 100
    assert np.linalg.norm(pieces.joints - whole.joints, axis=-1).max() < 0.03
    jerk = np.linalg.norm(np.diff(pieces.joints, 2, axis=0), axis=-1).max()
    assert jerk < 1.5 * np.linalg.norm(np.diff(whole.joints, 2, axis=0), axis=-1).max()


def test_a_long_absence_is_bridged_in_place(body: Body, monkeypatch: pytest.MonkeyPatch) -> None:
    """Absent for longer than a segment: the body waits between where it was seen before and after."""
    time = np.arange(120) / 30
    person = swaying_person(body, time)
    person.keypoints.confidence[30:90] = 0
    prediction = StudentPrediction(person.truth.rotations, np.zeros(10), UPRIGHT, np.zeros((120, 2)))
    monkeypatch.setattr(solver, "SEGMENT", 20)
    monkeypatch.setattr(solver, "OVERLAP", 8)
    state = solve(body, sample_keypoints(person.keypoints, 30.0, FOCAL_LENGTH), prediction).body
    assert np.abs(state.pelvis[:, 2] - 4).max() < 0.5
    assert np.linalg.norm(np.diff(state.pelvis, axis=0), axis=-1).max() < 0.1


def test_more_smoothing_is_calmer_and_none_follows_the_flicker(body: Body) -> None:
    time = np.arange(60) / 30
    person = swaying_person(body, time)
    rng = np.random.default_rng(3)
    shaken = person.keypoints.points + rng.normal(scale=4.0, size=person.keypoints.points.shape)
    keypoints = Keypoints(time, shaken, person.keypoints.confidence, person.keypoints.image_size)
    sampled = sample_keypoints(keypoints, 30.0, FOCAL_LENGTH)
    prediction = StudentPrediction(person.truth.rotations, np.zeros(10), UPRIGHT, np.zeros((60, 2)))

    def flicker(smoothing: float) -> float:
        joints = solve(body, sampled, prediction, SolveWeights(smoothing=smoothing)).body.joints
        return float(np.linalg.norm(np.diff(joints, 2, axis=0), axis=-1).mean())

    none, default, much = flicker(0.0), flicker(SolveWeights.smoothing), flicker(0.3)
    assert much < default < none
    assert default < 0.7 * none


def test_a_punch_keeps_its_speed_and_a_waiting_hand_is_calm(body: Body) -> None:
    """The left arm punches within a quarter of a second, the right one hangs; all points flicker by 4 pixels."""
    time = np.arange(60) / 30
    punch = np.where(
        np.abs(time - 1) < 0.25, 0.5 + 0.5 * np.cos((time - 1) * np.pi / 0.25), 0.0
    )  # (60,) there and back
    person = punching_person(body, time, punch)
    rng = np.random.default_rng(5)
    shaken = person.keypoints.points + rng.normal(scale=4.0, size=person.keypoints.points.shape)
    keypoints = Keypoints(time, shaken, person.keypoints.confidence, person.keypoints.image_size)
    prediction = StudentPrediction(person.truth.rotations, np.zeros(10), UPRIGHT, np.zeros((60, 2)))
    left, right = (JOINT_INDEX[f"{side}_wrist"] for side in ("left", "right"))

    def wrists(weights: SolveWeights) -> Array:
        sampled = sample_keypoints(keypoints, 30.0, FOCAL_LENGTH)
        joints = solve(body, sampled, prediction, weights).body.joints
        return joints[:, [left, right]] - joints[:, :1]

    truth = person.truth.joints[:, [left, right]]
    solved, jerky = wrists(SolveWeights()), wrists(SolveWeights(turn_jerk=1e6))
    speed = np.linalg.norm(np.diff(truth[:, 0], axis=0), axis=-1).max()
    assert speed * 30 > 4, "metres per second"
    assert abs(np.linalg.norm(np.diff(solved[:, 0], axis=0), axis=-1).max() / speed - 1) < 0.1

    def flicker(track: Array) -> float:
        return float(np.linalg.norm(np.diff(track[:, 1], 2, axis=0), axis=-1).mean())

    assert flicker(solved) < 0.8 * flicker(jerky)


def test_without_foot_lock_contacts_change_nothing(body: Body) -> None:
    time = np.arange(30) / 30
    person = swaying_person(body, time)
    sampled = sample_keypoints(person.keypoints, 30.0, FOCAL_LENGTH)
    free = StudentPrediction(person.truth.rotations, np.zeros(10), UPRIGHT, np.zeros((30, 2)))
    resting = StudentPrediction(person.truth.rotations, np.zeros(10), UPRIGHT, np.ones((30, 2)))
    unlocked = solve(body, sampled, resting, SolveWeights(foot_lock=False)).body
    np.testing.assert_allclose(unlocked.joints, solve(body, sampled, free).body.joints, atol=1e-9)
