"""Kill captures and batches at random moments: nothing is half written, and a rerun gives the same files.

    .venv/bin/python -m benchmarks.kills [--count 100] [--seed 0]

SIGKILL and SIGTERM by turns, at a random moment of the time that an undisturbed run takes. After each kill every output
must be absent or whole, byte for byte that of an undisturbed run. SIGTERM must leave no other file; what SIGKILL left
must be gone after the rerun. Linux and macOS only.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .fuzz import CHECKOUT, CLIP
from .fuzz_inputs import write_videos

OPTIONS: Final = ("--device", "cpu", "--detector", "full")
COMMANDS: Final = {
    "capture": ("capture", "one.mp4", "-o", "new/out.npz", "--keypoints-out", "new/out.json", "--preview", "out.mp4"),
    "capture to Blender": ("capture", "one.mp4", "-o", "out.npz", "-o", "out.bvh", "-o", "out.glb"),
    "batch": ("batch", "one.mp4", "two.mp4", "three.mp4", "--out-dir", "new", "--format", "npz"),
}
INPUTS: Final = ("one.mp4", "two.mp4", "three.mp4")
STOPPED: Final = {signal.SIGTERM: (130, -signal.SIGTERM), signal.SIGKILL: (-signal.SIGKILL,)}
"""Exit codes by signal; SIGTERM ends the process by itself until the command has begun."""


@dataclass(frozen=True)
class Kill:
    """One kill and what it left."""

    command: str
    signal: signal.Signals
    moment: float
    """Part of the time that the last undisturbed run took, 0 to 1."""
    exit_code: int
    complaints: tuple[str, ...]

    def as_line(self) -> str:
        """One line of text."""
        code = "finished before" if self.exit_code == 0 else f"exit {self.exit_code}"
        verdict = "; ".join(self.complaints) or "nothing half written, the rerun gives the same"
        return f"{self.command:<18} {self.signal.name} at {self.moment:4.0%}  {code:<15} {verdict}"


def main() -> int:
    """Run all kills; the exit code is 1 if one left what it must not."""
    parser = argparse.ArgumentParser(description="Kill captures and batches at random moments.")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        for kill in run(Path(folder), arguments.count, arguments.seed):
            print(kill.as_line(), flush=True)
            outcome = "broken" if kill.complaints else "finished before" if kill.exit_code == 0 else "clean"
            counts[f"{kill.command}, {kill.signal.name}: {outcome}"] += 1
    print(f"seed {arguments.seed}, {sum(counts.values())} kills")
    for name, count in sorted(counts.items()):
        print(f"  {name:<45} {count}")
    return int(any(name.endswith("broken") for name in counts))


def run(folder: Path, count: int, seed: int, commands: tuple[str, ...] = tuple(COMMANDS)) -> Iterator[Kill]:
    """Kill the commands in turns, `count` times in all, each in a folder of its own below `folder`."""
    videos = folder / "videos"
    videos.mkdir()
    clip = write_videos(CLIP, videos)["clip.mp4"]
    references: dict[str, dict[str, bytes]] = {}
    seconds: dict[str, float] = {}
    generator = random.Random(seed)
    for number in range(count):
        command = commands[number % len(commands)]
        if command not in references:
            reference = folder / f"reference_{len(references)}"
            _set_up(reference, clip)
            error, seconds[command] = _run(reference, command)
            if error:
                raise RuntimeError(f"{command} fails undisturbed: {error}")
            references[command] = _outputs(reference)
        stop = (signal.SIGKILL, signal.SIGTERM)[number // len(commands) % 2]
        own = folder / str(number)
        _set_up(own, clip)
        kill = _kill(own, command, references[command], stop, generator.random(), seconds[command])
        rerun_complaints, seconds[command] = _rerun(own, command, references[command])
        shutil.rmtree(own)
        yield dataclasses.replace(kill, complaints=(*kill.complaints, *rerun_complaints))


def _kill(
    folder: Path, command: str, whole: dict[str, bytes], stop: signal.Signals, moment: float, seconds: float
) -> Kill:
    """Start the command and stop it at this part of the seconds that it takes."""
    process = _start(folder, command)
    try:
        _, error = process.communicate(timeout=moment * seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(stop)
        _, error = process.communicate()
    complaints = _check_kill(folder, whole, stop, process.returncode, error)
    return Kill(command, stop, moment, process.returncode, tuple(complaints))


def _rerun(folder: Path, command: str, whole: dict[str, bytes]) -> tuple[list[str], float]:
    """Complaints about the command's second run, and its seconds."""
    error, seconds = _run(folder, command)
    outputs = _outputs(folder)
    different = sorted(name for name in outputs | whole if whole.get(name) != outputs.get(name))
    if error or different:
        return [f"the rerun differs in {different}: {error[:200]}"], seconds
    return [], seconds


def _run(folder: Path, command: str) -> tuple[str, float]:
    """Error text of a failing run (empty if it succeeds) and the run's seconds."""
    start = time.perf_counter()
    process = _start(folder, command)
    _, error = process.communicate()
    return (f"exit {process.returncode}: {error}" if process.returncode else ""), time.perf_counter() - start


def _check_kill(folder: Path, whole: dict[str, bytes], stop: signal.Signals, code: int, error: str) -> list[str]:
    complaints = []
    left = _outputs(folder)
    if code not in (0, *STOPPED[stop]):
        complaints.append(f"exit {code}: {error[:200]}")
    if code == 130 and error.count("\n") != 1:
        complaints.append(f"printed {error[:200]}")
    half = sorted(name for name in left if name in whole and left[name] != whole[name])
    if half:
        complaints.append(f"half written: {half}")
    others = sorted(name for name in left if name not in whole)
    if others and (stop == signal.SIGTERM or not all(".posenet3d-" in name for name in others)):
        complaints.append(f"left {others}")
    if code == 130 and (folder / "new").is_dir() and not any((folder / "new").iterdir()):
        complaints.append("left an empty folder")
    return complaints


def _set_up(folder: Path, clip: bytes) -> None:
    folder.mkdir()
    for name in INPUTS:
        (folder / name).write_bytes(clip)


def _start(folder: Path, command: str) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "posenet3d_blender", *COMMANDS[command], *OPTIONS],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _outputs(folder: Path) -> dict[str, bytes]:
    """Content of all files but the inputs and a batch's reports, which state times, by path."""
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name not in INPUTS and not _is_report(path)]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def _is_report(path: Path) -> bool:
    return path.suffix in (".log", ".jsonl") or path.stem == "summary"


if __name__ == "__main__":
    sys.exit(main())
