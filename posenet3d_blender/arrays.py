"""Array types of the package; shapes, units and frame stand in the docstring beside each use."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
"""Double precision: the type of everything that is computed here."""
FloatArray: TypeAlias = NDArray[np.floating[Any]]
"""Arguments of any floating-point precision."""
AnyArray: TypeAlias = NDArray[Any]
"""Arrays as a file holds them, not yet checked."""
