"""Compare the speed of each shipped network on each available device and backend.

    .venv/bin/python -m benchmarks.networks [--rounds 5] [--out RESULT.json]

All take turns, round by round, so that other load on the machine affects all alike. A run is as in a capture, from an
array in main memory to arrays in main memory, so transfers to a GPU and back count. The ratios are to onnxruntime on
the CPU. torch on the CPU is timed too, although "auto" never selects it: this shows why.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.capture.detection.blazepose.assets import DETECTOR_FILE, LANDMARK_FILES
from posenet3d_blender.capture.runtime.network import DEVICE_NAMES, Network, Runtime, available_runtimes
from posenet3d_blender.capture.student.predict import STUDENT_FOLDER
from posenet3d_blender.cores import usable_cores

WINDOWS: Final = 64
"""Batch size of the student."""
FRAMES_PER_WINDOW: Final = 4
"""A window every eight frames, and each window once more mirrored."""


@dataclass(frozen=True)
class Task:
    """A network and the input that a capture gives it."""

    path: Path
    inputs: dict[str, NDArray[np.float32]]
    frames: int
    """Frames of footage per run."""


def main() -> None:
    """Time all networks and print a table."""
    parser = argparse.ArgumentParser(description="Time the networks on each available device and backend.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="time per network and round (default: 0.5)")
    parser.add_argument("--out", type=Path, help="also write the figures as JSON")
    arguments = parser.parse_args()
    runtimes = all_runtimes()
    rates = {name: rates_of(task, runtimes, arguments.rounds, arguments.seconds) for name, task in tasks().items()}
    chain = ("detector", "landmarks heavy", "student")
    rates["all three on each frame"] = {
        str(runtime): 1 / sum(1 / rates[name][str(runtime)] for name in chain)
        for runtime in runtimes
        if all(str(runtime) in rates[name] for name in chain)
    }
    yardstick = str(runtimes[-1])
    print(f"frames per second, median of {arguments.rounds} rounds; {usable_cores()} CPU cores")
    for name, by_runtime in rates.items():
        for runtime_name, rate in by_runtime.items():
            ratio = rate / by_runtime[yardstick]
            print(f"{name:<24} {runtime_name:<44} {rate:9.1f}   {ratio:6.2f} x {yardstick}")
    if arguments.out:
        result = {"cores": usable_cores(), "frames_per_second": rates}
        arguments.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def all_runtimes() -> list[Runtime]:
    """Runtimes of a capture, with torch on the CPU added before the last, which is onnxruntime on the CPU."""
    runtimes = available_runtimes()
    if importlib.util.find_spec("torch"):
        runtimes.insert(-1, Runtime("cpu", DEVICE_NAMES["cpu"], "torch", _open_with_torch_on_cpu))
    return runtimes


def _open_with_torch_on_cpu(path: Path, threads: int) -> Network:
    import torch

    from posenet3d_blender.capture.runtime.torch_network import TorchNetwork

    torch.set_num_threads(threads)
    return TorchNetwork(path, "cpu")


def tasks() -> dict[str, Task]:
    """Networks with random input: their speed does not depend on its content."""
    random = np.random.default_rng(0)

    def image(side: int) -> dict[str, NDArray[np.float32]]:
        return {"image": random.random((1, side, side, 3), np.float32)}

    features = {"features": random.standard_normal((WINDOWS, 32, 82), np.float32)}
    return {
        "detector": Task(DETECTOR_FILE, image(224), 1),
        "landmarks full": Task(LANDMARK_FILES["full"], image(256), 1),
        "landmarks heavy": Task(LANDMARK_FILES["heavy"], image(256), 1),
        "student": Task(STUDENT_FOLDER / "student.onnx", features, WINDOWS * FRAMES_PER_WINDOW),
    }


def rates_of(task: Task, runtimes: list[Runtime], rounds: int, seconds: float) -> dict[str, float]:
    """Frames per second by runtime; one that fails is reported on standard error and skipped."""
    runs: dict[str, Callable[[], object]] = {}
    for runtime in runtimes:
        try:
            network = runtime.open(task.path, usable_cores())
            # Warm-up: the first runs of a network select its kernels and allocate its memory.
            for _ in range(3):
                network.run(task.inputs)
        except Exception as error:  # torch, onnxruntime and drivers raise many kinds
            print(f"{task.path.name}: {runtime} failed: {error}", file=sys.stderr)
            continue
        runs[str(runtime)] = partial(network.run, task.inputs)
    medians: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            medians[name].append(_seconds_of(run, seconds))
    return {name: task.frames / statistics.median(values) for name, values in medians.items()}


def _seconds_of(run: Callable[[], object], seconds: float) -> float:
    """Median time of a run, over as many as fit into `seconds` (three at least)."""
    durations: list[float] = []
    while len(durations) < 3 or sum(durations) < seconds:
        start = time.perf_counter()
        run()
        durations.append(time.perf_counter() - start)
    return statistics.median(durations)


if __name__ == "__main__":
    main()
