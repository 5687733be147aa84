"""The array type of the package: double precision unless a signature says otherwise."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
"""Shapes, units and frame stand in the docstring beside each use."""
