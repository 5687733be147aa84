"""Array types of the package; shapes, units and frame stand in the docstring beside each use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
"""Double precision: the type of everything that is computed here."""
FloatArray: TypeAlias = NDArray[np.floating[Any]]
"""Arguments of any floating-point precision."""
AnyArray: TypeAlias = NDArray[Any]
"""Arrays as a file holds them, not yet checked."""
BLOCK: Final = 2048
"""Samples of a long clip that are taken at once."""


def blocks(count: int, size: int = BLOCK) -> Iterator[slice]:
    """Slices of up to `size` that cover `count` samples: what is computed on the way then needs little memory."""
    return (slice(first, min(first + size, count)) for first in range(0, count, size))


def interpolate_rows(at: Array, time: Array, values: Array) -> Array:
    """(N, ...) values (T, ...) of the times `time` (T,) at other times (N,): linear between rows, held at the ends."""
    flat = values.reshape(len(values), -1)
    return np.stack([np.interp(at, time, column) for column in flat.T], axis=-1).reshape(len(at), *values.shape[1:])
