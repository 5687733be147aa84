"""The one exception that reaches a user: its text is a single line that says what is wrong and what to do."""

from __future__ import annotations


class PoseNet3DError(Exception):
    """A failure that the user can act on; the message is one plain line, shown as it is."""


class Cancelled(PoseNet3DError):  # noqa: N818 - no error: the user wanted it
    """The user stopped the work; nothing is left behind."""

    def __init__(self) -> None:
        super().__init__("cancelled")


def one_line(text: str) -> str:
    """The text with all line breaks and runs of blanks as single blanks."""
    return " ".join(text.split())
