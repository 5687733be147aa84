"""The exception that users see: its text is a single line, the fault and the remedy."""

from __future__ import annotations

import unicodedata
from typing import Final

_UNPRINTABLE: Final = ("Cc", "Cs", "Zl", "Zp")
"""Unicode categories: control characters, lone surrogates, separators of lines and of paragraphs."""


class PoseNet3DError(Exception):
    """A failure that the user can act on; the message is one plain line."""


class Cancelled(PoseNet3DError):  # noqa: N818 - no error: the user asked for it
    """The user stopped the work; no partial output remains."""

    def __init__(self) -> None:
        """Create it with its one message."""
        super().__init__("cancelled")


def counted(number: int, noun: str) -> str:
    """A number of things in words for messages: "1 clip", "2 clips"."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def one_line(text: str) -> str:
    """The text with all line breaks and runs of blanks as single blanks."""
    return " ".join(text.split())


def printable(text: str) -> str:
    """Write control characters and bytes that are no text as escapes: file names may hold any of them."""
    return "".join(_escaped(one) if unicodedata.category(one) in _UNPRINTABLE else one for one in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
