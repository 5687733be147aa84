"""`posenet3d batch INPUTS… --out-dir DIR --format fbx,npz`: capture many videos, one after another.

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
from .capture import capture_settings, capture_to_files
from .console import Console, unexpected
from .outputs import path_of_shot, paths_by_people
from .summary import Summary

if TYPE_CHECKING:
    from ..capture.pipeline import CaptureSettings

SOME_FAILED: Final = 3
"""Exit code."""

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
"""Files of a folder that count as videos; a file given by name may have any ending."""


@dataclass(frozen=True)
class VideoResult:
    """Outcome of one video."""

    video: Path
    status: str
    """ "ok", "skipped" or "failed"."""
    reason: str = ""
    summary: Summary | None = None
    seconds: float = 0.0

    def as_line(self) -> str:
        """One line for the report."""
        if self.summary:
            warnings = "".join(f"; {warning}" for warning in self.summary.warnings)
            return f"ok       {self.video}: {one_line(self.summary.as_line() + warnings)}"
        return f"{self.status:<8} {self.video}: {one_line(self.reason)}, {self.seconds:.1f} s"

    def as_json(self) -> dict[str, Any]:
        """The same as plain values, for --json."""
        values: dict[str, Any] = {"video": str(self.video), "status": self.status, "reason": self.reason or None}
        return values | (self.summary.as_json() if self.summary else {})


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run the command; the exit code is 0, or 3 when some videos failed."""
    out_dir: Path = arguments.out_dir
    _make_folder(out_dir)
    settings = capture_settings(arguments)
    report = console.print_status if arguments.json else console.print
    results: list[VideoResult] = []
    first_by_stem: dict[str, Path] = {}
    videos = find_videos(arguments.inputs)
    for video in videos:
        outputs = [out_dir / f"{video.stem}{ending}" for ending in arguments.endings]
        first = first_by_stem.setdefault(video.stem.casefold(), video)
        if video.is_dir():
            result = VideoResult(video, "failed", "no videos in this folder")
        elif first != video:
            reason = f"its outputs would replace those of {first}; rename it or use another --out-dir"
            result = VideoResult(video, "failed", reason)
        elif _is_done(video, outputs, settings):
            result = VideoResult(video, "skipped", "done already")
        else:
            result = _capture_one(video, settings, outputs, console)
        report(result.as_line())
        results.append(result)
    if arguments.json:
        console.print_json(_summary(results))
    return SOME_FAILED if any(result.status == "failed" for result in results) else 0


def _capture_one(video: Path, settings: CaptureSettings, outputs: Sequence[Path], console: Console) -> VideoResult:
    """Capture one video; any failure becomes its result, so that the next videos are still captured."""
    start = time.perf_counter()
    try:
        return VideoResult(video, "ok", summary=capture_to_files(video, settings, outputs, console.progress))
    except Cancelled:
        raise
    except PoseNet3DError as error:
        reason = str(error).removeprefix(f"{video}: ")
    except Exception as error:
        console.stop.check()
        reason = unexpected(error)
    return VideoResult(video, "failed", reason, seconds=time.perf_counter() - start)


def find_videos(inputs: Sequence[str]) -> list[Path]:
    """Expand files, folders and patterns to videos, in the given order, each once; sorted by name within an input.

    An input without any video, or that does not exist, is returned itself, so that the report has a line for it.
    """
    found: dict[Path, Path] = {}
    for text in inputs:
        path = Path(text)
        if path.is_dir():
            videos = sorted(file for file in path.iterdir() if file.suffix.lower() in VIDEO_ENDINGS and file.is_file())
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
            f"{folder}: the folder can't be created ({error.strerror or error}); choose another --out-dir"
        ) from error


def _is_done(video: Path, outputs: Sequence[Path], settings: CaptureSettings) -> bool:
    """True if all files that a capture of one person in one shot writes exist and are newer than the video."""
    numbered = settings.person == "all"
    if settings.shots == "all":
        outputs = [path_of_shot(output, 1) for output in outputs]
    files = [path for output in outputs for path, _ in paths_by_people(output, 1, numbered)]
    if not video.is_file() or not all(path.is_file() for path in files):
        return False
    return min(path.stat().st_mtime for path in files) >= video.stat().st_mtime


def _summary(results: Sequence[VideoResult]) -> dict[str, Any]:
    counts = {status: sum(result.status == status for result in results) for status in ("ok", "skipped", "failed")}
    return counts | {"videos": [result.as_json() for result in results]}
