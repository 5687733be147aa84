"""Work in a thread of its own."""

from __future__ import annotations

import threading
from typing import NoReturn

import pytest

from posenet3d_blender.errors import Cancelled, PoseNet3DError
from posenet3d_blender.progress import Progress

pytest.importorskip("bpy")  # imported by the package

from posenet3d_blender.ui.worker_thread import WorkerThread, stop_all


def endless(progress: Progress) -> NoReturn:
    while True:
        progress("landmarks", 0.5)


def test_it_returns_the_result_of_the_work() -> None:
    def work(progress: Progress) -> int:
        progress("landmarks", 0.9)
        return 42

    thread = WorkerThread(work)
    thread.wait()
    assert not thread.is_running
    assert thread.result() == 42
    assert (thread.stage, thread.fraction) == ("landmarks", 0.9)


def test_it_stops_soon_when_cancelled() -> None:
    thread = WorkerThread(endless)
    thread.cancel()
    thread.wait()
    with pytest.raises(Cancelled):
        thread.result()


def test_it_raises_the_error_of_the_work() -> None:
    def work(progress: Progress) -> NoReturn:
        raise PoseNet3DError("no such file; check the name")

    thread = WorkerThread(work)
    thread.wait()
    with pytest.raises(PoseNet3DError, match="no such file"):
        thread.result()


def test_all_threads_are_stopped_abandoned_ones_too() -> None:
    started = [WorkerThread(endless), WorkerThread(endless)]
    stop_all(10)
    assert not any(thread.is_running for thread in started)
    assert not [thread for thread in threading.enumerate() if thread.name == "PoseNet3D"]
