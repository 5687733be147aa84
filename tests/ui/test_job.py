"""A capture in its own thread."""

from __future__ import annotations

import pytest

from posenet3d_blender.errors import Cancelled, PoseNet3DError

from .conftest import Settings

pytest.importorskip("bpy")  # the room it is in needs it

from posenet3d_blender.ui.job import CaptureJob  # noqa: E402


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "walk.mp4"
    path.touch()
    return path


def test_it_gives_what_was_captured(pipeline, video):
    job = CaptureJob(video, Settings())
    job.wait()
    assert not job.is_running
    assert job.result().footage.path == video
    assert (job.stage, job.fraction) == ("landmarks", 0.009)


def test_it_stops_soon_when_cancelled(pipeline, video):
    job = CaptureJob(video.rename(video.with_stem("endless")), Settings())
    job.cancel()
    job.wait()
    with pytest.raises(Cancelled):
        job.result()


def test_it_hands_over_errors(pipeline, video):
    missing = CaptureJob(video.with_stem("nothing"), Settings())
    missing.wait()
    with pytest.raises(PoseNet3DError, match="no such file"):
        missing.result()
