"""The processes of a batch, with a stand-in for what they run: crashes, stops, threads, memory, and how they start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from posenet3d_blender.cli.batch import capture_clip, launcher, processes
from posenet3d_blender.cli.batch.job import ClipJob, ClipResult
from posenet3d_blender.cli.batch.memory import MEMORY_OF_JOB, available_memory, jobs_in_memory
from posenet3d_blender.cli.batch.processes import run_in_processes
from posenet3d_blender.cli.process import StopRequest
from posenet3d_blender.cores import usable_cores
from posenet3d_blender.errors import Cancelled, PoseNet3DError
from posenet3d_blender.progress import silent

CHECKOUT = Path(__file__).parents[2]
STAND_IN = Path(__file__).with_name("stand_in_worker.py")

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills by signals")


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the stand-in leaves its notes."""
    monkeypatch.setattr(processes, "worker_command", lambda: [sys.executable, str(STAND_IN), str(tmp_path)])
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    return tmp_path


def jobs(folder: Path, *names: str) -> list[ClipJob]:
    return [ClipJob(folder / f"{name}.mp4", (), folder / f"{name}.log") for name in names]


def never() -> None:
    """Nobody asks to stop."""


def by_name(results: list[ClipResult]) -> dict[str, ClipResult]:
    return {result.video.stem: result for result in results}


def test_clips_are_shared_among_the_processes_and_the_threads_too(folder: Path) -> None:
    results = by_name(list(run_in_processes(jobs(folder, "a", "b", "c", "d", "e"), 2, never)))
    assert sorted(results) == ["a", "b", "c", "d", "e"]
    assert {result.status for result in results.values()} == {"ok"}
    assert 1 <= len({result.line for result in results.values()}) <= 2
    assert {(folder / name).read_text() for name in results} == {str(max(1, usable_cores() // 2))}


def test_a_crash_takes_only_its_clip_along(folder: Path) -> None:
    results = by_name(list(run_in_processes(jobs(folder, "crash", "crash_once", "a", "b"), 2, never)))
    assert {name: result.status for name, result in results.items()} == {
        "crash": "failed",
        "crash_once": "ok",
        "a": "ok",
        "b": "ok",
    }
    assert "its process died (SIGKILL)" in results["crash"].reason
    assert str(folder / "crash.log") in results["crash"].reason


def test_a_single_process_that_crashes_is_replaced(folder: Path) -> None:
    results = by_name(list(run_in_processes(jobs(folder, "crash", "a"), 1, never)))
    assert {name: result.status for name, result in results.items()} == {"crash": "failed", "a": "ok"}


def test_a_stop_ends_all_processes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "PATIENCE", 0.1)
    started: list[subprocess.Popen[str]] = []
    original = subprocess.Popen

    def popen(*arguments: object, **options: object) -> subprocess.Popen[str]:
        started.append(original(*arguments, **options))  # type: ignore[call-overload]
        return started[-1]

    monkeypatch.setattr(processes.subprocess, "Popen", popen)

    def stop_soon() -> None:
        if all((folder / f"slow_{number}.attempt").exists() for number in (1, 2)):
            raise Cancelled

    with pytest.raises(Cancelled):
        list(run_in_processes(jobs(folder, "slow_1", "slow_2", "a"), 2, stop_soon))
    assert len(started) == 2
    assert all(process.poll() is not None for process in started)
    assert not (folder / "a").exists()


def test_processes_that_do_not_start_are_one_line(folder: Path) -> None:
    (folder / "refuse").touch()
    with pytest.raises(PoseNet3DError, match=r"don't start \(no such add-on\); in Blender, enable the add-on"):
        list(run_in_processes(jobs(folder, "a"), 1, never))


def test_in_blender_it_is_blender_that_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    app = SimpleNamespace(binary_path="/opt/blender/blender")  # as in Blender 4.2
    monkeypatch.setitem(sys.modules, "bpy", SimpleNamespace(app=app))
    assert launcher.worker_command() == [
        *("/opt/blender/blender", "--background", "--command", "posenet3d", "batch-worker")
    ]
    app.module = True  # the bpy package, in which a script set the path
    assert launcher.worker_command() == [sys.executable, "-m", "posenet3d_blender", "batch-worker"]


def test_a_package_under_another_name_is_started_under_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Blender calls the extension's folder posenet3d, and its Python may not know where that is."""
    (tmp_path / "posenet3d").symlink_to(CHECKOUT / "posenet3d_blender")
    monkeypatch.setattr(launcher, "PACKAGE", tmp_path / "posenet3d")
    run = subprocess.run(
        launcher.worker_command(),
        input="",
        cwd=tmp_path,
        env=launcher.worker_environment(1) | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == 'posenet3d-batch {"ready": true}\n'


def test_no_more_processes_than_fit_into_memory() -> None:
    assert jobs_in_memory(4, 10 * MEMORY_OF_JOB) == 4
    assert jobs_in_memory(4, 2 * MEMORY_OF_JOB + 1) == 2
    assert jobs_in_memory(4, MEMORY_OF_JOB // 2) == 1
    assert jobs_in_memory(4, None) == 4
    available = available_memory()
    assert available is None or available > 0


def test_a_process_whose_batch_is_killed_stops_within_its_clip(demo_clip: Path, tmp_path: Path) -> None:
    """The real one: its standard input ends, as it does when the batch is killed."""
    command = ["capture", str(demo_clip), f"--output={tmp_path / 'out' / 'a.npz'}", "--detector=full"]
    job = ClipJob(demo_clip, tuple(command), tmp_path / "a.log")
    with subprocess.Popen(
        [sys.executable, "-m", "posenet3d_blender", "batch-worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env=launcher.worker_environment(1),
    ) as process:
        assert process.stdin
        assert process.stdout
        assert "ready" in process.stdout.readline()
        process.stdin.write(f"{json.dumps(job.as_json())}\n")
        process.stdin.flush()
        while not (tmp_path / "out").exists():
            time.sleep(0.05)
        process.stdin.close()
        assert process.stdout.read() == ""
        assert process.wait() == 130
    assert not (tmp_path / "out").exists()
    # A library's own cleaning up may have been interrupted too, which Python notes after it.
    assert "cancelled" in (tmp_path / "a.log").read_text(encoding="utf-8").splitlines()


def test_a_stop_that_a_library_turns_into_its_own_error_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As when the signal comes while a C extension is being imported."""
    stop = StopRequest()

    def fail(*_: object) -> None:
        stop.handle(signal.SIGINT, None)
        raise ImportError("numpy.core.multiarray failed to import")

    monkeypatch.setattr(capture_clip, "capture_as_told", fail)
    (job,) = jobs(tmp_path, "a")
    with pytest.raises(Cancelled):
        capture_clip.capture_clip(replace(job, command=("capture", "a.mp4", "-o", "a.npz")), silent, stop)
    assert job.log.read_text(encoding="utf-8").splitlines()[-1] == "cancelled"
