"""Legs that are out of view for long stand; seen ones, short absences and walkers stay as they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.limbs import LIMB_OF_JOINT
from posenet3d_blender.body.model import Body, load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.body.skeleton import JOINT_INDEX
from posenet3d_blender.capture.keypoints.keypoints import KEYPOINT_INDEX
from posenet3d_blender.capture.keypoints.sampling import SampledKeypoints
from posenet3d_blender.capture.solve.hidden_legs import stand_hidden_legs

from .synthetic_person import FOCAL_LENGTH, SyntheticPerson, swaying_person

UP = np.array([0.0, -1.0, 0.0])
SAMPLES = 120
LEGS = [joint for joint, limb in enumerate(LIMB_OF_JOINT) if limb.endswith("leg")]
OTHERS = [joint for joint in range(24) if joint not in LEGS]
LEG_POINTS = [
    KEYPOINT_INDEX[f"{side}_{part}"] for side in ("left", "right") for part in ("knee", "ankle", "heel", "big_toe")
]


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body()


@pytest.fixture(scope="module")
def person(body: Body) -> SyntheticPerson:
    """Someone in a squat, who leans back a little."""
    return swaying_person(body, np.arange(SAMPLES) / 30)


def sampled(person: SyntheticPerson, hidden: slice, seen: float = 0.0) -> SampledKeypoints:
    keypoints = person.keypoints
    confidence = keypoints.confidence.copy()
    confidence[hidden, LEG_POINTS] = seen
    rays = (keypoints.points - np.array(keypoints.image_size) / 2) / FOCAL_LENGTH
    return SampledKeypoints(keypoints.time, rays, confidence)


def leg_tilts(body: Body, rotations: Array) -> Array:
    """(S, 4) degrees of thighs and shins off upright."""
    joints, _ = forward_kinematics(rotations, body.rest_joints(np.zeros(10)))
    ends = [
        (f"{side}_{above}", f"{side}_{below}")
        for side in ("left", "right")
        for above, below in (("hip", "knee"), ("knee", "ankle"))
    ]
    bones = np.stack([joints[:, JOINT_INDEX[above]] - joints[:, JOINT_INDEX[below]] for above, below in ends], axis=1)
    tilts: Array = np.degrees(np.arccos(bones @ UP / np.linalg.norm(bones, axis=-1)))
    return tilts


def test_legs_that_are_never_seen_stand_under_the_hips(body: Body, person: SyntheticPerson) -> None:
    rotations = person.truth.rotations
    assert (leg_tilts(body, rotations) > 20).any()
    stood = stand_hidden_legs(rotations, person.truth.pelvis, sampled(person, slice(None)), UP)
    assert leg_tilts(body, stood).max() < 10
    np.testing.assert_array_equal(stood[:, OTHERS], rotations[:, OTHERS])


def test_legs_that_are_seen_or_hidden_for_a_moment_are_as_predicted(body: Body, person: SyntheticPerson) -> None:
    rotations, pelvis = person.truth.rotations, person.truth.pelvis
    assert stand_hidden_legs(rotations, pelvis, sampled(person, slice(0, 0)), UP) is rotations
    np.testing.assert_allclose(stand_hidden_legs(rotations, pelvis, sampled(person, slice(50, 74)), UP), rotations)


def test_legs_come_to_stand_without_a_jump_and_a_glimpse_changes_nothing(body: Body, person: SyntheticPerson) -> None:
    rotations, pelvis = person.truth.rotations, person.truth.pelvis
    points = sampled(person, slice(30, None))
    points.confidence[80:83, LEG_POINTS] = 0.9
    stood = stand_hidden_legs(rotations, pelvis, points, UP)
    np.testing.assert_allclose(stood[:40], rotations[:40])
    assert leg_tilts(body, stood)[65:].max() < 10
    speed = np.abs(np.diff(leg_tilts(body, stood), axis=0)).max() * 30
    assert speed < 2.5 * np.abs(np.diff(leg_tilts(body, rotations), axis=0)).max() * 30 + 90


def test_walkers_keep_the_steps_that_are_guessed(body: Body, person: SyntheticPerson) -> None:
    pelvis = person.truth.pelvis + np.linspace([0.0, 0, 0], [4.0, 0, 0], SAMPLES)
    stood = stand_hidden_legs(person.truth.rotations, pelvis, sampled(person, slice(None)), UP)
    np.testing.assert_allclose(stood, person.truth.rotations)


def test_somebody_who_lies_is_not_made_to_stand(body: Body, person: SyntheticPerson) -> None:
    lying = person.truth.rotations.copy()
    lying[:, 0] = axis_angle_to_matrix(np.array([0, 0, np.pi / 2])) @ lying[:, 0]
    person = replace(person, truth=replace(person.truth, rotations=lying))
    np.testing.assert_allclose(stand_hidden_legs(lying, person.truth.pelvis, sampled(person, slice(None)), UP), lying)
