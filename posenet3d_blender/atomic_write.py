"""Write files atomically."""

from __future__ import annotations

import errno
import os
import platform
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from .errors import PoseNet3DError

_NO_ROOM: Final = {
    getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EIO") if hasattr(errno, name)
}
"""Errors that only writing can cause, in any library."""
_PREFIX: Final = ".posenet3d-"
"""Start of temporary folders' names; the machine and the process follow."""


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` with the same ending; on success it replaces `path`, else it is deleted.

    The temporary name is plain, because not every library can write every name. A symbolic link is kept and its target
    is replaced. Temporary folders of killed processes are deleted. An OSError of the work in between that is not about
    this file passes unchanged.

    Raises:
        PoseNet3DError: the folder is missing or can't be written, or the disk is full.
    """
    target = link_target(path)
    if not target.parent.is_dir():
        raise PoseNet3DError(f"{path}: the folder {target.parent} does not exist; create it first")
    remove_abandoned(target.parent)
    try:
        folder = tempfile.TemporaryDirectory(prefix=f"{_machine_prefix()}{os.getpid()}-", dir=target.parent)
    except OSError as error:
        raise _not_written(path, error) from error
    with folder:
        partial = Path(folder.name) / f"output{path.suffix}"
        try:
            yield partial
        except OSError as error:
            if error.errno in _NO_ROOM or _is_within(error, partial.parent):
                raise _not_written(path, error) from error
            raise
        try:
            os.replace(partial, target)
        except OSError as error:
            raise _not_written(path, error) from error


def link_target(path: Path) -> Path:
    """The file that writing `path` replaces: the target of a symbolic link, whether it exists or not.

    Raises:
        PoseNet3DError: the link leads to itself.
    """
    if not os.path.islink(path):
        return path
    target = Path(os.path.realpath(path))
    if target.is_symlink():
        raise PoseNet3DError(f"{path}: a symbolic link that leads to itself; remove it or choose another name")
    return target


def remove_abandoned(folder: Path) -> None:
    """Delete temporary folders of processes on this machine that no longer run."""
    if os.name != "posix":  # Windows has no signal that only checks
        return
    for abandoned in folder.glob(f"{_machine_prefix()}*"):
        process = abandoned.name.removeprefix(_machine_prefix()).partition("-")[0]
        if process.isdecimal() and not _is_running(int(process)):
            shutil.rmtree(abandoned, ignore_errors=True)


def _machine_prefix() -> str:
    """Prefix of this machine or container: these can share a folder, but not the numbers of processes."""
    try:
        namespace = os.stat("/proc/self/ns/pid").st_ino
    except OSError:  # not Linux
        namespace = 0
    return f"{_PREFIX}{zlib.crc32(f'{platform.node()} {namespace}'.encode(errors='surrogateescape')):08x}-"


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # of another user
        return True
    return True


def _is_within(error: OSError, folder: Path) -> bool:
    return isinstance(error.filename, str | os.PathLike) and folder in Path(error.filename).parents


def _not_written(path: Path, error: OSError) -> PoseNet3DError:
    return PoseNet3DError(f"{path}: can't be written ({error.strerror or error}); check the folder and disk")
