"""How long work reports itself, whoever is watching (terminal, panel or nobody)."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called as `progress("landmarks", 0.4)`; may raise `errors.Cancelled` to stop the work."""

    def __call__(self, stage: str, fraction: float) -> None: ...


def silent(stage: str, fraction: float) -> None:
    """Report to nobody."""
