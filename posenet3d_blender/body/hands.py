"""The skeleton of a hand: rest places, axes of the joints, forward kinematics and a relaxed pose.

Everything of one hand is relative to its wrist, in the body's rest axes (Y up, +Z front, +X left), metres. A joint's
rotation is relative to its parent, that of a finger's first joint to the wrist; without rotations the hand has the
body's rest pose. So a hand turned by the wrist's rotation W stands in the world at wrist + W @ (its points here).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array, FloatArray
from ..errors import PoseNet3DError
from .fingers import FINGER_COUNT, FINGER_JOINTS, FINGERS, SIDES, TIPS, WRISTS, Fingers
from .kinematics import hand_kinematics
from .model import Body
from .rotations import unit

RELAXED_FLEXION: Final = {
    # degrees from a straight finger, of the joints from the palm outwards
    "index": (22.0, 28.0, 12.0),
    "middle": (28.0, 33.0, 16.0),
    "ring": (31.0, 36.0, 18.0),
    "pinky": (32.0, 36.0, 18.0),
    "thumb": (10.0, 28.0, 18.0),
}
"""A hand that hangs and does nothing; the thumb's first joint counts from the body's rest pose."""
RELAXED_SPREAD: Final = {"index": -6.0, "middle": -1.0, "ring": 4.0, "pinky": 9.0, "thumb": -18.0}
"""Degrees from the body's rest pose, whose fingers are spread; the sign as of `RestHand.spread_axes`."""
_CLEARLY_BENT: Final = 0.12
"""Sine of the thumb's bend at rest above which its bones show the plane that it bends in."""
_ACROSS: Final = ("index", "middle", "ring", "pinky")
"""The fingers as their knuckles lie side by side."""
_TIP_LENGTH: Final = 0.005
"""Metres of a finger's end whose middle is the fingertip."""


