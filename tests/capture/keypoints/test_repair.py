"""Repair: swaps undone, jumps dropped, short gaps bridged, and nothing else touched."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from posenet3d_blender.capture.keypoints.keypoints import KEYPOINT_COUNT, KEYPOINT_INDEX, MIRRORED_KEYPOINTS, Keypoints
from posenet3d_blender.capture.keypoints.repair import body_size, bridge_gaps, find_jumps, hide_outside, repair
from posenet3d_blender.capture.keypoints.swaps import LEGS

MIRRORED = list(MIRRORED_KEYPOINTS)
LEFT_WRIST = KEYPOINT_INDEX["left_wrist"]


def walker(rate: float, seconds: float = 2.0, noise: float = 0.8) -> Keypoints:
    """Someone 500 pixels tall who walks across the picture, seen half from the side."""
    time = np.arange(round(seconds * rate)) / rate
    heights = {"ear": 460, "eye": 465, "shoulder": 410, "elbow": 320, "wrist": 240, "index": 225, "pinky": 225}
    heights |= {"hip": 260, "knee": 140, "ankle": 25, "heel": 5, "big_toe": 5}
    points = np.zeros((len(time), KEYPOINT_COUNT, 2))
    for name, index in KEYPOINT_INDEX.items():
        side, _, part = name.rpartition("_") if name.endswith("toe") is False else (name[:-8], "_", "big_toe")
        sign = {"left": 1, "right": -1}.get(side, 0)
        swing = np.sin(2 * np.pi * time) * sign * (500 - heights.get(part, 460)) * 0.25
        points[:, index, 0] = 200 + 150 * time + 35 * sign + swing * (1 if LEGS[index] else -1)
        points[:, index, 1] = 700 - heights.get(part, 460)
    points += np.random.default_rng(0).normal(0, noise, points.shape)
    return Keypoints(time, points, np.full(points.shape[:2], 0.9), (1280, 720))


def exchange(keypoints: Keypoints, frames: slice, parts: NDArray[np.bool_]) -> Keypoints:
    points = keypoints.points.copy()
    points[frames] = np.where(parts[:, None], points[frames][:, MIRRORED], points[frames])
    return replace(keypoints, points=points)


@pytest.mark.parametrize("rate", [24, 30, 60, 120])
def test_good_tracks_stay_as_they_are(rate: float) -> None:
    keypoints = walker(rate)
    mended = repair(keypoints)
    # In the one frame in which the legs pass each other either name will do.
    assert (mended.points != keypoints.points).any(axis=(1, 2)).sum() <= 1
    np.testing.assert_array_equal(mended.confidence, keypoints.confidence)


def test_points_outside_the_picture_are_not_seen_whatever_the_detector_says() -> None:
    keypoints = walker(30)
    cut = replace(keypoints, image_size=(1280, 500))
    outside = keypoints.points[..., 1] > 500
    mended = hide_outside(cut)
    assert outside.any()
    assert not mended.confidence[outside].any()
    np.testing.assert_array_equal(mended.confidence[~outside], 0.9)


def test_doubtful_points_are_not_seen_near_the_edge_only() -> None:
    keypoints = walker(30)
    confidence = keypoints.confidence.copy()
    doubtful = [KEYPOINT_INDEX[name] for name in ("left_ankle", "left_elbow")]
    confidence[:, doubtful] = 0.3
    mended = hide_outside(replace(keypoints, confidence=confidence))
    assert (keypoints.points[:, doubtful[0], 1] > 0.9 * 720).all()
    assert not mended.confidence[:, doubtful[0]].any()
    np.testing.assert_array_equal(mended.confidence[:, doubtful[1]], 0.3)


@pytest.mark.parametrize("rate", [24, 60])
@pytest.mark.parametrize("parts", [np.ones(KEYPOINT_COUNT, bool), LEGS], ids=["whole body", "legs"])
@pytest.mark.parametrize("seconds", [0.04, 0.5])
def test_exchanged_sides_are_put_back(rate: float, parts: NDArray[np.bool_], seconds: float) -> None:
    keypoints = walker(rate)
    first = round(0.7 * rate)
    swapped = exchange(keypoints, slice(first, first + max(1, round(seconds * rate))), parts)
    np.testing.assert_allclose(repair(swapped).points, keypoints.points, atol=0.05 * 500)


@pytest.mark.parametrize("rate", [30, 60])
def test_a_jump_is_dropped_and_bridged(rate: float) -> None:
    keypoints = walker(rate)
    points = keypoints.points.copy()
    points[20, LEFT_WRIST] += (0, 180)
    jumped = replace(keypoints, points=points)
    assert np.argwhere(find_jumps(jumped, body_size(jumped))).tolist() == [[20, LEFT_WRIST]]
    mended = repair(jumped)
    assert np.linalg.norm(mended.points[20, LEFT_WRIST] - keypoints.points[20, LEFT_WRIST]) < 12
    assert 0 < mended.confidence[20, LEFT_WRIST] < 0.3


@pytest.mark.parametrize("rate", [30, 60, 120])
def test_a_fast_punch_is_no_jump(rate: float) -> None:
    keypoints = walker(rate)
    points = keypoints.points.copy()
    # Out and back by 0.7 m in a quarter of a second: 14 m/s at its fastest.
    punch = np.where(np.abs(keypoints.time - 1) < 0.125, np.cos((keypoints.time - 1) * np.pi / 0.25), 0)
    points[:, LEFT_WRIST, 0] += 200 * punch
    punching = replace(keypoints, points=points)
    assert not find_jumps(punching, body_size(punching)).any()


def test_the_size_is_the_median_of_a_second_whatever_the_frame_rate_does() -> None:
    keypoints = walker(30, seconds=4)
    rows = np.sort(np.random.default_rng(1).choice(len(keypoints.time), 80, replace=False))
    points, confidence = keypoints.points[rows] * np.linspace(1, 2, 80)[:, None, None], keypoints.confidence[rows]
    confidence[30:35] = 0
    uneven = replace(keypoints, time=keypoints.time[rows], points=points, confidence=confidence)
    visible = np.r_[:30, 35:80]
    extent = np.ptp(points, axis=1).max(axis=1)
    near = [visible[np.abs(uneven.time[visible] - moment) < 0.499] for moment in uneven.time[visible]]
    median = np.array([np.median(extent[frames]) for frames in near])
    np.testing.assert_allclose(body_size(uneven)[visible], median, rtol=0.02)


def test_only_short_gaps_are_bridged() -> None:
    keypoints = walker(30)
    confidence = keypoints.confidence.copy()
    confidence[5:10] = 0
    confidence[30:50] = 0
    bridged = bridge_gaps(replace(keypoints, confidence=confidence))
    assert (bridged.confidence[5:10] > 0).all()
    assert (bridged.confidence[5:10] < 0.3).all()
    np.testing.assert_allclose(bridged.points[5:10], keypoints.points[5:10], atol=25)
    assert (bridged.confidence[30:50] == 0).all()


def test_nobody_at_all() -> None:
    nobody = replace(walker(30), confidence=np.zeros((60, KEYPOINT_COUNT)))
    assert (repair(nobody).confidence == 0).all()
