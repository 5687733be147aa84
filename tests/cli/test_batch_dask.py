"""A batch on a local Dask cluster of three processes, with a stand-in for the capture itself."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from posenet3d_blender.cli.batch.dask_farm import run_on_dask
from posenet3d_blender.cli.batch.job import ClipJob
from posenet3d_blender.errors import Cancelled, PoseNet3DError

distributed = pytest.importorskip("distributed")
dask = pytest.importorskip("dask")

CHECKOUT = Path(__file__).parents[2]
STAND_IN = Path(__file__).with_name("stand_in_worker.py")
PATIENCE = 600
"""Seconds for a worker to start."""
CLIPS = tuple(f"clip_{number}" for number in range(8))

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills by signals")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the stand-ins write."""
    return tmp_path_factory.mktemp("dask")


@pytest.fixture(scope="module")
def shared_cluster(folder: Path) -> Iterator[Any]:
    """Three workers of one thread, with a stand-in for the capture."""
    command = [sys.executable, str(STAND_IN), str(folder)]
    stand_in = f"from posenet3d_blender.cli.batch import processes\nprocesses.worker_command = lambda: {command!r}\n"
    stand_in += "processes.PATIENCE = 0.1\n"
    options = {"n_workers": 3, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    # On a busy machine a killed worker needs longer than the usual 15 s to come back.
    patience = dask.config.set({"distributed.deploy.lost-worker-timeout": f"{PATIENCE} s"})
    with pytest.MonkeyPatch.context() as patch, patience:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(CHECKOUT), *filter(None, sys.path)]))
        with distributed.LocalCluster(**options, preload=[stand_in]) as cluster:
            yield cluster


@pytest.fixture
def cluster(shared_cluster: Any) -> Any:
    """All three workers, at full speed again."""
    with distributed.Client(shared_cluster.scheduler_address) as client:
        client.wait_for_workers(3, timeout=PATIENCE)
        client.run(slow_down, "0")
    return shared_cluster


def jobs(folder: Path, *names: str) -> list[ClipJob]:
    return [ClipJob(folder / f"{name}.mp4", (), folder / f"{name}.log") for name in names]


def never() -> None:
    """Nobody asks to stop."""


def slow_down(seconds: str) -> int:
    os.environ["STAND_IN_SECONDS"] = seconds
    return os.getpid()


def test_a_slow_worker_and_a_killed_one_cost_no_clip(cluster: Any, folder: Path) -> None:
    with distributed.Client(cluster.scheduler_address) as client:
        first, second, third = client.scheduler_info(n_workers=-1)["workers"]
        pids = client.run(slow_down, "0.3", workers=[first, second])
        client.run(slow_down, "2", workers=[third])
        results = []
        for result in run_on_dask(jobs(folder, *CLIPS), cluster.scheduler_address, never):
            results.append(result)
            if len(results) == 2:
                os.kill(pids[first], signal.SIGKILL)
    assert sorted((result.video.stem, result.status) for result in results) == sorted((name, "ok") for name in CLIPS)
    assert all((folder / name).read_text() == "1" for name in CLIPS)


def test_a_clip_that_crashes_ends_no_worker(cluster: Any, folder: Path) -> None:
    with distributed.Client(cluster.scheduler_address) as client:
        before = client.run(os.getpid)
        results = list(run_on_dask(jobs(folder, "crash", "a"), cluster.scheduler_address, never))
        assert {result.video.stem: result.status for result in results} == {"crash": "failed", "a": "ok"}
        assert client.run(os.getpid) == before


def test_a_stop_ends_the_clips_in_hand(cluster: Any, folder: Path) -> None:
    def stop_soon() -> None:
        if (folder / "slow.attempt").exists():
            raise Cancelled

    with pytest.raises(Cancelled):
        list(run_on_dask(jobs(folder, "slow"), cluster.scheduler_address, stop_soon))
    with distributed.Client(cluster.scheduler_address) as client:
        while any(client.run(lambda dask_worker: bool(dask_worker.state.executing_count)).values()):
            time.sleep(0.2)
    assert not (folder / "slow").exists()


def test_an_address_without_a_scheduler_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posenet3d_blender.cli.batch.dask_farm.CONNECT_TIME", 1)
    with pytest.raises(PoseNet3DError, match=r"^tcp://127\.0\.0\.1:9: no Dask scheduler answers there"):
        list(run_on_dask(jobs(tmp_path, "a"), "tcp://127.0.0.1:9", never))
