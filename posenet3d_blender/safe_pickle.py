"""Load a user's pickles without executing anything in them.

Only numbers, text, plain containers and NumPy arrays are rebuilt, from any protocol of Python 2 and 3; a reader may
allow stand-ins of its own. NumPy's own classes are never used, as a pickle can make them read any place in memory.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from typing import IO, Any, Final, Literal, TypeAlias

import numpy as np

AllowedNames: TypeAlias = Mapping[tuple[str, str], object]
"""Stand-in for each name that a pickle may ask for, by (module, name)."""

PLAIN_KINDS: Final = "biufcSUO"
"""Kinds of NumPy's dtypes that are rebuilt: numbers, text, and objects, which are restricted in their turn."""


class _Kind:
    """Stand-in for `numpy.dtype`: one of PLAIN_KINDS, of which a pickle sets no more than the order of bytes."""

    def __init__(self, code: str, align: bool = False, copy: bool = False) -> None:
        if not isinstance(code, str) or np.dtype(code).kind not in PLAIN_KINDS:
            raise pickle.UnpicklingError(f"refused arrays of {code}")
        self.dtype = np.dtype(code)

    def __setstate__(self, state: tuple[int, Literal["<", ">", "=", "|"], *tuple[object, ...]]) -> None:
        self.dtype = self.dtype.newbyteorder(state[1])


class _Array(np.ndarray[Any, np.dtype[Any]]):
    """An array that takes its content from a pickle only with a `_Kind` where NumPy stores its dtype."""

    def __setstate__(  # type: ignore[override]
        self, state: tuple[int, tuple[int, ...], _Kind, bool, bytes | list[object]]
    ) -> None:
        version, shape, kind, column_major, content = state
        if not isinstance(kind, _Kind):
            raise pickle.UnpicklingError("refused an array of no plain kind")
        super().__setstate__((version, shape, kind.dtype, column_major, content))


_ARRAY_CLASS: Final = object()
"""Stand-in for `numpy.ndarray` and its subclass `matrix`: a name that can be passed on, not called."""


def _blank_array(array_class: object, _shape: object, _code: object) -> _Array:
    """`numpy.core.multiarray._reconstruct`: an array whose content follows. (Its module moved in NumPy 2.)"""
    if array_class is not _ARRAY_CLASS:
        raise pickle.UnpicklingError("refused to build another kind of array")
    return _Array(0)


def _scalar(kind: _Kind, content: bytes | str) -> np.generic:
    """`numpy.core.multiarray.scalar`, for numbers and text; Python 2 stored their bytes as text."""
    if kind.dtype.hasobject:
        raise pickle.UnpicklingError("refused to build an object")
    number: np.generic = np.frombuffer(content.encode("latin1") if isinstance(content, str) else content, kind.dtype)[0]
    return number


def _from_buffer(content: bytes | bytearray, kind: _Kind, shape: tuple[int, ...], order: Literal["C", "F"]) -> _Array:
    """`numpy.core.numeric._frombuffer`: an array with its content, as protocol 5 stores it."""
    if not isinstance(kind, _Kind) or not isinstance(content, bytes | bytearray):
        raise pickle.UnpicklingError("refused an array of no plain kind")
    stored = np.frombuffer(bytes(content), kind.dtype).reshape(shape, order=order)
    return stored.astype(kind.dtype.newbyteorder("=")).view(_Array)


def _bytes(content: bytes | list[int] | str = b"", encoding: str = "latin1") -> bytes:
    """`bytes` and `bytearray`, which older protocols build from their content; never from a size, which can be any."""
    if isinstance(content, str):
        return _encoded(content, encoding.replace("-", "").lower())
    if not isinstance(content, bytes | list):
        raise pickle.UnpicklingError("refused to build bytes of any size")
    return bytes(content)


def _encoded(text: str, encoding: str) -> bytes:
    """`_codecs.encode`, with which Python 3 stores bytes in Python 2's protocols."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"refused the encoding {encoding}")
    return text.encode("latin1")


_PLAIN_NAMES: Final[AllowedNames] = {
    ("numpy", "ndarray"): _ARRAY_CLASS,
    ("numpy", "matrix"): _ARRAY_CLASS,
    ("numpy.matrixlib.defmatrix", "matrix"): _ARRAY_CLASS,
    ("numpy", "dtype"): _Kind,
    ("_codecs", "encode"): _encoded,
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _blank_array for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): _scalar for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _from_buffer for core in ("core", "_core")},
    **{(module, "set"): set for module in ("__builtin__", "builtins")},
    **{(module, "frozenset"): frozenset for module in ("__builtin__", "builtins")},
    **{(module, name): _bytes for module in ("__builtin__", "builtins") for name in ("bytes", "bytearray")},
    ("collections", "OrderedDict"): dict,
}


class _RestrictedUnpickler(pickle.Unpickler):
    """Resolves the allowed names and no other."""

    def __init__(self, stream: IO[bytes], *names: AllowedNames) -> None:
        super().__init__(stream, encoding="latin1", fix_imports=False)
        self._names = names

    def find_class(self, module: str, name: str) -> object:
        for names in self._names:
            try:
                return names[module, name]
            except KeyError:
                continue
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")


def load_pickle(stream: IO[bytes], more_names: AllowedNames | None = None) -> object:
    """Load a pickle's content.

    Args:
        stream: the pickle.
        more_names: allowed beside plain data.

    Raises:
        pickle.UnpicklingError: the pickle asks for any other name, or is damaged. A damaged one can raise nearly any
            other exception too.
    """
    return _RestrictedUnpickler(stream, more_names or {}, _PLAIN_NAMES).load()
