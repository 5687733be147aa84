"""The cache's own files in its folder, which may hold the user's motion files too: their names, and which they are."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

_DIGITS: Final = 32
_PEOPLE: Final = "people_"
_NAME: Final = re.compile(rf"({_PEOPLE}[0-9a-f]{{{_DIGITS}}}|[0-9a-f]{{{_DIGITS}}}_-?[\d.]+_-?[\d.]+)\.npz")
"""Every name that the functions below make."""


def digest(described: list[Any]) -> str:
    """Hash of what identifies a run, of values that JSON knows."""
    return hashlib.sha256(json.dumps(described).encode()).hexdigest()[:_DIGITS]


def detections_file(run: str, first: float, last: float) -> str:
    """Name of the file of a detection run, by its `digest`, from one time to another, seconds."""
    return f"{run}_{first:.3f}_{last:.3f}.npz"


def detections_files(folder: Path, run: str) -> list[Path]:
    """Files of a detection run, by its `digest`, over any range of time."""
    return sorted(folder.glob(f"{run}_*.npz"))


def people_file(search: str) -> str:
    """Name of the file of a search for people, by its `digest`."""
    return f"{_PEOPLE}{search}.npz"


def cached_files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Files of the cache with size and date; one that another process deletes meanwhile is left out."""
    for path in sorted(folder.glob("*.npz")):
        if _NAME.fullmatch(path.name):
            with suppress(OSError):
                yield path, path.stat()
