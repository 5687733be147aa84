"""`posenet3d batch INPUTS… --out-dir DIR --format fbx,npz`: many videos, one after another.

A video whose outputs are all there and newer than itself is skipped; one that fails never stops the others.
"""

from __future__ import annotations

import argparse
import glob
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..errors import Cancelled, PoseNet3DError, one_line
from .capture import capture_to_files, settings_of
from .console import Console, unexpected
from .produce import files_of
from .summary import Summary

if TYPE_CHECKING:
    from ..capture.pipeline import CaptureSettings

SOME_FAILED: Final = 3

VIDEO_ENDINGS: Final = (
    ".mp4",
    ".mov",
    ".m4v",
    ".avi",
    ".mkv",
    ".webm",
    ".mpg",
    ".mpeg",
    ".wmv",
    ".flv",
    ".3gp",
    ".mts",
    ".m2ts",
)
"""What counts as a video inside a folder; a file named by itself may end as it likes."""


@dataclass(frozen=True)
class Result:
    """What became of one video."""

    video: Path
    status: str
    """ "ok", "skipped" or "failed"."""
    reason: str = ""
    summary: Summary | None = None
    seconds: float = 0.0

    def as_line(self) -> str:
        """The report line."""
        if self.summary:
            warnings = "".join(f"; {warning}" for warning in self.summary.warnings)
            return f"ok       {self.video}: {one_line(self.summary.as_line() + warnings)}"
        return f"{self.status:<8} {self.video}: {one_line(self.reason)}, {self.seconds:.1f} s"

    def as_json(self) -> dict[str, Any]:
        """The same for scripts."""
        values: dict[str, Any] = {"video": str(self.video), "status": self.status, "reason": self.reason or None}
        return values | (self.summary.as_json() if self.summary else {})


def run(arguments: argparse.Namespace, console: Console) -> int:
    """The command; exit code 0, or 3 when some videos failed."""
    out_dir: Path = arguments.out_dir
    _make_folder(out_dir)
    settings = settings_of(arguments)
    report = console.note if arguments.json else console.say
    results: list[Result] = []
    taken: dict[str, Path] = {}
    videos = find_videos(arguments.inputs)
    for video in videos:
        outputs = [out_dir / f"{video.stem}{ending}" for ending in arguments.endings]
        first = taken.setdefault(video.stem.casefold(), video)
        if video.is_dir():
            result = Result(video, "failed", "no videos in this folder")
        elif first != video:
            reason = f"its outputs would replace those of {first}; rename it or use another --out-dir"
            result = Result(video, "failed", reason)
        elif _is_done(video, outputs, numbered=settings.person == "all"):
            result = Result(video, "skipped", "done already")
        else:
            result = _capture_one(video, settings, outputs, console)
        report(result.as_line())
        results.append(result)
    if arguments.json:
        console.say_json(_summary_of(results))
    return SOME_FAILED if any(result.status == "failed" for result in results) else 0


def _capture_one(video: Path, settings: CaptureSettings, outputs: Sequence[Path], console: Console) -> Result:
    """Capture one video; whatever goes wrong with it is its result, so that the others get their turn."""
    began = time.perf_counter()
    try:
        return Result(video, "ok", summary=capture_to_files(video, settings, outputs, console.progress))
    except Cancelled:
        raise
    except PoseNet3DError as error:
        reason = str(error).removeprefix(f"{video}: ")
    except Exception as error:
        console.stop.check()
        reason = unexpected(error)
    return Result(video, "failed", reason, seconds=time.perf_counter() - began)


def find_videos(inputs: Sequence[str]) -> list[Path]:
    """Files as they are, folders' videos and patterns' matches by name, in the order given, each once.

    What holds no video, or is not there, stands for itself, so that it gets its own line in the report.
    """
    found: dict[Path, Path] = {}
    for text in inputs:
        path = Path(text)
        if path.is_dir():
            videos = sorted(one for one in path.iterdir() if one.suffix.lower() in VIDEO_ENDINGS and one.is_file())
        elif not path.exists() and glob.has_magic(text):
            videos = [Path(match) for match in sorted(glob.glob(text, recursive=True)) if Path(match).is_file()]
        else:
            videos = [path]
        for video in videos or [path]:
            found.setdefault(video.resolve(), video)
    return list(found.values())


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PoseNet3DError(
            f"{folder}: the folder can't be made ({error.strerror or error}); choose another --out-dir"
        ) from error


def _is_done(video: Path, outputs: Sequence[Path], numbered: bool) -> bool:
    """Everything is there that the first person's capture writes, and newer than the video."""
    files = [path for output in outputs for path, _ in files_of(output, 1, numbered)]
    if not video.is_file() or not all(path.is_file() for path in files):
        return False
    return min(path.stat().st_mtime for path in files) >= video.stat().st_mtime


def _summary_of(results: Sequence[Result]) -> dict[str, Any]:
    counts = {status: sum(result.status == status for result in results) for status in ("ok", "skipped", "failed")}
    return counts | {"videos": [result.as_json() for result in results]}
