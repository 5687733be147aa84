"""The documentation as the zip carries it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection

_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#:\s]+)(?:#[^)]*)?\)")


def without_dead_links(page: str, name: str, shipped: Collection[str]) -> str:
    """A page whose links to files that the zip lacks are plain text.

    Args:
        page: Markdown.
        name: of the page in the zip.
        shipped: names of the zip's files.
    """

    def kept_or_text(link: re.Match[str]) -> str:
        text, target = link.groups()
        path = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
        return link[0] if path in shipped else text

    return _LINK.sub(kept_or_text, page)
