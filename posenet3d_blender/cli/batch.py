"""`posenet3d batch INPUTS… --out-dir DIR --format fbx,npz`: capture many videos, one after another.

A video whose outputs are all there and newer than itself is skipped; one that fails never stops the others.
"""

from __future__ import annotations

import argparse
import os
import time
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..capture.video.sources.image_sequence import footage_files, footage_name, is_sequence
from ..errors import Cancelled, PoseNet3DError
from .capture import capture_settings, capture_to_files
from .character import Character, characters_of, check_characters
from .console import Console, unexpected
from .find_videos import IgnoredFile, find_videos
from .outputs import made_folders, path_of_shot, paths_by_people
from .summary import Summary

if TYPE_CHECKING:
    from ..capture.pipeline import CaptureSettings

SOME_FAILED: Final = 3
"""Exit code."""


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
            return f"ok       {self.video}: {self.summary.as_line()}{warnings}"
        return f"{self.status:<8} {self.video}: {self.reason}, {self.seconds:.1f} s"

    def as_json(self) -> dict[str, Any]:
        """The same as plain values, for --json."""
        values: dict[str, Any] = {"video": str(self.video), "status": self.status, "reason": self.reason or None}
        return values | (self.summary.as_json() if self.summary else {})


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run the command; the exit code is 0, or 3 when some videos failed."""
    settings = capture_settings(arguments)
    if os.path.exists(arguments.out_dir) and not os.path.isdir(arguments.out_dir):
        raise PoseNet3DError(f"{arguments.out_dir}: is no folder; choose another --out-dir")
    characters = characters_of(arguments)
    check_characters(characters, arguments.endings)
    report = console.print_status if arguments.json else console.print
    found = find_videos(arguments.inputs)
    for line in found.ignored_lines():
        report(line)
    results: list[VideoResult] = []
    first_by_name: dict[str, Path] = {}
    with made_folders([arguments.out_dir]):
        for video in found.videos:
            first = first_by_name.setdefault(_name_on_any_disk(footage_name(video)), video)
            outputs = [arguments.out_dir / f"{footage_name(video)}{ending}" for ending in arguments.endings]
            result = _result(video, first, settings, outputs, characters, console)
            report(result.as_line())
            results.append(result)
    if arguments.json:
        console.print_json(_summary(results, found.ignored))
    return SOME_FAILED if any(result.status == "failed" for result in results) else 0


def _result(
    video: Path,
    first: Path,
    settings: CaptureSettings,
    outputs: Sequence[Path],
    characters: Sequence[Character],
    console: Console,
) -> VideoResult:
    """Capture one video unless there is nothing to do; `first` is the first video of this name."""
    if os.path.isdir(video) and not is_sequence(video):
        is_readable = os.access(video, os.R_OK | os.X_OK)
        reason = "no videos in this folder" if is_readable else "can't be read; check the folder's permissions"
        return VideoResult(video, "failed", reason)
    if first != video:
        reason = f"its outputs would replace those of {first}; rename it or use another --out-dir"
        return VideoResult(video, "failed", reason)
    if _is_done(video, outputs, settings, characters):
        return VideoResult(video, "skipped", "done already")
    return _capture_one(video, settings, outputs, characters, console)


def _name_on_any_disk(stem: str) -> str:
    """Equal for names that some disks take for one: of other case, or with accents stored in another way."""
    return unicodedata.normalize("NFC", stem.casefold())


def _capture_one(
    video: Path, settings: CaptureSettings, outputs: Sequence[Path], characters: Sequence[Character], console: Console
) -> VideoResult:
    """Capture one video; any failure becomes its result, so that the next videos are still captured."""
    start = time.perf_counter()
    try:
        summary = capture_to_files(video, settings, outputs, console.progress, characters=characters)
        return VideoResult(video, "ok", summary=summary)
    except Cancelled:
        raise
    except PoseNet3DError as error:
        reason = str(error).removeprefix(f"{video}: ")
    except Exception as error:
        console.stop.check()
        reason = unexpected(error)
    return VideoResult(video, "failed", reason, seconds=time.perf_counter() - start)


def _is_done(video: Path, outputs: Sequence[Path], settings: CaptureSettings, characters: Sequence[Character]) -> bool:
    """True if all files of a capture of one person in one shot exist and are newer than video and characters."""
    numbered = settings.person == "all"
    if settings.shots == "all":
        outputs = [path_of_shot(output, 1) for output in outputs]
    files = [path for output in outputs for path, _ in paths_by_people(output, 1, numbered)]
    sources = [*footage_files(video), *(path for one in characters for path in (one.file, one.bone_map) if path)]
    if not all(os.path.isfile(path) for path in (*sources, *files)):
        return False
    return min(path.stat().st_mtime for path in files) >= max(path.stat().st_mtime for path in sources)


def _summary(results: Sequence[VideoResult], ignored: Sequence[IgnoredFile]) -> dict[str, Any]:
    counts = {status: sum(result.status == status for result in results) for status in ("ok", "skipped", "failed")}
    return counts | {
        "videos": [result.as_json() for result in results],
        "ignored": [{"path": str(one.path), "reason": one.reason} for one in ignored],
    }
