"""Footage that is lost while it is read, with its drive perhaps: a failure, never a shorter motion."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from posenet3d_blender.capture.video.footage import open_footage, read_frames
from posenet3d_blender.errors import PoseNet3DError

from ..conftest import WriteVideo

LOST = r"can't be read any more \(.+\); check its drive, then capture again$"


@pytest.fixture
def video(write_video: WriteVideo) -> Path:
    """More than a reader takes in advance."""
    random = np.random.default_rng(0)
    pictures = [random.integers(0, 255, (240, 320, 3)).astype(np.uint8) for _ in range(30)]
    return write_video("clip.mp4", pictures, options={"movflags": "faststart"})


def test_a_video_that_is_cut_off_while_it_is_read(video: Path) -> None:
    footage = open_footage(video)
    frames = read_frames(footage)
    next(frames)
    with video.open("r+b") as stream:
        stream.truncate(video.stat().st_size // 2)
    with pytest.raises(PoseNet3DError, match=r"has changed while it was read; capture again when it is complete$"):
        list(frames)


def test_a_video_that_is_gone_when_it_is_read_again(video: Path) -> None:
    footage = open_footage(video)
    assert len(list(read_frames(footage))) == 30
    video.unlink()
    with pytest.raises(PoseNet3DError, match=LOST):
        list(read_frames(footage))


def test_pictures_that_are_gone_midway(tmp_path: Path) -> None:
    for number in range(8):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((48, 64, 3), 9 * number, np.uint8))
    footage = open_footage(tmp_path, 25)
    frames = read_frames(footage)
    next(frames)
    for path in tmp_path.iterdir():
        path.unlink()
    with pytest.raises(PoseNet3DError, match=LOST):
        list(frames)


def test_a_last_picture_that_is_damaged_is_only_that(tmp_path: Path) -> None:
    for number in range(8):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((48, 64, 3), 9 * number, np.uint8))
    (tmp_path / "7.png").write_bytes(b"no picture")
    footage = open_footage(tmp_path, 25)
    assert [frame.index for frame in read_frames(footage)] == list(range(7))
    assert footage.damaged == {7}
