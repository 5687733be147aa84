"""LAPACK's solver of banded systems, called so that other threads run meanwhile.

`scipy.linalg.solveh_banded` calls the same routine but holds Python's lock while it runs, for up to a second: Blender
can't draw its window then. ctypes releases the lock during a call.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache

import numpy as np

from ..arrays import Array


def solve_banded(band: Array, right: Array) -> Array:
    """Solve a symmetric positive definite system.

    Args:
        band: (D, N) the matrix's diagonal and the D - 1 diagonals below it, LAPACK's lower form; overwritten if its
            columns are contiguous.
        right: (N, M) right-hand sides.

    Returns:
        (N, M) the solutions.

    Raises:
        numpy.linalg.LinAlgError: the matrix is not positive definite.
    """
    factor = np.asfortranarray(band, dtype=np.float64)
    solution = np.array(right, dtype=np.float64, order="F")
    diagonals, size = factor.shape
    info = ctypes.c_int(0)
    _pbsv()(
        ctypes.c_char_p(b"L"),
        _integer(size),
        _integer(diagonals - 1),
        _integer(solution.shape[1]),
        ctypes.c_void_p(factor.ctypes.data),
        _integer(diagonals),
        ctypes.c_void_p(solution.ctypes.data),
        _integer(size),
        ctypes.byref(info),
    )
    if info.value:
        raise np.linalg.LinAlgError(f"leading minor {info.value} is not positive definite")
    return solution


@cache
def _pbsv() -> Callable[..., None]:
    """DPBSV of the LAPACK library that scipy ships, by the address that scipy publishes for Cython."""
    from scipy.linalg import cython_lapack

    capsule = ctypes.py_object(cython_lapack.__pyx_capi__["dpbsv"])
    name_of = ctypes.pythonapi.PyCapsule_GetName
    name_of.restype, name_of.argtypes = ctypes.c_char_p, [ctypes.py_object]
    address_of = ctypes.pythonapi.PyCapsule_GetPointer
    address_of.restype, address_of.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    function = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 9)
    return function(address_of(capsule, name_of(capsule)))


def _integer(value: int) -> ctypes.c_void_p:
    """Address of an integer, as Fortran takes its arguments; it lives as long as the address does."""
    number = ctypes.c_int(value)
    address = ctypes.cast(ctypes.byref(number), ctypes.c_void_p)
    address.number = number  # type: ignore[attr-defined]  # keeps it alive
    return address
