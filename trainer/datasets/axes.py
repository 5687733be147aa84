"""Turns between the worlds of data sets and ours: Y up, metres. Proper rotations, never a mirror."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Z_UP_TO_Y_UP: Final[NDArray[np.float64]] = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
"""A quarter turn about x: (x, y, z) becomes (x, z, -y)."""
CAMERA_TO_Y_UP: Final[NDArray[np.float64]] = np.diag([1.0, -1.0, -1.0])
"""A half turn about x, from a level camera's frame (x right, y down, z forward)."""
