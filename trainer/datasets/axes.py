"""Rotations from the coordinate frames of data sets to Y up. All are proper, none mirrors."""

from __future__ import annotations

from typing import Final

import numpy as np

from posenet3d_blender.arrays import Array

Z_UP_TO_Y_UP: Final[Array] = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
"""A quarter turn about x: (x, y, z) becomes (x, z, -y)."""
CAMERA_TO_Y_UP: Final[Array] = np.diag([1.0, -1.0, -1.0])
"""A half turn about x, from a level camera's frame (x right, y down, z forward)."""
