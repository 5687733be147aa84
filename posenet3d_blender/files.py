"""Writing files so that they appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import PoseNet3DError


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` with the same ending; on success it replaces `path`, on any failure it goes.

    Raises:
        PoseNet3DError: the folder is missing or can't be written, or the disk is full.
    """
    if not path.parent.is_dir():
        raise PoseNet3DError(f"{path}: the folder {path.parent} does not exist; create it first")
    try:
        with tempfile.TemporaryDirectory(prefix=".posenet3d-", dir=path.parent) as folder:
            partial = Path(folder) / path.name
            yield partial
            os.replace(partial, path)
    except OSError as error:
        reason = error.strerror or error
        raise PoseNet3DError(f"{path}: can't be written ({reason}); check the folder and disk") from error
