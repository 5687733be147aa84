"""Names of data-blocks within Blender's limit, so that what tells them apart is not cut off."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LONGEST_NAME: Final = 63
"""Bytes of UTF-8 that every supported Blender keeps of a name."""
_PERSON: Final = re.compile(r"(_person\d+)?(\.\d+)?$")
"""End of a name that tells one person from another: our number, and the one that Blender adds to a name in use."""
_ZERO_WIDTH_JOINER: Final = "\u200d"


def data_name(stem: str, suffix: str = "") -> str:
    """Join a name and its suffix, shortened before the person's number, between characters, where Blender would cut.

    Control characters, and bytes of a file name that are no text, become underscores.
    """
    text = "".join("_" if unicodedata.category(one) in ("Cc", "Cs") else one for one in stem)
    if len((text + suffix).encode()) <= LONGEST_NAME:
        return text + suffix
    place = _PERSON.search(text)
    assert place is not None, "it matches nothing too"
    text, suffix = text[: place.start()], place.group() + suffix
    room = max(0, LONGEST_NAME - len(suffix.encode()))
    return text.encode()[:room].decode(errors="ignore").rstrip(_ZERO_WIDTH_JOINER + " ") + suffix
