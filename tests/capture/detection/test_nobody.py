"""Footage without anybody: no person is made up in empty rooms, blur and noise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from posenet3d_blender.capture.detection.blazepose.landmarks import LandmarkFinder, Landmarks
from posenet3d_blender.capture.detection.blazepose.regions import Region
from posenet3d_blender.capture.detection.find_people import PersonTrack
from posenet3d_blender.capture.detection.landmark_pass import track_keypoints
from posenet3d_blender.capture.pipeline import CaptureSettings, capture_video
from posenet3d_blender.capture.video.footage import open_footage
from posenet3d_blender.errors import PoseNet3DError

from ..conftest import WriteVideo, quarters
from ..made_footage import DANCER, Picture, dance, empty_room


def blurred(picture: Picture, sigma: float) -> Picture:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), dtype=np.uint8)


def dancer_blurred_away(pictures: list[Picture]) -> Picture:
    picture = pictures[0].copy()
    picture[:, DANCER] = blurred(picture, 25)[:, DANCER]
    return picture


NOBODY: dict[str, Callable[[list[Picture]], Picture]] = {
    "a room": empty_room,
    "a blurred room": lambda pictures: blurred(empty_room(pictures), 6),
    "a person blurred away": dancer_blurred_away,
    "noise": lambda pictures: np.random.default_rng(0).integers(0, 255, pictures[0].shape).astype(np.uint8),
}


@pytest.mark.parametrize("picture", NOBODY.values(), ids=NOBODY)
def test_nobody_is_found(picture: Callable[[list[Picture]], Picture], demo_clip: Path, write_video: WriteVideo) -> None:
    shown = picture(dance(demo_clip)).astype(int)
    random = np.random.default_rng(1)
    frames = [np.clip(shown + random.normal(0, 3, shown.shape), 0, 255).astype(np.uint8) for _ in range(8)]
    path = write_video("nobody.mp4", frames, [index / 10 for index in range(8)])
    with pytest.raises(PoseNet3DError, match="no person found"):
        capture_video(path, CaptureSettings(device="cpu", detector="full"))


class SureFinder(LandmarkFinder):
    """Finds somebody in every region, with a given probability."""

    def __init__(self, presence: float) -> None:
        self.presence = presence

    def find(self, image: Picture, region: Region) -> Landmarks:
        points = np.tile([region.x, region.y], (33, 1))
        return Landmarks(points, np.full(33, 0.9), self.presence, region)


@pytest.mark.parametrize(("presence", "is_followed"), [(0.99, True), (0.9, False)])
def test_where_the_detector_sees_nobody_the_landmarks_must_be_surer(
    presence: float, is_followed: bool, write_video: WriteVideo
) -> None:
    footage = open_footage(write_video("clip.mp4", [quarters()] * 50))
    region = Region(32.0, 24.0, 30.0, 0.0)
    track = PersonTrack(np.array([0.0, 0.2]), (region, region), np.full(2, 0.9), np.ones(2))
    (keypoints,) = track_keypoints(footage, slice(0, 50), [track], SureFinder(presence))
    seen = keypoints.confidence.max(axis=1) > 0
    assert seen[footage.time < 0.75].all()
    assert seen[footage.time > 0.85].tolist() == [is_followed] * int((footage.time > 0.85).sum())
