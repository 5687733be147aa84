"""Foot contacts of lifted skeletons: labels for the student without 3D data."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.arrays import AnyArray
from posenet3d_blender.capture.student.features import STUDENT_RATE
from posenet3d_blender.capture.student.lifter.skeleton import LIFTED_NAMES

from ...data.foot_contacts import contacts_of_feet

_FEET: Final = [[LIFTED_NAMES.index(f"{side}_{part}") for part in ("ankle", "foot")] for side in ("left", "right")]
_TO_Y_UP: Final = np.array([1.0, -1.0, 0.5])
"""Depth, which one camera shows worst, counts half."""
_SPEED_LIMIT: Final = 0.25
"""Metres a second."""
_HEIGHT_LIMIT: Final = 0.15
"""Metres; ample, as the lifted floor tilts a little."""


def contacts_of_lifted(joints: AnyArray) -> NDArray[np.float32]:
    """(T, 2) 1 where the left or right foot stands still near its lowest height.

    joints: (T, 18, 3) in an upright frame (x right, y down, z forward) at rest to the camera, metres.
    """
    feet = joints[:, _FEET] * _TO_Y_UP
    return contacts_of_feet(feet, STUDENT_RATE, _SPEED_LIMIT, _HEIGHT_LIMIT).astype(np.float32)
