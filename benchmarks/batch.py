"""Try batches on a folder of clips: killed and restarted, two jobs against one, and on a Dask cluster.

    .venv/bin/python -m benchmarks.batch [--count 40] [--seconds 4] [--detector heavy] [--kills 3] [--dask] [--out FILE]

All runs must give the same files. Two jobs against one are measured by wall time, side by side, so the machine must be
idle. Linux and macOS only.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from posenet3d_blender.cli.batch.launcher import search_path

from .clip_folder import SOURCES, VIDEO_FOLDER, make_clips

CHECKOUT: Final = Path(__file__).parents[1]
FORMATS: Final = "npz,bvh"
SOME_FAILED: Final = 3
REPORTS: Final = ("summary.json", "summary.csv")
Files = dict[str, str]
"""SHA-256 by path."""


def main() -> int:
    """Run the trials; the exit code is 1 if one gave other files."""
    parser = argparse.ArgumentParser(description="Try batches on a folder of clips.")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--longer-side", type=int, default=960, help="pixels, of clips that are not 4K")
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--detector", choices=("heavy", "full"), default="heavy")
    parser.add_argument("--dask", action="store_true", help="also on a local Dask cluster; needs 'distributed'")
    parser.add_argument("--out", type=Path, help="also write the figures as JSON")
    arguments = parser.parse_args()
    options = ["--detector", arguments.detector]
    with tempfile.TemporaryDirectory(prefix="batch-") as name:
        folder = Path(name)
        sources = [VIDEO_FOLDER / f"{source}.mp4" for source in SOURCES]
        made = make_clips(folder / "clips", sources, arguments.count, arguments.seconds, arguments.longer_side)
        seconds = {}
        for jobs in (1, 2):
            start = time.perf_counter()
            code = run(folder, f"jobs_{jobs}", jobs, options).wait()
            seconds[f"jobs {jobs}"] = round(time.perf_counter() - start, 1)
            print(f"jobs {jobs}: {seconds[f'jobs {jobs}']} s", flush=True)
            assert_outcome(folder / f"jobs_{jobs}", made, code)
        truth = files_in(folder / "jobs_1")
        runs = {"two jobs": files_in(folder / "jobs_2")}
        generator = random.Random(arguments.seed)
        moments = [generator.random() for _ in range(arguments.kills)]
        runs["killed and restarted"] = killed(folder, "killed", moments, seconds["jobs 2"], options)
        if arguments.dask:
            runs["Dask, a worker killed"] = on_dask(folder, "dask", options)
    different = [name for name, files in runs.items() if files != truth]
    print(f"{len(made)} clips, {sum(made.values())} good; {seconds}; ratio {seconds['jobs 2'] / seconds['jobs 1']:.2f}")
    print(f"other files: {different}" if different else f"the same {len(truth)} files in all runs")
    if arguments.out:
        report = {"clips": len(made), "seconds": seconds, "cores": os.cpu_count(), "different": different}
        arguments.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return int(bool(different))


def run(folder: Path, out: str, jobs: int = 2, options: Sequence[str] = ()) -> subprocess.Popen[bytes]:
    """Start a batch of folder/clips to folder/`out`."""
    command = [sys.executable, "-m", "posenet3d_blender", "batch", str(folder / "clips"), "--out-dir"]
    where = ["--jobs", str(jobs)] if "--scheduler" not in options else []
    return subprocess.Popen(
        [*command, str(folder / out), "--format", FORMATS, "--device", "cpu", *where, *options],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(CHECKOUT), *search_path()])},
        stdout=subprocess.DEVNULL,
    )


def killed(folder: Path, out: str, moments: Sequence[float], seconds: float, options: Sequence[str] = ()) -> Files:
    """Files of a batch that is killed again and again, each time after a part of `seconds`, and then left alone."""
    for moment in moments:
        batch = run(folder, out, options=options)
        try:
            batch.wait(moment * seconds)
        except subprocess.TimeoutExpired:
            batch.send_signal(signal.SIGKILL)
            batch.wait()
    code = run(folder, out, options=options).wait()
    if code != SOME_FAILED:
        raise RuntimeError(f"the restarted batch ends with {code}")
    return files_in(folder / out)


def on_dask(folder: Path, out: str, options: Sequence[str] = ()) -> Files:
    """Files of a batch on three workers, one of which is killed midway."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=3, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        pids = sorted(client.run(os.getpid).values())
        batch = run(folder, out, options=["--scheduler", cluster.scheduler_address, *options])
        while len(list((folder / out).glob("*.npz"))) < 2 and batch.poll() is None:
            time.sleep(0.2)
        os.kill(pids[0], signal.SIGKILL)
        batch.wait()
    return files_in(folder / out)


def assert_outcome(out: Path, made: dict[str, bool], code: int) -> None:
    """All good clips are done and each broken one has a reason."""
    clips = json.loads((out / "summary.json").read_text(encoding="utf-8"))["videos"]
    outcome = {Path(clip["video"]).name: clip["status"] == "ok" for clip in clips}
    reasons = [clip["reason"] for clip in clips if clip["status"] == "failed"]
    if code != SOME_FAILED or outcome != made or not all(reasons):
        raise RuntimeError(f"exit {code}, {outcome} in place of {made}, {reasons}")


def files_in(out: Path) -> Files:
    """All results, without the reports, which state times."""
    paths = [path for path in sorted(out.rglob("*")) if path.is_file() and "logs" not in path.relative_to(out).parts]
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
        if path.name not in REPORTS
    }


if __name__ == "__main__":
    sys.exit(main())
