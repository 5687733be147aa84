"""Write files atomically."""

from __future__ import annotations

import errno
import os
import platform
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from .errors import Cancelled, PoseNet3DError

_NO_ROOM: Final = {
    getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EIO") if hasattr(errno, name)
}
"""Errors that only writing can cause, in any library."""
_PREFIX: Final = ".posenet3d-"
"""Start of temporary folders' names; the machine and the process follow."""


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it replaces `path`, else it is deleted.

    See `temporary_beside`, and `writing_all` for several files.

    Raises:
        PoseNet3DError: the folder is missing or can't be written, or the disk is full.
    """
    with temporary_beside(path) as partial:
        yield partial
        replace_all([path], [partial])


@contextmanager
def temporary_beside(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` with the same ending, which is deleted at the end.

    The temporary name is plain, because not every library can write every name. Of a symbolic link it is beside the
    target. Temporary folders of killed processes are deleted. An OSError of the work in between that is not about this
    file passes unchanged.

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


def write_together(files: Sequence[tuple[Path, Callable[[Path], object]]]) -> None:
    """Write several files, each by a function of the path to write: all of them, or none.

    Raises:
        PoseNet3DError: one of them can't be written; those that were there before are as they were.
    """
    with writing_all([path for path, _ in files]) as partials:
        for (path, write), partial in zip(files, partials, strict=True):
            write_partial(path, partial, write)


@contextmanager
def writing_all(paths: Sequence[Path], finishing: Callable[[], None] | None = None) -> Iterator[list[Path]]:
    """Yield one temporary path for each of several files; at the end all replace their targets, or none does.

    See `writing` for a single file. `finishing` is called when the work in between has ended, or failed, before files
    are replaced and deleted.

    Raises:
        PoseNet3DError: a folder is missing or can't be written, or the disk is full.
    """
    with ExitStack() as stack:
        partials = [stack.enter_context(temporary_beside(path)) for path in paths]
        try:
            yield partials
        finally:
            if finishing is not None:
                finishing()
        replace_all(paths, partials)


def write_partial(path: Path, partial: Path, write: Callable[[Path], object]) -> None:
    """Write a temporary file by a function of its path; errors name the file that it becomes."""
    try:
        write(partial)
    except Cancelled:
        raise
    except PoseNet3DError as error:
        raise PoseNet3DError(str(error).replace(str(partial), str(path))) from error


def replace_all(paths: Sequence[Path], partials: Sequence[Path]) -> None:
    """Let finished temporary files, see `temporary_beside`, replace their targets: all of them, or none.

    Raises:
        PoseNet3DError: one can't be replaced; those before it are as they were.
    """
    targets = [link_target(path) for path in paths]
    previous: list[Path | None] = []
    for path, target, partial in zip(paths, targets, partials, strict=True):
        try:
            # A single file needs none: it is replaced or it is not.
            previous.append(_second_name(target, partial.with_name("previous")) if len(paths) > 1 else None)
        except OSError as error:
            raise _not_written(path, error) from error
    for number, (path, target, partial) in enumerate(zip(paths, targets, partials, strict=True)):
        try:
            os.replace(partial, target)
        except OSError as error:
            for replaced, before in zip(targets[:number], previous[:number], strict=True):
                _put_back(replaced, before)
            raise _not_written(path, error) from error


def _second_name(target: Path, name: Path) -> Path | None:
    """Keep what a target is now under another name, where there is one; a copy where the disk has no hard links."""
    if not os.path.lexists(target):
        return None
    try:
        os.link(target, name)
    except OSError:
        shutil.copy2(target, name)
    return name


def _put_back(target: Path, previous: Path | None) -> None:
    with suppress(OSError):  # the first failure is the one to report
        if previous is None:
            target.unlink()
        else:
            os.replace(previous, target)


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


def is_same_file(first: Path, second: Path) -> bool:
    """True if two paths lead to one file, also by two names, where the disk takes them for one."""
    if os.path.realpath(first) == os.path.realpath(second):
        return True
    try:
        return os.path.samefile(first, second)
    except OSError:  # one of them is not there
        return False


def refuse_overwriting(output: Path, read: Iterable[Path]) -> None:
    """Check that an output is none of the files that it is made from.

    Raises:
        PoseNet3DError: it is one of them.
    """
    if any(is_same_file(output, path) for path in read):
        raise PoseNet3DError(f"{output}: would replace a file that is read; give the output a name of its own")
