"""Compare the speed of a whole capture with mediapipe's pose pipeline alone, on the same frames and machine.

    .venv/bin/python benchmarks/end_to_end.py [VIDEO …] [--rounds 5] [--out RESULT.json]

Each contestant is a process of its own, timed from start to exit (imports and model loading count), in turns, so that
other load on the machine affects all alike. Ours decodes, detects, lifts, solves and writes the motion (.npz), or
the animated skinned armature (.fbx) on top, or the motion of the body alone, without fingers; mediapipe 0.10.21
(model_complexity=2) decodes and tracks 2D joints of the body. By default on footage of 60 and of 30 frames per second.
The stages of ours are medians too.
`make benchmark` sets up both environments.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
VIDEO_FOLDER = CHECKOUT.parent / "shared" / "video"
DEFAULT_VIDEOS = (VIDEO_FOLDER / "opencap_squat.mp4", VIDEO_FOLDER / "sports2d_demo.mp4")
MEDIAPIPE_PYTHON = CHECKOUT / ".venv-mediapipe" / "bin" / "python"


@dataclass(frozen=True)
class Run:
    """One process from start to exit."""

    seconds: float
    """Wall time."""
    processor_seconds: float
    """Of all its threads: other load on the machine changes it little."""
    stages: dict[str, float]
    """The same by stage, of ours."""


def main() -> None:
    """Time all contestants on each video and print tables and ratios."""
    parser = argparse.ArgumentParser(description="Time a capture against mediapipe's own pose pipeline.")
    parser.add_argument("videos", type=Path, nargs="*", default=list(DEFAULT_VIDEOS), metavar="VIDEO")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="also write the figures as JSON")
    arguments = parser.parse_args()
    missing = [video for video in arguments.videos if not video.is_file()]
    if missing:
        sys.exit(f"{missing[0]}: no such video; give one")
    reports = [compare(video, arguments.rounds) for video in arguments.videos]
    if arguments.out:
        arguments.out.write_text(json.dumps(reports, indent=2) + "\n", encoding="utf-8")


def compare(video: Path, rounds: int) -> dict[str, object]:
    """Time all contestants on a video, in turns; prints and returns the medians."""
    with tempfile.TemporaryDirectory() as folder:
        commands = contestants(video, Path(folder))
        runs: dict[str, list[Run]] = {name: [] for name in commands}
        for round_number in range(1, rounds + 1):
            for name, command in commands.items():
                runs[name].append(time_process(command))
                print(f"round {round_number}  {name:<18} {runs[name][-1].seconds:7.1f} s", flush=True)
    medians = {name: statistics.median(run.seconds for run in ones) for name, ones in runs.items()}
    processor = {name: statistics.median(run.processor_seconds for run in ones) for name, ones in runs.items()}
    print(f"\n{video.name}, median of {rounds}, {os.cpu_count()} CPU cores")
    for name, median in medians.items():
        wall_ratio, processor_ratio = (times["mediapipe"] / times[name] for times in (medians, processor))
        print(
            f"{name:<18} {median:7.1f} s   {wall_ratio:5.2f} x mediapipe's speed   "
            f"{processor[name]:7.1f} s of processor time, {processor_ratio:5.2f} x"
        )
        for stage, seconds in stage_medians(runs[name]).items():
            print(f"    {stage:<14} {seconds:7.1f} s   {seconds / median:5.0%}")
    return {
        "video": video.name,
        "cores": os.cpu_count(),
        "median_seconds": medians,
        "median_processor_seconds": processor,
        "median_stages": {name: stage_medians(ones) for name, ones in runs.items()},
        "seconds": {name: [run.seconds for run in ones] for name, ones in runs.items()},
    }


def stage_medians(runs: Sequence[Run]) -> dict[str, float]:
    """Seconds of each stage; what is left is the process's start and end."""
    stages = {stage: statistics.median(run.stages[stage] for run in runs) for stage in runs[0].stages}
    rest = statistics.median(run.seconds - sum(run.stages.values()) for run in runs)
    return stages | ({"start and end": rest} if stages else {})


def contestants(video: Path, folder: Path) -> dict[str, list[str]]:
    """Command line by name."""
    ours = [sys.executable, "-m", "posenet3d_blender", "capture", str(video), "--device", "cpu", "--json", "-o"]
    return {
        "mediapipe": [str(MEDIAPIPE_PYTHON), str(CHECKOUT / "benchmarks" / "mediapipe_pose.py"), str(video)],
        "capture to .npz": [*ours, str(folder / "motion.npz")],
        "capture to .fbx": [*ours, str(folder / "motion.fbx")],
        "body alone": [*ours, str(folder / "body.npz"), "--hands", "off"],
    }


def time_process(command: list[str]) -> Run:
    """Run a process; its last line of output is a JSON object, of which the seconds by stage are taken."""
    start, before = time.perf_counter(), os.times()
    run = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{run.stderr}")
    elapsed, after = time.perf_counter() - start, os.times()
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    stages = json.loads(run.stdout.splitlines()[-1]).get("seconds")
    return Run(elapsed, processor, stages if isinstance(stages, dict) else {})


if __name__ == "__main__":
    main()
