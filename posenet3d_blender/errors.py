"""The exception that users see: its text is a single line, the fault and the remedy."""

from __future__ import annotations


class PoseNet3DError(Exception):
    """A failure that the user can act on; the message is one plain line."""


class Cancelled(PoseNet3DError):  # noqa: N818 - no error: the user asked for it
    """The user stopped the work; no partial output remains."""

    def __init__(self) -> None:
        """Create it with its one message."""
        super().__init__("cancelled")


def one_line(text: str) -> str:
    """The text with all line breaks and runs of blanks as single blanks."""
    return " ".join(text.split())
