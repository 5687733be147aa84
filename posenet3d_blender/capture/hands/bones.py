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
LEANS: Final = {"thumb1": (13.0, 5.0), "thumb2": (25.0, 0.0), "thumb3": (8.0, -6.0), "thumb4": (-9.0, -2.0)}
"""Degrees by which the networks' line to a point of the thumb, from the point before it or from the wrist, leans from
the body's: out of the palm and towards the thumb's side, or as the joint flexes and as it spreads. The networks' points
of the thumb lie elsewhere in a hand than the body's joints do; means over 103 renders of the body's hands in random
poses, none of the benchmark's."""

_STARTS, _ENDS = ([POINT_INDEX[bone[end]] for bone in (*PALM_BONES, *FINGER_BONES)] for end in (0, 1))


def directions_of_points(points: Array) -> Array:
    """(..., 22, 3) unit directions of the bones between a hand's points (..., 21, 3)."""
    return unit(points[..., _ENDS, :] - points[..., _STARTS, :])


def rest_vectors(hand: RestHand) -> Array:
    """(22, 3) the bones of a body's hand at rest as the networks' points show them, metres, in the body's axes."""
    places = {"wrist": np.zeros(3)} | {f"{finger}1": hand.joints[3 * number] for number, finger in enumerate(FINGERS)}
    along = unit(places["thumb1"])
    out = unit(hand.palm_normal - (hand.palm_normal @ along) * along)
    sideways = np.cross(along, out) * (1.0 if hand.side == "right" else -1.0)
    places["thumb1"] = _leaning(places["thumb1"], out, sideways, "thumb1")
    palm = [places[end] - places[start] for start, end in PALM_BONES]
    flexed, spread = (np.cross(axes, unit(hand.bones)) for axes in (hand.flexion_axes, hand.spread_axes))
    ends = [end for _, end in FINGER_BONES]
    return np.stack([*palm, *map(_leaning, hand.bones, flexed, spread, ends)])


def _leaning(bone: Array, first: Array, second: Array, end: str) -> Array:
    """A bone (3,) to a point `end`, turned by its lean towards two unit directions at right angles to it."""
    slopes = np.tan(np.radians(LEANS.get(end, (0.0, 0.0))))
    turned: Array = np.linalg.norm(bone) * unit(unit(bone) + slopes[0] * first + slopes[1] * second)
    return turned
