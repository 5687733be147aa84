"""Finger joints of a body in MANO's order: names, parents, and the skin that they carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..arrays import Array, FloatArray
from .skeleton import JOINT_INDEX

SIDES: Final = ("left", "right")
FINGERS: Final = ("index", "middle", "pinky", "ring", "thumb")
"""In the order of MANO's and SMPL-H's joints."""
FINGER_JOINTS: Final[tuple[str, ...]] = tuple(f"{finger}{number}" for finger in FINGERS for number in (1, 2, 3))
"""The 15 joints of a hand without their side, from the palm outwards: index1 is the knuckle, thumb1 at the wrist."""
FINGER_PARENTS: Final[tuple[int, ...]] = tuple(-1 if joint % 3 == 0 else joint - 1 for joint in range(15))
"""Among the 15; -1: the wrist."""
TIPS: Final = ("thumb", "index", "middle", "ring", "pinky")
"""Fingers in the order of fingertip points."""
FINGER_COUNT: Final = len(FINGER_JOINTS)
HAND_JOINT_NAMES: Final[tuple[str, ...]] = tuple(f"{side}_{joint}" for side in SIDES for joint in FINGER_JOINTS)
"""All 30, as in SMPL-H: the left hand's first."""
WRISTS: Final = tuple(JOINT_INDEX[f"{side}_wrist"] for side in SIDES)
HAND_NAMES: Final = tuple(f"{side}_hand" for side in SIDES)
HANDS: Final = tuple(JOINT_INDEX[name] for name in HAND_NAMES)
"""SMPL's joints of the whole fingers, which the 15 of a side take the place of."""


@dataclass(frozen=True)
class Fingers:
    """The finger joints of a body, 15 a side."""

    joint_regressor: Array
    """(30, V) weights that give each rest joint from the skin."""
    skin_weights: Array
    """(V, 30); the sum over a side's 15 is the weight of the body's left_hand or right_hand."""
    pose_directions: Array | None = None
    """(V, 3, 270) metres per unit of (rotation matrix - identity) of the 30 joints; None: the body has none."""

    def with_body(self, skin_weights: Array) -> Array:
        """(V, 54) weights of the body's 24 joints, its hands' being 0, and of the 30 finger joints.

        `skin_weights` (V, 24) are the body's.
        """
        weights = skin_weights.copy()
        weights[:, HANDS] = 0.0
        return np.concatenate([weights, self.skin_weights], axis=1)


def split_hands(skin_weights: FloatArray, shares: FloatArray) -> Array:
    """(V, 30) weights of the fingers, of which a side's 15 sum to the hand's weight exactly.

    Args:
        skin_weights: (V, 24) of the body.
        shares: (V, 30) of the fingers, of any sum; where all are zero, the side's 15 joints share the weight evenly.
    """
    result = np.empty((len(skin_weights), 2 * FINGER_COUNT))
    for number, hand in enumerate(HANDS):
        own = np.asarray(shares[:, number * FINGER_COUNT : (number + 1) * FINGER_COUNT], dtype=np.float64)
        total = own.sum(axis=1, keepdims=True)
        parts = np.where(total > 0, own / np.where(total > 0, total, 1.0), 1 / FINGER_COUNT)
        result[:, number * FINGER_COUNT : (number + 1) * FINGER_COUNT] = skin_weights[:, [hand]] * parts
    return result
