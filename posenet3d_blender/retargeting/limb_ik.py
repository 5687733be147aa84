"""Two-bone inverse kinematics that changes a limb no more than its end asks for."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..arrays import Array
from ..body.rotations import shortest_rotation, unit
from .vectors import across, rotate

LONGEST_REACH: Final = 0.9995
"""Of the straight limb's length."""
_SHORTEST_REACH: Final = 0.05
_FRONT_SHARE: Final = 0.005
"""Weight of the joint's usual direction of bending, in limb lengths, which decides while the limb is straight."""


def bend_limb(
    top: Array, middle: Array, end: Array, goal: Array, upper: Array, lower: Array, front: Array
) -> tuple[Array, Array]:
    """Turn both bones of a limb so that its end is at the goal, or as near as it reaches.

    Args:
        top: (T, 3) hip or shoulder.
        middle: (T, 3) knee or elbow now.
        end: (T, 3) ankle or wrist now.
        goal: (T, 3) where the end should be.
        upper: (T, 3, 3) rotation of the upper bone.
        lower: (T, 3, 3) rotation of the lower bone.
        front: (T, 3) direction to which the joint bends.

    Returns:
        Both new rotations.
    """
    first, second = np.linalg.norm(middle - top, axis=-1), np.linalg.norm(end - middle, axis=-1)
    whole = first + second
    distance = np.linalg.norm(goal - top, axis=-1)
    nearest = np.maximum(np.abs(first - second) * 1.0001, _SHORTEST_REACH * whole)
    reach = np.clip(distance, nearest, LONGEST_REACH * whole)
    before = unit(end - top)
    towards = np.where((distance > 1e-9)[:, None], unit(goal - top), before)
    swing = shortest_rotation(before, towards)
    bend = across(middle - top, before) + _FRONT_SHARE * whole[:, None] * across(front, before)
    bend = unit(across(rotate(swing, bend), towards))
    along = (first**2 - second**2 + reach**2) / np.maximum(2 * reach, 1e-12)  # a limb without length stays
    aside = np.sqrt(np.maximum(first**2 - along**2, 0))
    new_middle = top + along[:, None] * towards + aside[:, None] * bend
    new_end = top + reach[:, None] * towards
    new_upper = shortest_rotation(middle - top, new_middle - top) @ upper
    new_lower = shortest_rotation(end - middle, new_end - new_middle) @ lower
    return new_upper, new_lower
