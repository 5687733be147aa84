"""Journal of an output folder, `logs/batch.jsonl`: which clips were begun and which were captured, with their settings.

Every batch into the folder appends to it, while `summary.json` has the last batch's clips alone. It is never behind: a
line is written before a clip's outputs can change, and another one when they are complete.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from ...errors import PoseNet3DError
from .job import ClipJob, ClipResult

LOGS: Final = "logs"
JOURNAL_NAME: Final = "batch.jsonl"
BEGUN: Final = "begun"
"""Status of a clip of whose outputs nothing is known until it is captured."""


class Journal:
    """Clips that batches into a folder have begun and captured."""

    def __init__(self, folder: Path, summary: Path) -> None:
        """Read the journal.

        Args:
            folder: the batch's output folder.
            summary: its summary.json, for clips that the journal lacks. Damaged files count as empty.
        """
        self._path = folder / LOGS / JOURNAL_NAME
        entries = [*_clips_of_summary(summary), *_lines(self._path)]
        self._of_video: dict[Path, list[dict[str, Any]]] = {}
        for entry in entries:
            self._of_video.setdefault(Path(entry["video"]).absolute(), []).append(entry)

    def captured(self, video: Path, outputs: Iterable[Path]) -> dict[str, Any] | None:
        """Figures and settings of the clip's last capture to these outputs; None if nothing is known of it.

        Empty if it was begun and not captured, or if the outputs were captured with different settings.
        """
        entries = self._of_video.get(video.absolute(), [])
        last = [next((one for one in reversed(entries) if _wrote(one, output)), None) for output in outputs]
        if not entries or all(entry is None for entry in last):
            return None
        known = [entry for entry in last if entry is not None and entry["status"] != BEGUN]
        if len(known) < len(last) or any(entry.get("settings") != known[0].get("settings") for entry in known):
            return {}
        return {key: value for key, value in known[0].items() if key not in ("video", "status", "reason")}

    def begin(self, jobs: Iterable[ClipJob]) -> None:
        """Note that the outputs of these clips may change from now on.

        Raises:
            PoseNet3DError: the journal can't be written.
        """
        self._append(
            {"video": str(job.video.absolute()), "status": BEGUN, "outputs": list(map(str, job.outputs))}
            for job in jobs
        )

    def add(self, result: ClipResult) -> None:
        """Note a clip's outcome; one that failed stays begun.

        Raises:
            PoseNet3DError: the journal can't be written.
        """
        if result.status == "ok":
            self._append([result.as_json() | {"video": str(result.video.absolute())}])

    def _append(self, entries: Iterable[Mapping[str, Any]]) -> None:
        # A blank line first ends one that a crash cut off.
        text = "".join(f"\n{json.dumps(entry)}\n" for entry in entries)
        if not text:
            return
        try:
            self._path.parent.mkdir(exist_ok=True)
            with self._path.open("a", encoding="ascii") as file:
                file.write(text)
        except OSError as error:
            raise PoseNet3DError(
                f"{self._path}: can't be written ({error.strerror or error}); check the disk, then run the same "
                "command again, finished clips are kept"
            ) from error


def _wrote(entry: Mapping[str, Any], output: Path) -> bool:
    """True if an entry is of a capture to this output, or numbered ones of its format, or does not tell its outputs."""
    outputs = entry.get("outputs")
    return not outputs or any(Path(str(one)).suffix == output.suffix for one in outputs)


def _clips_of_summary(summary: Path) -> list[dict[str, Any]]:
    """Clips of the last batch into the folder; a failed one's outputs may be of any settings."""
    try:
        clips = json.loads(summary.read_text(encoding="utf-8"))["videos"]
        return [
            clip if clip["status"] != "failed" else clip | {"status": BEGUN}
            for clip in clips
            if isinstance(clip["video"], str) and clip["video"]
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _lines(path: Path) -> list[dict[str, Any]]:
    """The journal's entries; a line that a crash cut off is left out."""
    try:
        lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return []
    return [entry for entry in map(_entry, lines) if entry is not None]


def _entry(line: str) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
        return entry if isinstance(entry["video"], str) and isinstance(entry["status"], str) else None
    except (ValueError, KeyError, TypeError):
        return None
