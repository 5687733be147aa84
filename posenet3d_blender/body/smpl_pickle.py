"""Read the official SMPL `.pkl` without executing anything in it.

The official files are Python 2 pickles that hold numpy arrays, a scipy sparse matrix and chumpy arrays. The last two
are rebuilt by small stand-ins, so neither scipy nor chumpy is needed; any name beyond these is refused.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Final

import numpy as np

from ..arrays import AnyArray
from ..errors import PoseNet3DError, one_line
from ..safe_pickle import AllowedNames, load_pickle


class _StoredState:
    """An object of which only the pickled attributes are kept."""

    state: dict[str, object]

    def __setstate__(self, state: dict[str, object]) -> None:
        self.state = state

    def dense(self) -> AnyArray:
        raise NotImplementedError


class _ChumpyArray(_StoredState):
    """Stand-in for `chumpy.ch.Ch`: the array is its attribute `x`."""

    def dense(self) -> AnyArray:
        return np.asarray(self.state["x"])


class _SparseColumns(_StoredState):
    """Stand-in for `scipy.sparse.csc_matrix`: values column by column."""

    def dense(self) -> AnyArray:
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


_SMPL_NAMES: Final[AllowedNames] = {
    **{(module, "csc_matrix"): _SparseColumns for module in ("scipy.sparse.csc", "scipy.sparse._csc")},
    **{(module, "Ch"): _ChumpyArray for module in ("chumpy.ch", "chumpy")},
    **{(module, "_reconstructor"): _reconstruct_stand_in for module in ("copy_reg", "copyreg")},
    **{(module, "object"): object for module in ("__builtin__", "builtins")},
}


def read_smpl_pickle(path: Path, wanted: tuple[str, ...]) -> dict[str, AnyArray]:
    """The arrays named in `wanted` that the file holds, sparse ones made dense. Nothing in the file is executed.

    Raises:
        PoseNet3DError: the file holds anything but arrays, or is no pickle.
        OSError: the file can't be read.
    """
    try:
        with path.open("rb") as stream:
            content = load_pickle(stream, _SMPL_NAMES)
        if not isinstance(content, dict):
            raise pickle.UnpicklingError("it holds no dictionary")
        values = {key: content[key] for key in wanted if key in content}
        return {key: v.dense() if isinstance(v, _StoredState) else np.asarray(v) for key, v in values.items()}
    except OSError:
        raise
    except Exception as error:  # a broken pickle can raise nearly anything
        reason = one_line(str(error)) or type(error).__name__
        raise PoseNet3DError(
            f"{path}: not a safe SMPL body file ({reason}); give the official SMPL .pkl or .npz"
        ) from error
