"""Compare the speed of a whole capture with mediapipe's pose pipeline alone, on the same frames and machine.

    .venv/bin/python benchmarks/end_to_end.py [VIDEO] [--rounds 3] [--out RESULT.json]

Each contestant is a process of its own, timed from start to exit (imports and model loading count), in turns, so that
other load on the machine affects all alike. Ours decodes, detects, lifts, solves and writes the motion (.npz), or
the animated skinned armature (.fbx) on top; mediapipe 0.10.21 (model_complexity=2) decodes and tracks 2D joints.
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
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
DEFAULT_VIDEO = CHECKOUT.parent / "shared" / "video" / "opencap_squat.mp4"
MEDIAPIPE_PYTHON = CHECKOUT / ".venv-mediapipe" / "bin" / "python"


def main() -> None:
    """Time all contestants and print a table and the ratios."""
    parser = argparse.ArgumentParser(description="Time a capture against mediapipe's own pose pipeline.")
    parser.add_argument("video", type=Path, nargs="?", default=DEFAULT_VIDEO)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, help="also write the figures as JSON")
    arguments = parser.parse_args()
    if not arguments.video.is_file():
        sys.exit(f"{arguments.video}: no such video; give one")
    with tempfile.TemporaryDirectory() as folder:
        commands = contestants(arguments.video, Path(folder))
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        for round_number in range(1, arguments.rounds + 1):
            for name, command in commands.items():
                seconds[name].append(wall_seconds(command))
                print(f"round {round_number}  {name:<18} {seconds[name][-1]:7.1f} s", flush=True)
    report = {name: round(statistics.median(values), 2) for name, values in seconds.items()}
    yardstick = report["mediapipe"]
    print(f"\n{arguments.video.name}, median of {arguments.rounds}, {os.cpu_count()} CPU cores")
    for name, median in report.items():
        print(f"{name:<18} {median:7.1f} s   {yardstick / median:5.2f} x mediapipe's speed")
    if arguments.out:
        result = {"video": arguments.video.name, "cores": os.cpu_count(), "median_seconds": report, "seconds": seconds}
        arguments.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def contestants(video: Path, folder: Path) -> dict[str, list[str]]:
    """Command line by name."""
    ours = [sys.executable, "-m", "posenet3d_blender", "capture", str(video), "--device", "cpu", "-o"]
    return {
        "mediapipe": [str(MEDIAPIPE_PYTHON), str(CHECKOUT / "benchmarks" / "mediapipe_pose.py"), str(video)],
        "capture to .npz": [*ours, str(folder / "motion.npz")],
        "capture to .fbx": [*ours, str(folder / "motion.fbx")],
    }


def wall_seconds(command: list[str]) -> float:
    """Wall time of a process from start to exit."""
    start = time.perf_counter()
    run = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{run.stderr}")
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
