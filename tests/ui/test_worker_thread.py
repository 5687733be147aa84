"""Work in its own thread."""

from __future__ import annotations

import threading

import pytest

from posenet3d_blender.errors import Cancelled, PoseNet3DError

pytest.importorskip("bpy")  # the room it is in needs it

from posenet3d_blender.ui.worker_thread import Job, stop_all  # noqa: E402


def endless(progress):
    while True:
        progress("landmarks", 0.5)


def test_it_gives_what_the_work_gave():
    def work(progress):
        progress("landmarks", 0.9)
        return 42

    job = Job(work)
    job.wait()
    assert not job.is_running
    assert job.result() == 42
    assert (job.stage, job.fraction) == ("landmarks", 0.9)


def test_it_stops_soon_when_cancelled():
    job = Job(endless)
    job.cancel()
    job.wait()
    with pytest.raises(Cancelled):
        job.result()


def test_it_hands_over_errors():
    def work(progress):
        raise PoseNet3DError("no such file; check the name")

    job = Job(work)
    job.wait()
    with pytest.raises(PoseNet3DError, match="no such file"):
        job.result()


def test_all_threads_are_stopped_even_those_nobody_waits_for():
    jobs = [Job(endless), Job(endless)]
    stop_all(10)
    assert not any(job.is_running for job in jobs)
    assert not [thread for thread in threading.enumerate() if thread.name == "PoseNet3D"]
