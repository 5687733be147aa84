"""Somebody whom the picture's edge cuts off is searched in a region that reaches beyond the picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np

from posenet3d_blender.capture.detection.blazepose.assets import open_landmark_finder, open_person_detector
from posenet3d_blender.capture.detection.find_people import find_people
from posenet3d_blender.capture.detection.landmark_pass import track_keypoints
from posenet3d_blender.capture.keypoints.keypoints import KEYPOINT_INDEX, Keypoints
from posenet3d_blender.capture.video.footage import Footage, open_footage, read_frames
from posenet3d_blender.capture.video.sources.orientation import UPRIGHT, Pixels
from posenet3d_blender.capture.video.sources.pictures import StoredPicture, scale_down

SHOULDERS = [KEYPOINT_INDEX[f"{side}_shoulder"] for side in ("left", "right")]
HIPS = [KEYPOINT_INDEX[f"{side}_hip"] for side in ("left", "right")]


class Pictures:
    """Pictures in memory."""

    can_seek = True

    def __init__(self, pictures: list[Pixels]) -> None:
        self._pictures = pictures

    def pictures(self, first: int) -> Iterator[StoredPicture]:
        for index, pixels in enumerate(self._pictures[first:], start=first):
            yield StoredPicture(index, partial(np.copy, pixels), partial(scale_down, pixels))

    def check_present(self) -> None:
        """All is there."""


def detect(footage: Footage) -> Keypoints:
    frames = slice(0, footage.frame_count)
    (shot,) = find_people(footage, frames, open_person_detector("cpu"))
    finder = open_landmark_finder("heavy", "cpu")
    (keypoints,) = track_keypoints(footage, frames, shot.people[:1], finder)
    return keypoints


def test_hips_at_the_edge_of_the_picture_are_not_pulled_into_it(shared_folder: Path) -> None:
    """The detector takes half a person for a small one, and in its region the landmarks shrink by as much."""
    footage = open_footage(shared_folder / "video" / "opencap_walk.mp4")
    pictures = [frame.image for frame in read_frames(footage, slice(0, 72)) if frame.index % 2 == 0]
    time = np.arange(len(pictures)) / 30
    whole = replace(footage, time=time, source=Pictures(pictures), standard_rate=Fraction(30))
    true = detect(whole)
    hips = true.points[:, HIPS, 1].mean(axis=1)  # (T,)
    trunk = hips - true.points[:, SHOULDERS, 1].mean(axis=1)
    bottom = int(np.median(hips))
    cut = [picture[:bottom] for picture in pictures]
    found = detect(Footage(Path("cut.mp4"), whole.width, bottom, UPRIGHT, time, Fraction(30), source=Pictures(cut)))
    error = np.abs(found.points[:, HIPS, 1].mean(axis=1) - hips) / trunk
    assert np.median(error) < 0.12
