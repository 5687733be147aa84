"""Pickles of plain data, as files or in NumPy's archives."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np

from posenet3d_blender.errors import PoseNet3DError, one_line
from posenet3d_blender.safe_pickle import load_pickle


def read_plain_pickle(path: Path, wanted: str) -> dict[str, object]:
    """Read the dictionary in a pickle of Python 2 or 3.

    Args:
        path: the pickle.
        wanted: kind of file expected, for the message.

    Raises:
        PoseNet3DError: the file is missing, damaged, no dictionary, or asks for more than plain data.
    """
    try:
        with path.open("rb") as stream:
            return _dictionary(stream)
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise _refusal(path, wanted, error) from error


def read_pickled_member(path: Path, key: str, wanted: str) -> dict[str, object]:
    """Read the dictionary that `numpy.savez` pickled under `key`; otherwise as `read_plain_pickle`."""
    try:
        with zipfile.ZipFile(path) as archive:
            if f"{key}.npy" not in archive.namelist():
                raise PoseNet3DError(f"{path}: key '{key}' is missing; give {wanted}")
            with archive.open(f"{key}.npy") as stream:
                version = np.lib.format.read_magic(stream)
                read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else _read_header_2_0
                _, _, kind = read_header(stream)
                if not kind.hasobject:
                    raise PoseNet3DError(f"{path}: key '{key}' holds {kind}, not takes by name; give {wanted}")
                return _dictionary(stream)
    except PoseNet3DError:
        raise
    except Exception as error:  # as above, and a damaged archive
        raise _refusal(path, wanted, error) from error


def _read_header_2_0(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    header: tuple[tuple[int, ...], bool, np.dtype[Any]] = np.lib.format.read_array_header_2_0(stream)
    return header


def _dictionary(stream: IO[bytes]) -> dict[str, object]:
    content = load_pickle(stream)
    if isinstance(content, np.ndarray) and content.dtype.hasobject and content.size == 1:
        content = content.reshape(-1)[0]
    if not isinstance(content, dict):
        raise pickle.UnpicklingError("it holds no dictionary")
    return content


def _refusal(path: Path, wanted: str, error: Exception) -> PoseNet3DError:
    if isinstance(error, FileNotFoundError):
        return PoseNet3DError(f"{path}: no such file; give {wanted}")
    reason = one_line(str(error)) or type(error).__name__
    return PoseNet3DError(f"{path}: can't be read as plain data ({reason}); give {wanted}")
