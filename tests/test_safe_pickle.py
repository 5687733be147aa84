"""Pickles of plain data are loaded; whatever else a pickle asks for is refused."""

from __future__ import annotations

import io
import pickle

import numpy as np
import pytest

from posenet3d_blender.arrays import AnyArray
from posenet3d_blender.safe_pickle import load_pickle

ARRAYS = {
    "numbers": np.arange(6, dtype=np.float32).reshape(2, 3),
    "column by column": np.asfortranarray(np.arange(6).reshape(2, 3)),
    "the other order of bytes": np.arange(3, dtype=">i4"),
    "yes and no": np.array([True, False]),
    "text": np.array(["left", "right"]),
    "bytes": np.array([b"left", b"right"]),
    "objects": np.array([{"a": 1}, None], dtype=object),
}


def read(content: bytes) -> object:
    return load_pickle(io.BytesIO(content))


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_arrays_come_back(array: AnyArray, protocol: int) -> None:
    loaded = read(pickle.dumps(array, protocol))
    assert isinstance(loaded, np.ndarray)
    assert loaded.dtype == array.dtype.newbyteorder("=")
    np.testing.assert_array_equal(loaded, array)


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_plain_data_comes_back(protocol: int) -> None:
    content = {"a": [1, 2.5, None, True, "é", b"\xff\x00"], "b": (np.float64(3), np.int16(-7)), "c": {1: {}}}
    assert read(pickle.dumps(content, protocol)) == content


def test_a_name_that_is_allowed_besides() -> None:
    # By hand: Dask's tblib changes how exceptions are pickled.
    content = b"\x80\x02cbuiltins\nValueError\nX\x05\x00\x00\x00wrong\x85R."
    with pytest.raises(pickle.UnpicklingError, match=r"builtins\.ValueError"):
        read(content)
    assert load_pickle(io.BytesIO(content), {("builtins", "ValueError"): str}) == "wrong"


POINTER = b"\x00" * 8
HOSTILE = {
    "a name": b"cos\nsystem\n(S'true'\ntR.",
    "a built-in": b"c__builtin__\neval\n(S'1'\ntR.",
    "NumPy's own loader": b"cnumpy\nload\n(S'x'\ntR.",
    # Objects at places in memory that the file chooses: at 0, reading them would end the process.
    "objects from bytes": b"cnumpy\nndarray\n((I1\ntS'O8'\nT\x08\x00\x00\x00" + POINTER + b"tR.",
    "another array class": b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\ndtype\n(I1\ntS'O8'\ntR.",
    "a scalar object": b"cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(S'O8'\nI0\nI1\ntR"
    + b"(I3\nS'|'\nNNNI-1\nI-1\nI0\ntbT\x08\x00\x00\x00"
    + POINTER
    + b"tR.",
    "an array of objects from bytes": b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
    + b"(I1\n(I1\ntcnumpy\ndtype\n(S'O8'\nI0\nI1\ntR(I3\nS'|'\nNNNI-1\nI-1\nI0\ntbI0\nT\x08\x00\x00\x00"
    + POINTER
    + b"tb.",
    "bytes of any size": b"c__builtin__\nbytearray\n(L1000000000000L\ntR.",
    "an array over bytes of another kind": b"cnumpy.core.numeric\n_frombuffer\n(S'x'\nS'O8'\n(I1\ntS'C'\ntR.",
    "records": b"cnumpy\ndtype\n(S'i4,O'\nI0\nI1\ntR.",
    "another encoding": b"c_codecs\nencode\n(S'x'\nS'rot13'\ntR.",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_pickle_is_refused(content: bytes) -> None:
    with pytest.raises((pickle.UnpicklingError, TypeError)):
        read(content)
