"""Pickles of plain data, as files or in NumPy's archives."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import IO

import numpy as np

from posenet3d_blender.arrays import AnyArray
from posenet3d_blender.errors import PoseNet3DError, one_line
from posenet3d_blender.npz import read_npz
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
            return _dictionary_in(load_pickle(stream))
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise _refusal(path, wanted, error) from error


def read_pickled_member(path: Path, key: str, wanted: str) -> dict[str, object]:
    """Read the dictionary that `numpy.savez` pickled under `key`; otherwise as `read_plain_pickle`."""
    arrays = read_npz(path, wanted, [key], _objects)
    if key not in arrays:
        raise PoseNet3DError(f"{path}: key '{key}' is missing; give {wanted}")
    if not arrays[key].dtype.hasobject:
        raise PoseNet3DError(f"{path}: key '{key}' holds {arrays[key].dtype}, not takes by name; give {wanted}")
    try:
        return _dictionary_in(arrays[key])
    except pickle.UnpicklingError as error:
        raise _refusal(path, wanted, error) from error


def _objects(stream: IO[bytes]) -> AnyArray:
    """The array of objects that a pickle holds; a ValueError where it is damaged, or more than plain data."""
    try:
        content = load_pickle(stream)
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise ValueError(one_line(str(error)) or type(error).__name__) from error
    return np.asarray(content, dtype=object)


def _dictionary_in(content: object) -> dict[str, object]:
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
