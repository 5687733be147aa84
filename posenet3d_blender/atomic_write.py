"""Write files atomically."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from .errors import PoseNet3DError

_NO_ROOM: Final = {
    getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EIO") if hasattr(errno, name)
}
"""Errors that only writing can cause, in any library."""


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` with the same ending; on success it replaces `path`, else it is deleted.

    An OSError of the work in between that is not about this file passes unchanged.

    Raises:
        PoseNet3DError: the folder is missing or can't be written, or the disk is full.
    """
    if not path.parent.is_dir():
        raise PoseNet3DError(f"{path}: the folder {path.parent} does not exist; create it first")
    try:
        folder = tempfile.TemporaryDirectory(prefix=".posenet3d-", dir=path.parent)
    except OSError as error:
        raise _not_written(path, error) from error
    with folder:
        partial = Path(folder.name) / path.name
        try:
            yield partial
        except OSError as error:
            if error.errno in _NO_ROOM or _is_within(error, partial.parent):
                raise _not_written(path, error) from error
            raise
        try:
            os.replace(partial, path)
        except OSError as error:
            raise _not_written(path, error) from error


def _is_within(error: OSError, folder: Path) -> bool:
    return isinstance(error.filename, str | os.PathLike) and folder in Path(error.filename).parents


def _not_written(path: Path, error: OSError) -> PoseNet3DError:
    return PoseNet3DError(f"{path}: can't be written ({error.strerror or error}); check the folder and disk")
