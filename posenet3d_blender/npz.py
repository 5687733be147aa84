"""Read and write NumPy's archives; every fault of a file becomes a PoseNet3DError."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import IO, TypeAlias

import numpy as np

from .arrays import AnyArray
from .atomic_write import writing
from .errors import PoseNet3DError

ReadObjects: TypeAlias = Callable[[IO[bytes]], AnyArray]
"""Reads a pickled array of objects; raises ValueError where it refuses to."""

_DAMAGED = (
    # what zipfile, zlib and NumPy's parser of array headers raise on bytes that make no sense
    zipfile.BadZipFile,
    zlib.error,
    tokenize.TokenError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    LookupError,
    ArithmeticError,
    MemoryError,
    RuntimeError,
    OSError,
)


def read_npz(
    path: Path, wanted: str, keys: Collection[str] | None = None, read_objects: ReadObjects | None = None
) -> dict[str, AnyArray]:
    """Read the arrays of an archive; nothing in it is executed.

    Args:
        path: the `.npz`.
        wanted: the kind of file that was expected, for the message: "a motion .npz that capture wrote".
        keys: only these are read, as far as the archive has them; None: all.
        read_objects: reads an array of objects from its pickle, which follows in the stream; None: they are refused.

    Raises:
        PoseNet3DError: the file is missing, can't be read, or is no whole archive of plain arrays.
    """
    try:
        with path.open("rb") as stream:
            archive = np.load(stream, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("a single array")
            wanted_keys = [key for key in archive.files if keys is None or key in keys]
            arrays = {key: _member(archive, key, read_objects) for key in wanted_keys}
        # a member without an array's header comes as bytes
        if not all(isinstance(array, np.ndarray) for array in arrays.values()):
            raise ValueError("not only arrays")
        return arrays
    except FileNotFoundError:
        raise PoseNet3DError(f"{path}: no such file; give {wanted}") from None
    except _DAMAGED as error:
        if isinstance(error, _RefusedObjectsError):
            raise PoseNet3DError(f"{path}: not only plain arrays ({error}); give {wanted}") from error
        if isinstance(error, OSError) and error.strerror:
            raise PoseNet3DError(f"{path}: can't be read ({error.strerror}); give {wanted}") from error
        raise PoseNet3DError(f"{path}: not a whole .npz of plain arrays; give {wanted}") from error


class _RefusedObjectsError(ValueError):
    """Objects that the reader does not take, and why."""


def _member(archive: np.lib.npyio.NpzFile, key: str, read_objects: ReadObjects | None) -> AnyArray:
    if read_objects is None:
        return archive[key]
    with archive.zip.open(f"{key}.npy") as stream:
        version = np.lib.format.read_magic(stream)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        _shape, _order, dtype = read_header(stream)
        if not dtype.hasobject:
            return archive[key]
        try:
            return read_objects(stream)
        except ValueError as error:
            raise _RefusedObjectsError(f"'{key}': {error}") from error


def write_npz(path: Path, arrays: Mapping[str, AnyArray]) -> None:
    """Write a compressed archive atomically, under exactly this name.

    Raises:
        PoseNet3DError: the file can't be written.
    """
    with_objects = [key for key, array in arrays.items() if np.asarray(array).dtype.hasobject]
    if with_objects:
        raise TypeError(f"'{with_objects[0]}' is an array of objects, which no reader would take")
    # A stream, as NumPy adds an ending to a name that lacks it.
    with writing(path) as partial, partial.open("wb") as stream:
        np.savez_compressed(stream, **arrays)
