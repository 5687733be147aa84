"""Progress and warnings of long work, for the terminal, the panel or none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

Warn: TypeAlias = Callable[[str], None]
"""Called with one sentence for whatever is left out, assumed or doubtful."""


class Progress(Protocol):
    """Called as `progress("landmarks", 0.4)`; may raise `errors.Cancelled` to stop the work."""

    def __call__(self, stage: str, fraction: float) -> None:
        """Report that a fraction, 0 to 1, of a stage is done."""


def silent(stage: str, fraction: float) -> None:
    """Ignore the progress."""


def ignore_warning(line: str) -> None:
    """Discard the warning."""


def part_of(progress: Progress, index: int, count: int) -> Progress:
    """Progress of the part `index` of `count` equal parts of a stage, so that the stage is counted once through."""

    def report(stage: str, fraction: float) -> None:
        progress(stage, (index + fraction) / count)

    return report
