"""Read SMPL bodies as they are published and as scripts save them again, without executing anything in them.

The official `.pkl` files are Python 2 pickles that hold NumPy arrays, a scipy sparse matrix and chumpy arrays; scripts
save them again with newer protocols, other sparse formats, or as an `.npz` of objects. Sparse matrices and chumpy
arrays are rebuilt by small stand-ins, so neither scipy nor chumpy is needed; other names are refused.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import IO, Final

import numpy as np

from ..arrays import AnyArray
from ..errors import PoseNet3DError, one_line
from ..npz import read_npz
from ..safe_pickle import AllowedNames, load_pickle

WANTED: Final = "the official SMPL .pkl, or save the body as an .npz of plain NumPy arrays"
LARGEST_MATRIX: Final = 20_000_000
"""Entries of a sparse matrix that is made dense; an SMPL regressor has 165,360."""


class _StoredState:
    """An object of which only the pickled attributes are kept."""

    state: dict[str, object]

    def __setstate__(self, state: dict[str, object]) -> None:
        self.state = state

    def dense(self) -> AnyArray:
        raise pickle.UnpicklingError("an array is stored as a computation")

    def array(self, *names: str) -> AnyArray:
        """The attribute of the first of these names that is there."""
        return _dense(next(self.state[name] for name in names if name in self.state))


class _ChumpyArray(_StoredState):
    """Stand-in for `chumpy.ch.Ch`: the array is its attribute `x`."""

    def dense(self) -> AnyArray:
        return self.array("x")


class _ChumpySelection(_StoredState):
    """Stand-in for `chumpy.reordering.Select`: entries of a flattened array, which slices of chumpy arrays are."""

    def dense(self) -> AnyArray:
        selected = self.array("a").ravel()[self.array("idxs")]
        return selected.reshape(self.array("preferred_shape")) if "preferred_shape" in self.state else selected


class _SparseMatrix(_StoredState):
    """A scipy sparse matrix or array."""

    def coordinates(self) -> tuple[AnyArray, AnyArray]:
        """Row and column of each stored entry."""
        raise NotImplementedError

    def dense(self) -> AnyArray:
        shape = tuple(int(side) for side in self.array("_shape", "shape"))
        if len(shape) != 2 or shape[0] * shape[1] > LARGEST_MATRIX:
            raise pickle.UnpicklingError(f"a sparse matrix has the shape {shape}")
        matrix = np.zeros(shape)
        np.add.at(matrix, self.coordinates(), self.array("data"))
        return matrix

    def _compressed(self) -> AnyArray:
        """Column (or row) of each entry of a matrix that is stored column by column (or row by row)."""
        starts = self.array("indptr")
        return np.repeat(np.arange(len(starts) - 1), np.diff(starts))


class _SparseColumns(_SparseMatrix):
    """Stand-in for `csc_matrix` and `csc_array`."""

    def coordinates(self) -> tuple[AnyArray, AnyArray]:
        return self.array("indices"), self._compressed()


class _SparseRows(_SparseMatrix):
    """Stand-in for `csr_matrix` and `csr_array`."""

    def coordinates(self) -> tuple[AnyArray, AnyArray]:
        return self._compressed(), self.array("indices")


class _SparseEntries(_SparseMatrix):
    """Stand-in for `coo_matrix` and `coo_array`."""

    def coordinates(self) -> tuple[AnyArray, AnyArray]:
        if "coords" in self.state:
            rows, columns = self.array("coords")
            return rows, columns
        return self.array("row"), self.array("col")


def _reconstruct_stand_in(kind: type, base: type, state: object) -> object:
    """`copy_reg._reconstructor`, for the stand-ins alone."""
    if not issubclass(kind, _StoredState) or base is not object or state is not None:
        raise pickle.UnpicklingError(f"refused to build {kind.__name__}")
    return kind.__new__(kind)


class _SmplNames(dict[tuple[str, str], object]):
    """Stand-ins by name; every other class of chumpy's becomes an object that is not looked into."""

    def __missing__(self, key: tuple[str, str]) -> object:
        if key[0].partition(".")[0] == "chumpy":
            return _StoredState
        raise KeyError(key)


_SPARSE: Final = {"csc": _SparseColumns, "csr": _SparseRows, "coo": _SparseEntries}
_SMPL_NAMES: Final[AllowedNames] = _SmplNames(
    {
        (f"scipy.sparse.{module}{format_name}", f"{format_name}_{kind}"): stand_in
        for format_name, stand_in in _SPARSE.items()
        for module in ("", "_")
        for kind in ("matrix", "array")
    }
    | {(module, "Ch"): _ChumpyArray for module in ("chumpy.ch", "chumpy")}
    | {("chumpy.reordering", "Select"): _ChumpySelection}
    | {(module, "_reconstructor"): _reconstruct_stand_in for module in ("copy_reg", "copyreg")}
    | {(module, "object"): object for module in ("__builtin__", "builtins")}
)


def read_smpl_pickle(path: Path, keys: tuple[str, ...]) -> dict[str, AnyArray]:
    """Read the arrays of these keys, as far as the file has them, sparse ones made dense; nothing is executed.

    Raises:
        PoseNet3DError: the file holds anything but arrays, or is no pickle.
        OSError: the file can't be read.
    """
    try:
        with path.open("rb") as stream:
            content = load_pickle(stream, _SMPL_NAMES)
        if not isinstance(content, dict):
            raise pickle.UnpicklingError("it holds no dictionary")
        return {key: _dense(content[key]) for key in keys if key in content}
    except OSError:
        raise
    except Exception as error:  # a broken pickle can raise nearly anything
        reason = one_line(str(error)) or type(error).__name__
        raise PoseNet3DError(f"{path}: not a safe SMPL body file ({reason}); give {WANTED}") from error


def read_smpl_archive(path: Path, keys: tuple[str, ...]) -> dict[str, AnyArray]:
    """Read these keys, as far as they are there, from an `.npz` of a body, in which arrays may be objects.

    Raises:
        PoseNet3DError: the file is missing, can't be read, or holds anything but arrays.
    """
    return read_npz(path, WANTED, keys, _read_objects)


def _read_objects(stream: IO[bytes]) -> AnyArray:
    try:
        return _dense(load_pickle(stream, _SMPL_NAMES))
    except Exception as error:  # as above
        raise ValueError(one_line(str(error)) or type(error).__name__) from error


def _dense(value: object) -> AnyArray:
    """An array of numbers or text from whatever a pickle holds in the place of one."""
    if isinstance(value, _StoredState):
        return value.dense()
    array = np.asarray(value)
    if not array.dtype.hasobject:
        return array
    if array.ndim == 0:
        if array.item() is value:
            raise pickle.UnpicklingError(f"a {type(value).__name__} stands for an array")
        return _dense(array.item())
    return np.stack([_dense(part) for part in array])
