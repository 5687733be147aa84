"""Reading the official SMPL `.pkl` without giving it the power to run anything.

The official files are Python 2 pickles that hold numpy arrays, a scipy sparse matrix and chumpy arrays. Only these
three are rebuilt, the last two by small stand-ins, so neither scipy nor chumpy is needed; any other name is refused.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..errors import PoseNet3DError


class _StoredState:
    """An object of which only the pickled attributes are kept."""

    state: dict[str, object]

    def __setstate__(self, state: dict[str, object]) -> None:
        self.state = state

    def dense(self) -> NDArray:
        raise NotImplementedError


class _ChumpyArray(_StoredState):
    """Stand-in for `chumpy.ch.Ch`: the array is its attribute `x`."""

    def dense(self) -> NDArray:
        return np.asarray(self.state["x"])


class _SparseColumns(_StoredState):
    """Stand-in for `scipy.sparse.csc_matrix`: values column by column."""

    def dense(self) -> NDArray:
        state = self.state
        shape = tuple(int(side) for side in np.asarray(state.get("_shape", state.get("shape"))))
        starts, rows, values = (np.asarray(state[key]) for key in ("indptr", "indices", "data"))
        matrix = np.zeros(shape)
        columns = np.repeat(np.arange(shape[1]), np.diff(starts))
        np.add.at(matrix, (rows, columns), values)
        return matrix


def _reconstruct_stand_in(kind: type, base: type, state: object) -> object:
    """`copy_reg._reconstructor`, for the stand-ins alone."""
    if not issubclass(kind, _StoredState) or base is not object or state is not None:
        raise pickle.UnpicklingError(f"refused to build {kind.__name__}")
    return kind.__new__(kind)


def _blank_array(kind: type, shape: tuple[int, ...], code: str) -> NDArray:
    """`numpy.core.multiarray._reconstruct`: an array whose content comes later. (Its module moved in numpy 2.)"""
    if kind is not np.ndarray:
        raise pickle.UnpicklingError(f"refused to build {kind.__name__}")
    return np.ndarray(shape, code)


def _scalar(kind: np.dtype, content: bytes) -> np.generic:
    """`numpy.core.multiarray.scalar`, for numbers alone."""
    return np.frombuffer(content, kind)[0]


def _encode_latin1(text: str, encoding: str) -> bytes:
    """`_codecs.encode` as Python 3 uses it to store bytes in old pickle protocols."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"refused the encoding {encoding}")
    return text.encode("latin1")


def _allowed_names() -> dict[tuple[str, str], Callable[..., object]]:
    names: dict[tuple[str, str], Callable[..., object]] = {
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        ("_codecs", "encode"): _encode_latin1,
    }
    for module in ("numpy.core.multiarray", "numpy._core.multiarray"):
        names[module, "_reconstruct"] = _blank_array
        names[module, "scalar"] = _scalar
    for module in ("scipy.sparse.csc", "scipy.sparse._csc"):
        names[module, "csc_matrix"] = _SparseColumns
    for module in ("chumpy.ch", "chumpy"):
        names[module, "Ch"] = _ChumpyArray
    for module in ("copy_reg", "copyreg"):
        names[module, "_reconstructor"] = _reconstruct_stand_in
    for module in ("__builtin__", "builtins"):
        names[module, "object"] = object
    return names


class _ArrayUnpickler(pickle.Unpickler):
    """Knows the names above and no other."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(stream, encoding="latin1", fix_imports=False)
        self._names = _allowed_names()

    def find_class(self, module: str, name: str) -> Callable[..., object]:
        try:
            return self._names[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}") from None


def read_smpl_pickle(path: Path, wanted: tuple[str, ...]) -> dict[str, NDArray]:
    """The arrays named in `wanted` that the file holds, sparse ones made dense. Nothing in the file is executed.

    Raises:
        PoseNet3DError: the file holds anything but arrays, or is no pickle.
        OSError: the file can't be read.
    """
    try:
        with path.open("rb") as stream:
            content = _ArrayUnpickler(stream).load()
        if not isinstance(content, dict):
            raise pickle.UnpicklingError("it holds no dictionary")
        found = {key: content[key] for key in wanted if key in content}
        return {key: v.dense() if isinstance(v, _StoredState) else np.asarray(v) for key, v in found.items()}
    except OSError:
        raise
    except Exception as error:  # a broken pickle can raise nearly anything
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise PoseNet3DError(
            f"{path}: not a safe SMPL body file ({reason}); give the official SMPL .pkl or .npz"
        ) from error
