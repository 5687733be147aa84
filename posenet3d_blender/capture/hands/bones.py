"""Directions of a hand's bones: those between the found points, and the same ones of a body's hand."""

from __future__ import annotations

from typing import Final

import numpy as np

from ...arrays import Array
from ...body.fingers import FINGER_JOINTS, FINGERS
from ...body.hands import RestHand
from ...body.rotations import unit
from ..keypoints.hand_keypoints import POINT_INDEX

PALM_BONES: Final = (*(("wrist", f"{finger}1") for finger in FINGERS), ("index1", "pinky1"), ("middle1", "pinky1"))
"""Ends of the lines through the palm, which turn with the wrist alone."""
FINGER_BONES: Final = tuple((joint, f"{joint[:-1]}{int(joint[-1]) + 1}") for joint in FINGER_JOINTS)
"""Ends of each finger joint's own bone, in the order of the joints."""
PALM_COUNT: Final = len(PALM_BONES)
BONE_COUNT: Final = PALM_COUNT + len(FINGER_BONES)

_STARTS, _ENDS = ([POINT_INDEX[bone[end]] for bone in (*PALM_BONES, *FINGER_BONES)] for end in (0, 1))


def directions_of_points(points: Array) -> Array:
    """(..., 22, 3) unit directions of the bones between a hand's points (..., 21, 3)."""
    return unit(points[..., _ENDS, :] - points[..., _STARTS, :])


def rest_vectors(hand: RestHand) -> Array:
    """(22, 3) the bones of a body's hand at rest, metres, in the body's axes."""
    places = {"wrist": np.zeros(3)} | {f"{finger}1": hand.joints[3 * number] for number, finger in enumerate(FINGERS)}
    palm = [places[end] - places[start] for start, end in PALM_BONES]
    return np.concatenate([palm, hand.bones])
