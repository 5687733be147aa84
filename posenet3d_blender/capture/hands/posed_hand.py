"""A hand in every sample, by the angles that its joints allow, with the derivatives that the solver needs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

import numpy as np

from ...arrays import Array
from ...body.fingers import FINGER_COUNT, FINGER_JOINTS, FINGER_PARENTS
from ...body.hands import RestHand
from ...body.rotations import axis_angle_to_matrix, cross_matrix, matrix_to_axis_angle
from .bones import PALM_COUNT, rest_vectors


@dataclass(frozen=True)
class Angle:
    """One way in which a joint turns; a joint's later angles are applied before its earlier ones."""

    joint: int
    """Among the 15."""
    kind: str
    """flex, spread or twist (about the joint's own bone)."""
    lowest: float
    """Degrees; of flexion from a straight finger, of the thumb and of the others from the body's rest pose."""
    highest: float
    deviation: float
    """Degrees that are usual, around the relaxed hand."""


def _angles() -> tuple[Angle, ...]:
    angles = []
    for joint, name in enumerate(FINGER_JOINTS):
        if name == "thumb1":
            angles += [
                Angle(joint, "flex", -40, 45, 15),
                Angle(joint, "spread", -35, 40, 15),
                Angle(joint, "twist", -25, 25, 8),
            ]
        elif name == "thumb2":
            angles += [Angle(joint, "flex", -25, 65, 25), Angle(joint, "spread", -12, 12, 6)]
        elif name == "thumb3":
            angles.append(Angle(joint, "flex", -30, 85, 30))
        elif name.endswith("1"):
            angles += [Angle(joint, "flex", -25, 95, 45), Angle(joint, "spread", -25, 25, 10)]
        elif name.endswith("2"):
            angles.append(Angle(joint, "flex", -8, 115, 45))
        else:
            angles.append(Angle(joint, "flex", -10, 85, 30))
    return tuple(angles)


ANGLES: Final = _angles()
ANGLE_COUNT: Final = len(ANGLES)
LAST_BY_MIDDLE: Final = 0.6
"""Flexion of a finger's last joint as a part of its middle one's, which one tendon bends together."""


@dataclass(frozen=True)
class PosedHand:
    """State of the solver: one hand over S samples, in the frame of the solve."""

    rest: RestHand
    wrist: Array
    """(S, 3, 3) rotation of the wrist's joint in the frame of the solve."""
    angles: Array
    """(S, A) radians from the body's rest pose, in the order of ANGLES."""
    rest_directions: Array = field(repr=False)
    """(22, 3) unit, of the bones at rest."""

    @staticmethod
    def relaxed(rest: RestHand, wrist: Array) -> PosedHand:
        """A relaxed hand with these rotations of the wrist (S, 3, 3)."""
        vectors = rest_vectors(rest)
        directions = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
        return PosedHand(rest, wrist, np.tile(relaxed_angles(rest), (len(wrist), 1)), directions)

    @cached_property
    def _turned(self) -> tuple[Array, Array]:
        """(S, 15, 3, 3) joints' rotations and (S, A, 3) the angles' axes, both in the wrist's axes."""
        count = len(self.wrist)
        turned = np.tile(np.eye(3), (count, FINGER_COUNT, 1, 1))
        axes = np.empty((count, ANGLE_COUNT, 3))
        of_rest = rest_axes(self.rest)
        done = set()
        for number, angle in enumerate(ANGLES):
            joint, parent = angle.joint, FINGER_PARENTS[angle.joint]
            if joint not in done and parent >= 0:
                turned[:, joint] = turned[:, parent]
            done.add(joint)
            axes[:, number] = turned[:, joint] @ of_rest[number]
            turned[:, joint] = turned[:, joint] @ axis_angle_to_matrix(self.angles[:, number, None] * of_rest[number])
        return turned, axes

    @cached_property
    def in_wrist(self) -> Array:
        """(S, 22, 3) unit directions of the bones in the wrist's axes."""
        turned = self._turned[0]
        directions = np.tile(self.rest_directions, (len(self.wrist), 1, 1))
        directions[:, PALM_COUNT:] = (turned @ self.rest_directions[PALM_COUNT:, :, None])[..., 0]
        return directions

    @cached_property
    def directions(self) -> Array:
        """(S, 22, 3) unit directions of the bones in the frame of the solve."""
        return self.in_wrist @ np.swapaxes(self.wrist, 1, 2)

    def jacobian(self) -> Array:
        """(S, 22, 3, 3 + A) derivative of `directions` by a turn of the wrist in its own axes, and by the angles."""
        jacobian = np.zeros((*self.in_wrist.shape, 3 + ANGLE_COUNT))
        jacobian[..., :3] = -cross_matrix(self.in_wrist)
        axes = self._turned[1]
        for number, angle in enumerate(ANGLES):
            for joint in range(angle.joint, angle.joint - angle.joint % 3 + 3):
                bone = PALM_COUNT + joint
                jacobian[:, bone, :, 3 + number] = np.cross(axes[:, number], self.in_wrist[:, bone])
        return self.wrist[:, None] @ jacobian

    def moved(self, step: Array) -> PosedHand:
        """The state after a step (S, 3 + A)."""
        return replace(self, wrist=self.wrist @ axis_angle_to_matrix(step[:, :3]), angles=self.angles + step[:, 3:])

    def pose(self) -> Array:
        """(S, 45) axis-angle of the 15 joints, relative to their parents."""
        turned = self._turned[0]
        local = turned.copy()
        for joint, parent in enumerate(FINGER_PARENTS):
            if parent >= 0:
                local[:, joint] = np.swapaxes(turned[:, parent], 1, 2) @ turned[:, joint]
        return matrix_to_axis_angle(local).reshape(len(local), -1)


def rest_axes(rest: RestHand) -> Array:
    """(A, 3) unit axes of the angles at rest, in the wrist's axes."""
    bones = rest.bones / rest.lengths[:, None]
    by_kind = {"flex": rest.flexion_axes, "spread": rest.spread_axes, "twist": bones}
    return np.array([by_kind[angle.kind][angle.joint] for angle in ANGLES])


def relaxed_angles(rest: RestHand) -> Array:
    """(A,) radians of a relaxed hand."""
    relaxed = rest.relaxed_pose.reshape(FINGER_COUNT, 3)
    return np.array([relaxed[angle.joint] @ axis for angle, axis in zip(ANGLES, rest_axes(rest), strict=True)])


def angle_limits(rest: RestHand) -> Array:
    """(2, A) lowest and highest angles from the rest pose, radians."""
    at_rest = np.array([rest.rest_flexion[angle.joint] if angle.kind == "flex" else 0.0 for angle in ANGLES])
    in_degrees = np.array([[angle.lowest for angle in ANGLES], [angle.highest for angle in ANGLES]])
    limits: Array = np.radians(in_degrees) - at_rest
    return limits
