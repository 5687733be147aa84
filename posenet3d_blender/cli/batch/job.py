"""A clip's work in a batch, and its outcome: plain values that other processes and machines can be sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...capture.video.timecode import timecode


@dataclass(frozen=True)
class ClipJob:
    """One clip to capture."""

    video: Path
    command: tuple[str, ...]
    """Arguments of the `capture` command."""
    log: Path
    """File for the messages of this clip's capture; written anew by each attempt."""

    @property
    def outputs(self) -> list[str]:
        """Paths of the files to write, as the command has them."""
        return [option.removeprefix("--output=") for option in self.command if option.startswith("--output=")]

    def as_json(self) -> dict[str, Any]:
        """The job as plain values."""
        return {"video": str(self.video), "command": list(self.command), "log": str(self.log)}

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> ClipJob:
        """The job of `as_json`'s values."""
        return ClipJob(Path(values["video"]), tuple(values["command"]), Path(values["log"]))


@dataclass(frozen=True)
class ClipResult:
    """Outcome of one clip."""

    video: Path
    status: str
    """ "ok", "skipped", "failed"; "planned" in a dry run."""
    reason: str = ""
    summary: dict[str, Any] = field(default_factory=dict)
    """The object that `capture --json` prints; of a skipped clip that of the run that captured it, where known."""
    line: str = ""
    """The figures as one line of text."""
    seconds: float = 0.0
    """Wall time of the clip."""
    died: bool = False
    """The process ended before it gave a result."""

    def as_line(self) -> str:
        """One line for the report."""
        if self.status == "ok":
            warnings = "".join(f"; {warning}" for warning in self.summary.get("warnings", ()))
            return f"ok       {self.video}: {self.line}{warnings}"
        elapsed = f", {self.seconds:.1f} s" if self.status == "failed" else ""
        return f"{self.status:<8} {self.video}: {self.reason}{elapsed}"

    def as_json(self) -> dict[str, Any]:
        """The object for `--json` and summary.json."""
        values: dict[str, Any] = {"video": str(self.video), "status": self.status, "reason": self.reason or None}
        return values | self.summary

    def to_worker_json(self) -> dict[str, Any]:
        """All fields as plain values."""
        return vars(self) | {"video": str(self.video)}

    @staticmethod
    def from_worker_json(values: Mapping[str, Any]) -> ClipResult:
        """The result of `to_worker_json`'s values."""
        return ClipResult(**{**values, "video": Path(values["video"])})


def describe_footage(frames: int, seconds: float, width: int, height: int) -> str:
    """Length and size of a clip, for a dry run."""
    return f"{frames} frames, {timecode(seconds)}, {width} x {height}"
