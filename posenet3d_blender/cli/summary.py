"""Summary of a finished capture or conversion, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..capture.runtime.network import device_name
from ..capture.video.timecode import timecode
from ..motion import Motion


@dataclass(frozen=True)
class Summary:
    """Figures of one capture or conversion."""

    frames: int
    fps: float
    people: int
    device: str | None
    """None if no network ran."""
    backend: str | None
    seconds: dict[str, float]
    """Wall time by stage."""
    outputs: tuple[Path, ...]
    warnings: tuple[str, ...] = ()
    shots: int = 1
    start: float = 0.0
    """Second of the footage at which the earliest motion starts."""
    camera: str | None = None
    """static or moving; None: there is none."""

    @staticmethod
    def of_motions(
        motions: Sequence[Motion],
        seconds: dict[str, float],
        outputs: Sequence[Path],
        device: str | None = None,
        backend: str | None = None,
        warnings: Sequence[str] = (),
        people: int | None = None,
        shots: int = 1,
    ) -> Summary:
        """Summarise the motions of one piece of footage, which share its frame rate.

        Args:
            motions: everyone's; `frames` is of the longest one.
            seconds: by stage.
            outputs: files.
            device: that the networks ran on.
            backend: that they ran by.
            warnings: sentences.
            people: in the shot that has most; None: one for each motion.
            shots: to which the motions belong.
        """
        return Summary(
            frames=max(motion.frame_count for motion in motions),
            fps=motions[0].frame_rate,
            people=len(motions) if people is None else people,
            device=device,
            backend=backend,
            seconds=seconds,
            outputs=tuple(outputs),
            warnings=tuple(warnings),
            shots=shots,
            start=min(float(motion.time[0]) for motion in motions),
            camera=_camera_of(motions),
        )

    def as_json(self) -> dict[str, Any]:
        """The object that --json prints."""
        return {
            "frames": self.frames,
            "fps": round(self.fps, 6),
            "start": round(self.start, 3),
            "people": self.people,
            "shots": self.shots,
            "camera": self.camera,
            "device": self.device,
            "backend": self.backend,
            "seconds": {stage: round(value, 3) for stage, value in self.seconds.items()},
            "outputs": [str(path) for path in self.outputs],
            "warnings": list(self.warnings),
        }

    def as_line(self) -> str:
        """One line of text."""
        people = "" if self.people == 1 else f" of {self.people} people"
        shots = "" if self.shots == 1 else f" in {self.shots} shots"
        start = f", from {timecode(self.start)} on" if self.start >= 0.05 else ""
        camera = ", moving camera" if self.camera == "moving" else ""
        device = f" on {device_name(self.device)}" if self.device else ""
        motion = f"{self.frames} frames at {self.fps:.6g} fps{people}{shots}{start}{camera}"
        return f"{motion}, {sum(self.seconds.values()):.1f} s{device}"


def _camera_of(motions: Sequence[Motion]) -> str | None:
    if all(motion.camera is None for motion in motions):
        return None
    return "moving" if any(motion.camera_path for motion in motions) else "static"
