"""A process that reads damaged inputs one after another, within limits, and reports what became of each.

Standard input has one line of JSON for each input, standard output one for each result:  fuzz_worker.py FOLDER
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import numpy as np

LARGEST_MEMORY: Final = 2 * 1024**3
"""Bytes that the process may hold at any time."""
LONGEST: Final = 30
"""Seconds of processor time for one input."""
HARD_LIMIT: Final = 8 * 1024**3
"""Bytes that are not given at all, so that a failing input does not take the machine down."""


class Broken(Exception):  # noqa: N818 - the finding that the fuzz test is after
    """Behaviour that no input may cause."""


def main(folder: Path) -> None:
    """Serve inputs until standard input ends."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    resource.setrlimit(resource.RLIMIT_DATA, (HARD_LIMIT, HARD_LIMIT))
    for line in sys.stdin:
        task = json.loads(line)
        used = resource.getrusage(resource.RUSAGE_SELF)
        allowed = int(used.ru_utime + used.ru_stime) + LONGEST + 1
        resource.setrlimit(resource.RLIMIT_CPU, (allowed, resource.RLIM_INFINITY))
        try:
            outcome, detail = CHECKS[task["kind"]](Path(task["path"]), folder, task["is_full"])
            gc.collect()
            if still_open := open_files(folder.parent):
                raise Broken(f"still open: {', '.join(still_open)}")
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            if memory > LARGEST_MEMORY:
                raise Broken(f"{memory / 1024**3:.1f} GiB of memory")
        except Exception as error:
            outcome, detail = "broken", _describe(error)
        replies.write(json.dumps({"index": task["index"], "outcome": outcome, "detail": detail}) + "\n")
        replies.flush()


def open_files(folder: Path) -> list[str]:
    """Names of this process's open files below a folder."""
    descriptors = Path("/proc/self/fd")
    targets = [os.readlink(one) for one in descriptors.iterdir() if one.is_symlink()]
    return [Path(target).name for target in targets if Path(target).is_relative_to(folder)]


def _describe(error: Exception) -> str:
    if isinstance(error, Broken):
        return str(error)
    frames = []
    trace = error.__traceback__
    while trace:
        frames.append(f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return f"{type(error).__name__}: {error} ({' > '.join(frames[-4:])})"


def check_video(path: Path, folder: Path, is_full: bool) -> tuple[str, str]:
    """Read all pictures, or capture them."""
    from posenet3d_blender.capture.video.footage import open_footage, read_frames
    from posenet3d_blender.errors import PoseNet3DError

    if is_full:
        return _run(["capture", str(path), "-o", str(folder / "out.npz"), "--detector", "full"], folder)
    try:
        footage = open_footage(path)
        if not (np.isfinite(footage.time).all() and (np.diff(footage.time) > 0).all()):
            raise Broken("times that don't rise")
        for frame in read_frames(footage):
            if frame.image.shape[2:] != (3,) or frame.time != footage.time[frame.index]:
                raise Broken("a picture of another shape or time")
    except PoseNet3DError as error:
        return _refused(f"posenet3d: error: {error}\n")
    return "read", f"{footage.frame_count} frames"


def check_keypoints(path: Path, folder: Path, _is_full: bool) -> tuple[str, str]:
    """Capture the whole clip from the damaged 2D joints."""
    clip = folder / "clip.mp4"
    return _run(["capture", str(clip), "-o", str(folder / "out.npz"), "--keypoints", str(path)], folder)


def check_motion(path: Path, folder: Path, _is_full: bool) -> tuple[str, str]:
    """Convert the damaged motion."""
    return _run(["convert", str(path), "-o", str(folder / "out.npz")], folder)


def check_body(path: Path, _folder: Path, _is_full: bool) -> tuple[str, str]:
    """Load the damaged body."""
    from posenet3d_blender.body.model import load_body
    from posenet3d_blender.errors import PoseNet3DError

    try:
        body = load_body(path)
    except PoseNet3DError as error:
        return _refused(f"posenet3d: error: {error}\n")
    return "read", f"{len(body.template)} vertices"


CHECKS: Final[dict[str, Callable[[Path, Path, bool], tuple[str, str]]]] = {
    "video": check_video,
    "keypoints": check_keypoints,
    "motion": check_motion,
    "body": check_body,
}


def _run(arguments: list[str], folder: Path) -> tuple[str, str]:
    """Run a command in this process: it writes a whole motion, or leaves nothing but one line."""
    from posenet3d_blender.cli.main import main as run_command
    from posenet3d_blender.motion import load_motion

    out = folder / "out.npz"
    out.unlink(missing_ok=True)
    before = {path.name for path in folder.iterdir()}
    with _caught_output() as printed:
        code = run_command(arguments)
    output, error = printed
    left = {path.name for path in folder.iterdir()} - before
    if code == 0:
        lines = error.splitlines()
        if not all(line.startswith("posenet3d: warning: ") for line in lines) or left != {"out.npz"}:
            raise Broken(f"exit 0, but left {left} and printed {error[:300]}")
        motion = load_motion(out)
        out.unlink()
        return "written", f"{motion.frame_count} frames, {len(lines)} warnings"
    if code != 1 or left or output:
        raise Broken(f"exit {code}, left {left or 'nothing'}, printed {output[:100]} and {error[:300]}")
    return _refused(error)


def _refused(error: str) -> tuple[str, str]:
    """One line that says what is wrong; what to do."""
    message = error.removeprefix("posenet3d: error: ").removesuffix("\n")
    if message == error or "\n" in message or "unexpected" in message or not ("; " in message or "?" in message):
        raise Broken(f"unclear: {error[:400]}")
    return "refused", message


def _temporary_text() -> IO[str]:
    return tempfile.TemporaryFile("w+", encoding="utf-8")


@contextmanager
def _caught_output() -> Iterator[list[str]]:
    """Send file descriptors 1 and 2 to files; at the end the list gets what was printed to each."""
    printed: list[str] = []
    saved = os.dup(1), os.dup(2)
    with _temporary_text() as output, _temporary_text() as error:
        os.dup2(output.fileno(), 1)
        os.dup2(error.fileno(), 2)
        try:
            yield printed
        finally:
            for descriptor, original in zip((1, 2), saved, strict=True):
                os.dup2(original, descriptor)
                os.close(original)
            for stream in (output, error):
                stream.seek(0)
                printed.append(stream.read())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
