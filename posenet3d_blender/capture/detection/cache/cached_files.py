"""The cache's own files in its folder, which may hold the user's motion files too."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

_NAME: Final = re.compile(r"(people_[0-9a-f]{32}|[0-9a-f]{32}_-?[\d.]+_-?[\d.]+)\.npz")


def cached_files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Files of the cache with size and date; one that another process deletes meanwhile is left out."""
    for path in sorted(folder.glob("*.npz")):
        if _NAME.fullmatch(path.name):
            with suppress(OSError):
                yield path, path.stat()
