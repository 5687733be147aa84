"""Confidence of the whole body, and whether somebody is there at all."""

from __future__ import annotations

import numpy as np
import pytest

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.limbs import LIMB_NAMES
from posenet3d_blender.capture.keypoints.keypoints import KEYPOINT_COUNT, KEYPOINT_INDEX, KEYPOINT_NAMES, Keypoints
from posenet3d_blender.capture.keypoints.layouts import BODY_25, COCO_17
from posenet3d_blender.capture.keypoints.presence import (
    body_confidence,
    certainty,
    limb_confidence,
    trunk_throughout,
    visible_frames,
)

from .dancer import HEIGHT, WIDTH, dancer

FRAMES = 20


def confidence_of(*names: str | None) -> Array:
    """(20, 25): 0.9 for these points, 0 for all others."""
    confidence = np.zeros((FRAMES, KEYPOINT_COUNT))
    confidence[:, [KEYPOINT_INDEX[name] for name in names if name]] = 0.9
    return confidence


def parts(*words: str) -> list[str]:
    return [name for name in KEYPOINT_NAMES if any(word in name for word in words)]


HANDS, FEET, FACE = parts("index", "pinky"), parts("toe", "heel"), parts("nose", "eye", "ear")
LIMBS = parts("shoulder", "elbow", "wrist", "hip", "knee", "ankle")


@pytest.mark.parametrize("names", [KEYPOINT_NAMES, COCO_17, BODY_25, LIMBS, LIMBS + FEET], ids=len)
def test_layouts_without_face_feet_or_hands_are_as_good_as_whole_ones(names: list[str]) -> None:
    np.testing.assert_allclose(body_confidence(confidence_of(*names)), 0.9)


@pytest.mark.parametrize("layout", [COCO_17, BODY_25, KEYPOINT_NAMES], ids=len)
@pytest.mark.parametrize(
    ("unseen", "highest"),
    [
        (("knee", "ankle", "toe", "heel"), 0.7),
        (("hip", "knee", "ankle", "toe", "heel"), 0.55),
        (("left_elbow", "left_wrist", "left_index", "left_pinky"), 0.8),
        (("elbow", "wrist", "index", "pinky", "hip", "knee", "ankle", "toe", "heel"), 0.1),
    ],
    ids=["legs", "hips and legs", "an arm", "all but head and shoulders"],
)
def test_limbs_that_no_frame_shows_are_unseen(
    layout: tuple[str | None, ...], unseen: tuple[str, ...], highest: float
) -> None:
    names = [name for name in layout if name and not any(word in name for word in unseen)]
    confidence = confidence_of(*names)
    assert 0 < body_confidence(confidence).max() <= highest
    np.testing.assert_allclose(certainty(confidence), 0.9)
    keypoints = Keypoints(np.arange(FRAMES) / 30, np.ones((FRAMES, KEYPOINT_COUNT, 2)), confidence, (640, 480))
    assert visible_frames(keypoints).all(), "the person is there, however little of them"


def test_each_frame_counts_for_itself() -> None:
    confidence = confidence_of(*COCO_17)
    confidence[5:10, [KEYPOINT_INDEX[name] for name in parts("knee", "ankle")]] = 0
    confidence[12] = 0
    whole = body_confidence(confidence)
    np.testing.assert_allclose(np.delete(whole, [*range(5, 10), 12]), 0.9)
    assert (whole[5:10] < 0.7).all()
    assert whole[12] == 0


def test_nobody_at_all() -> None:
    assert (body_confidence(np.zeros((FRAMES, KEYPOINT_COUNT))) == 0).all()


def turned_by(quarters: int, frames: slice = slice(None), hidden: slice = slice(0, 0)) -> Keypoints:
    """The dancer, in some frames as a picture turned by quarters shows them, in others not clearly visible."""
    people = dancer()
    for _ in range(quarters):
        x, y = people[frames, :, 0].copy(), people[frames, :, 1].copy()
        people[frames, :, 0], people[frames, :, 1] = WIDTH - y, x
    people[hidden, :, 2] = 0.3
    return Keypoints(np.arange(len(people)) / 30, people[..., :2], people[..., 2], (WIDTH, HEIGHT))


@pytest.mark.parametrize(
    ("keypoints", "expected"),
    [
        (turned_by(0), ""),
        (turned_by(1), "sideways"),
        (turned_by(2), "down"),
        (turned_by(3), "sideways"),
        (turned_by(2, slice(0, 100)), ""),
        (turned_by(2, hidden=slice(0, 10)), "down"),
        (turned_by(2, hidden=slice(0, 60)), ""),
        (turned_by(2, hidden=slice(None)), ""),
    ],
    ids=["upright", "left", "turned", "right", "a long handstand", "hidden for a moment", "hidden for long", "unclear"],
)
def test_people_who_are_turned_throughout(keypoints: Keypoints, expected: str) -> None:
    assert trunk_throughout(keypoints) == expected


@pytest.mark.parametrize("layout", [COCO_17, BODY_25, KEYPOINT_NAMES], ids=len)
def test_each_limb_is_as_sure_as_its_own_points(layout: list[str]) -> None:
    unseen = {"left_leg": ("left_knee", "left_ankle", "left_heel", "left_big_toe"), "head": FACE}
    for limb, names in unseen.items():
        confidence = confidence_of(*(name for name in layout if name not in names))
        limbs = dict(zip(LIMB_NAMES, limb_confidence(confidence)[0], strict=True))
        assert limbs.pop(limb) < 0.05
        np.testing.assert_allclose(list(limbs.values()), 0.9)


def test_the_body_is_as_sure_as_its_limbs_together() -> None:
    """Each limb's share is that of its parts: sides of the torso, bones, foot or hand."""
    confidence = np.random.default_rng(0).uniform(0, 1, (FRAMES, KEYPOINT_COUNT))
    weights = np.array([2, 1, 3, 3, 3, 3]) / 15
    np.testing.assert_allclose(limb_confidence(confidence) @ weights, body_confidence(confidence))


def test_an_arm_cut_at_the_elbow_is_partly_seen() -> None:
    confidence = confidence_of(*(name for name in KEYPOINT_NAMES if name not in ("left_wrist", *HANDS)))
    limbs = dict(zip(LIMB_NAMES, limb_confidence(confidence)[0], strict=True))
    assert 0.3 < limbs["left_arm"] < limbs["right_arm"] <= limbs["torso"]
