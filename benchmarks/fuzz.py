"""Fuzz test: damaged videos, files of 2D joints, motions and bodies through the real readers and commands.

    .venv/bin/python -m benchmarks.fuzz [--count 1000] [--seed 0] [--only INDEX] [--out FOLDER]

Each input must be read, or refused in one line that says what to do: no traceback, no crash, no more than 30 s of
processor time (or 5 minutes by the clock), no more than 2 GiB of memory, no file left behind or open. Inputs are
made from the bundled clip by `fuzz_inputs`; the same seed gives the same ones. Those that break a rule are kept in the
folder. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from posenet3d_blender.arrays import AnyArray
from posenet3d_blender.body.model import load_body
from posenet3d_blender.errors import printable

from .fuzz_inputs import FuzzInput, Sources, keypoint_files, write_videos

CHECKOUT: Final = Path(__file__).parents[1]
CLIP: Final = CHECKOUT / "examples" / "demo_clip.mp4"
LONGEST_WAIT: Final = 300
"""Seconds by the clock after which an input counts as hanging, though it takes no processor time."""
INPUTS_PER_WORKER: Final = 100
"""A new process after so many, so that one that grows without end is not taken for one large input."""


@dataclass(frozen=True)
class Result:
    """Outcome of one input."""

    damaged: FuzzInput
    outcome: str
    """ "read", "written", "refused" or "broken"."""
    detail: str

    def as_line(self) -> str:
        """One line of text."""
        detail = printable(self.detail)
        return f"{self.damaged.index:>5} {self.damaged.kind:<9} {self.damaged.name:<15} {self.outcome:<8} {detail}"


def main() -> int:
    """Run the fuzz test; the exit code is 1 if an input broke a rule."""
    parser = argparse.ArgumentParser(description="Damaged inputs through the real readers and commands.")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, metavar="INDEX", help="this input alone")
    parser.add_argument("--out", type=Path, default=CHECKOUT / "out" / "fuzz", help="where inputs that break a rule go")
    parser.add_argument("--verbose", action="store_true", help="print each input's outcome")
    arguments = parser.parse_args()
    indices = range(arguments.count) if arguments.only is None else [arguments.only]
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        sources = make_sources(Path(folder))
        for result in run(sources, arguments.seed, indices, Path(folder)):
            counts[f"{result.damaged.kind} {result.outcome}"] += 1
            if arguments.verbose or arguments.only is not None or result.outcome == "broken":
                print(result.as_line(), flush=True)
            if result.outcome == "broken":
                arguments.out.mkdir(parents=True, exist_ok=True)
                kept = arguments.out / f"{arguments.seed}_{result.damaged.index}_{result.damaged.name}"
                kept.write_bytes(result.damaged.content)
    print(f"seed {arguments.seed}, {sum(counts.values())} inputs")
    for name, count in sorted(counts.items()):
        print(f"  {name:<20} {count}")
    return int(any(name.endswith("broken") for name in counts))


def make_sources(folder: Path) -> Sources:
    """Make the whole files, among them the captured 2D joints and motion of the short clip.

    Raises:
        subprocess.CalledProcessError: the whole clip can't be captured.
    """
    videos = write_videos(CLIP, folder)
    own, motion = folder / "own.json", folder / "motion.npz"
    command = [sys.executable, "-m", "posenet3d_blender", "capture", str(folder / "clip.mp4"), "--device", "cpu"]
    command += ["--detector", "full", "-o", str(motion), "--keypoints-out", str(own)]
    subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True)
    with np.load(motion) as archive:
        return Sources(videos, keypoint_files(own), dict(archive), _small_body())


def run(sources: Sources, seed: int, indices: Iterable[int], folder: Path) -> Iterator[Result]:
    """Check the inputs of these numbers in worker processes; `folder` is for their files."""
    work = folder / "work"
    work.mkdir(exist_ok=True)
    (work / "clip.mp4").write_bytes(sources.videos["clip.mp4"])
    remaining = list(indices)
    while remaining:
        with _worker(work) as check:
            for _ in range(min(INPUTS_PER_WORKER, len(remaining))):
                damaged = sources.damaged(seed, remaining.pop(0))
                path = folder / f"{damaged.index}_{damaged.name}"
                path.write_bytes(damaged.content)
                result = check(damaged, path)
                path.unlink()
                yield result
                if result.outcome == "broken":
                    break  # whatever is left of it must not be counted against the next


@contextmanager
def _worker(work: Path) -> Iterator[Callable[[FuzzInput, Path], Result]]:
    """A worker process; gives a function that has it check one input."""
    command = [sys.executable, "-m", "benchmarks.fuzz_worker", str(work)]
    environment = os.environ | {"TMPDIR": str(work.parent), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    )
    assert process.stdin is not None
    assert process.stdout is not None
    stdin, stdout = process.stdin, process.stdout

    def check(damaged: FuzzInput, path: Path) -> Result:
        task = {"index": damaged.index, "kind": damaged.kind, "path": str(path), "is_full": damaged.is_full}
        stdin.write(json.dumps(task).encode() + b"\n")
        stdin.flush()
        if not select.select([stdout], [], [], LONGEST_WAIT)[0]:
            process.kill()
            return Result(damaged, "broken", f"the process hung for {LONGEST_WAIT} s")
        line = stdout.readline()
        if not line:
            code = process.wait()
            cause = signal.Signals(-code).name if code < 0 else f"exit {code}"
            meaning = " after 30 s of processor time" if cause == "SIGXCPU" else ""
            return Result(damaged, "broken", f"the process died: {cause}{meaning}")
        reply = json.loads(line)
        return Result(damaged, reply["outcome"], reply["detail"])

    try:
        yield check
    finally:
        stdin.close()
        process.kill()
        process.wait()
        stdout.close()


def _small_body() -> dict[str, AnyArray]:
    """A body of fifty vertices, by SMPL's keys."""
    body, count = load_body(), 50
    random = np.random.default_rng(0)
    return {
        "v_template": body.template[:count],
        "f": random.integers(0, count, (16, 3)),
        "shapedirs": body.shape_directions[:count],
        "posedirs": random.normal(size=(count, 3, 207)),
        "J_regressor": random.dirichlet(np.ones(count), 24),
        "weights": body.skin_weights[:count],
        "gender": np.array("female"),
    }


if __name__ == "__main__":
    sys.exit(main())
