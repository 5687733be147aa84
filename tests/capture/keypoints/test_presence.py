"""Confidence of the whole body, and whether somebody is there at all."""

from __future__ import annotations

import numpy as np
import pytest

from posenet3d_blender.arrays import Array
from posenet3d_blender.capture.keypoints.keypoints import KEYPOINT_COUNT, KEYPOINT_INDEX, KEYPOINT_NAMES, Keypoints
from posenet3d_blender.capture.keypoints.layouts import BODY_25, COCO_17
from posenet3d_blender.capture.keypoints.presence import body_confidence, certainty, is_upside_down, visible_frames

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


def dancing(turned: slice, hidden: slice = slice(0, 0)) -> Keypoints:
    """The dancer, in some frames as a picture that is turned by half shows them, in others not clearly visible."""
    people = dancer()
    people[turned, :, :2] = (WIDTH, HEIGHT) - people[turned, :, :2]
    people[hidden, :, 2] = 0.3
    return Keypoints(np.arange(len(people)) / 30, people[..., :2], people[..., 2], (WIDTH, HEIGHT))


@pytest.mark.parametrize(
    ("keypoints", "expected"),
    [
        (dancing(slice(0, 0)), False),
        (dancing(slice(None)), True),
        (dancing(slice(0, 100)), False),
        (dancing(slice(None), hidden=slice(0, 10)), True),
        (dancing(slice(None), hidden=slice(0, 60)), False),
        (dancing(slice(None), hidden=slice(None)), False),
    ],
    ids=["upright", "turned", "a long handstand", "hidden for a moment", "hidden for long", "never clear"],
)
def test_upside_down_throughout(keypoints: Keypoints, expected: bool) -> None:
    assert is_upside_down(keypoints) == expected