@dataclass(frozen=True)
class RestHand:
    """One hand at rest. Its 15 joints are in the order of `fingers.FINGER_JOINTS`."""

    side: str
    """left or right."""
    joints: Array
    """(15, 3)"""
    tips: Array
    """(5, 3) fingertips, inside the last 5 mm, in the order of `fingers.TIPS`: thumb, index, middle, ring, pinky."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the joints, as in SMPL-H: left_index1 and so on."""
        return tuple(f"{self.side}_{joint}" for joint in FINGER_JOINTS)

    @cached_property
    def bones(self) -> Array:
        """(15, 3) from each joint to the next one of its finger, or to the fingertip."""
        ends = np.empty_like(self.joints)
        for finger, name in enumerate(FINGERS):
            first = 3 * finger
            ends[first : first + 2] = self.joints[first + 1 : first + 3]
            ends[first + 2] = self.tips[TIPS.index(name)]
        return ends - self.joints

    @cached_property
    def lengths(self) -> Array:
        """(15,) of `bones`, metres."""
        lengths: Array = np.linalg.norm(self.bones, axis=-1)
        return lengths

    @cached_property
    def palm_normal(self) -> Array:
        """(3,) unit, out of the palm: the direction in which fingers flex."""
        index, pinky = (self.joints[3 * FINGERS.index(name)] for name in ("index", "pinky"))
        back = np.cross(index, pinky) if self.side == "left" else np.cross(pinky, index)
        return unit(-back)

    @cached_property
    def flexion_axes(self) -> Array:
        """(15, 3) unit, at right angles to the bones; a positive rotation bends the finger towards the palm.

        A finger's joints are hinged along the arch of the knuckles, the thumb's across the plane that it rests in.
        """
        directions = unit(self.bones)
        knuckles = np.array([self.joints[3 * FINGERS.index(name)] for name in _ACROSS])
        arch = np.gradient(knuckles, axis=0) * (1.0 if self.side == "left" else -1.0)
        axes = np.empty_like(self.joints)
        for finger, name in enumerate(FINGERS):
            own = slice(3 * finger, 3 * finger + 3)
            axes[own] = arch[_ACROSS.index(name)] if name in _ACROSS else self._thumb_axis(directions[own])
        return unit(axes - (axes * directions).sum(axis=-1, keepdims=True) * directions)

    def _thumb_axis(self, directions: Array) -> Array:
        """(3,) of any length, for the thumb's bones (3, 3)."""
        axis = np.cross(
            directions[0], self.joints[3 * FINGERS.index("pinky")] - self.joints[FINGER_JOINTS.index("thumb2")]
        )
        bend = np.cross(directions[0], directions[1])
        if np.linalg.norm(bend) < _CLEARLY_BENT:
            return np.asarray(axis, dtype=np.float64)
        return np.asarray(bend if bend @ axis > 0 else -bend, dtype=np.float64)

    @cached_property
    def spread_axes(self) -> Array:
        """(15, 3) unit, at right angles to bone and flexion axis.

        A positive rotation moves a finger towards the thumb's side, the thumb away from the other fingers.
        """
        axes = np.cross(self.flexion_axes, unit(self.bones))
        outwards = np.cross(self.palm_normal, unit(self.joints[3 * FINGERS.index("middle")]))
        outwards = outwards if self.side == "left" else -outwards
        moves = np.cross(axes, self.bones) @ outwards
        spread: Array = axes * np.where(moves < 0, -1.0, 1.0)[:, None]
        return spread

    @cached_property
    def rest_flexion(self) -> Array:
        """(15,) radians by which each joint is flexed at rest, from a straight finger.

        That of a finger's first joint is measured to the line from the wrist, for the thumb it has no meaning and is 0.
        """
        before = np.concatenate([self.joints[0::3, None], self.bones.reshape(5, 3, 3)[:, :2]], axis=1).reshape(-1, 3)
        axes = self.flexion_axes
        flat = [unit(each - (each * axes).sum(axis=-1, keepdims=True) * axes) for each in (before, self.bones)]
        sine = (np.cross(flat[0], flat[1]) * axes).sum(axis=-1)
        angles: Array = np.arctan2(sine, (flat[0] * flat[1]).sum(axis=-1))
        angles[3 * FINGERS.index("thumb")] = 0.0
        return angles

    @cached_property
    def relaxed_pose(self) -> Array:
        """(45,) axis-angle of a hand that does nothing."""
        flexion = np.radians([RELAXED_FLEXION[name] for name in FINGERS]).ravel() - self.rest_flexion
        pose = self.flexion_axes * flexion[:, None]
        pose[0::3] += self.spread_axes[0::3] * np.radians([RELAXED_SPREAD[name] for name in FINGERS])[:, None]
        return pose.ravel()

    def posed(self, rotations: FloatArray) -> tuple[Array, Array, Array]:
        """Forward kinematics.

        Args:
            rotations: (..., 15, 3, 3) relative to the parent, a finger's first one to the wrist.

        Returns:
            joints (..., 15, 3), fingertips (..., 5, 3) and rotations (..., 15, 3, 3), all relative to the wrist.
        """
        joints, turned = hand_kinematics(rotations, self.joints)
        last = [3 * FINGERS.index(name) + 2 for name in TIPS]
        ends = (turned[..., last, :, :] @ self.bones[last][..., None])[..., 0]
        return joints, joints[..., last, :] + ends, turned


def rest_hand(body: Body, side: str, betas: FloatArray) -> RestHand:
    """One hand of a person at rest.

    Args:
        body: with fingers.
        side: left or right.
        betas: (10,) shape coefficients.

    Raises:
        PoseNet3DError: the body has no fingers.
    """
    if body.fingers is None:
        raise PoseNet3DError(f"the body '{body.name}' has no finger joints; give an SMPL-H or SMPL-X body")
    number = SIDES.index(side)
    wrist = body.rest_joints(betas)[WRISTS[number]]
    own = slice(number * FINGER_COUNT, (number + 1) * FINGER_COUNT)
    shape = np.asarray(betas, dtype=np.float64)
    own_tips = fingertips(body, body.fingers, number)
    tips = np.array([(body.template[tip] + body.shape_directions[tip] @ shape).mean(axis=0) for tip in own_tips])
    return RestHand(side, body.rest_fingers(betas)[own] - wrist, tips - wrist)


def fingertips(body: Body, fingers: Fingers, side: int) -> list[NDArray[np.int64]]:
    """Vertices of a hand's 5 fingertips, whose mean is the tip, in the order of `fingers.TIPS`; side: 0 is left."""
    hand = slice(side * FINGER_COUNT, (side + 1) * FINGER_COUNT)
    weights, joints = fingers.skin_weights[:, hand], body.finger_template[hand]
    owners = weights.argmax(axis=1)
    tips = []
    for name in TIPS:
        last = 3 * FINGERS.index(name) + 2
        direction = unit(joints[last] - joints[last - 1])
        own = np.flatnonzero((owners == last) & (weights[:, last] > 0))
        reach = body.template[own] @ direction
        tips.append(own[reach > reach.max() - _TIP_LENGTH])
    return tips
