"""`summary.json` and `summary.csv` in the output folder: the outcome of each clip, kept up to date during the batch."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from ...atomic_write import writing
from ...errors import PoseNet3DError
from .find_videos import IgnoredFile
from .job import ClipResult

JSON_NAME: Final = "summary.json"
CSV_NAME: Final = "summary.csv"
COLUMNS: Final = ("video", "status", "reason", "frames", "fps", "start", "people", "shots", "device", "backend")
STATUSES: Final = ("ok", "skipped", "failed", "planned")
WRITING_SHARE: Final = 0.05
"""Part of the batch's time that may go into the summary, which grows with every clip."""


class SummaryFiles:
    """Both files of one batch."""

    def __init__(self, folder: Path, videos: Sequence[Path], ignored: Sequence[IgnoredFile]) -> None:
        """Write to `folder`; clips are listed in the order of `videos`."""
        self._folder = folder
        self._order = {video: place for place, video in enumerate(videos)}
        self._ignored = ignored
        self._results: list[ClipResult] = []
        self._next_write = 0.0

    def add(self, result: ClipResult) -> None:
        """Add a clip's outcome; the files follow, unless they were written a moment ago."""
        self.note(result)
        start = time.monotonic()
        if start >= self._next_write:
            with suppress(PoseNet3DError):  # the last write tells
                self.write()
            end = time.monotonic()
            self._next_write = end + (end - start) / WRITING_SHARE

    def note(self, result: ClipResult) -> None:
        """Add a clip's outcome and write nothing, in a dry run."""
        self._results.append(result)

    def as_json(self) -> dict[str, Any]:
        """Counts, the clips in their order, and what was ignored."""
        counts = {status: sum(result.status == status for result in self._results) for status in STATUSES}
        return counts | {
            "videos": [result.as_json() for result in self._sorted()],
            "ignored": [{"path": str(one.path), "reason": one.reason} for one in self._ignored],
        }

    def write(self) -> None:
        """Write both files, once there is a result.

        Raises:
            PoseNet3DError: the folder can't be written, or the disk is full.
        """
        if not self._results:
            return
        _write(self._folder / JSON_NAME, json.dumps(self.as_json(), ensure_ascii=False, indent=1) + "\n")
        _write(self._folder / CSV_NAME, self._as_csv())

    def _as_csv(self) -> str:
        table = io.StringIO(newline="")
        writer = csv.writer(table, lineterminator="\r\n")
        writer.writerow([*COLUMNS, "seconds", "outputs", "warnings"])
        for result in self._sorted():
            values = result.as_json()
            seconds = sum(values.get("seconds", {}).values())
            listed = ("\n".join(values.get(key, ())) for key in ("outputs", "warnings"))
            writer.writerow([*(values.get(column) for column in COLUMNS), round(seconds, 1) or "", *listed])
        return table.getvalue()

    def _sorted(self) -> list[ClipResult]:
        return sorted(self._results, key=lambda result: self._order[result.video])


def _write(path: Path, text: str) -> None:
    with writing(path) as partial:
        partial.write_bytes(text.encode("utf-8", errors="backslashreplace"))
