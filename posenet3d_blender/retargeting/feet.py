"""Feet on the floor: soles of posed feet, where planted ones are to rest, and toes that don't sink in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array
from ..body.rotations import axis_angle_to_matrix, matrix_to_axis_angle, shortest_rotation, unit
from ..body.skeleton import JOINT_INDEX
from ..motion_edit.contacts import contact_intervals
from .roles import SIDES
from .skeleton import Skeleton
from .source import SourceMotion
from .vectors import rotate, smooth

HEEL: Final = 0
BALL: Final = 1
_TOE_TIP: Final = 2
_HEEL_SHARE: Final = 0.25
_TOE_SHARE: Final = 0.35
"""Heel behind the ankle and toes before the ball, in lengths from ankle to ball."""
_FOOT_OF_LEG: Final = 0.15
"""Length from ankle to ball of a rig without toes, in leg lengths."""
_LARGEST_DRIFT: Final = 0.03
"""Of a source's foot during one contact, in leg lengths, up to which it is held at one place."""
_STEP: Final = 0.08
"""Height of a source's sole during a contact, in leg lengths, from which it stands on something higher."""
_LIFTED: Final = 0.02
"""Height of a source's sole above its usual one during a contact, in leg lengths, from which it rests no longer."""
_TOE_BLEND: Final = 0.03
"""Seconds over which the bend of the toes is smoothed."""


@dataclass(frozen=True)
class Foot:
    """Sole of one foot: heel and ball move with the ankle's bone, the tip of the toes with the toes'."""

    points: Array
    """(3, 3) heel, ball and tip at rest, on the floor."""
    ankle: Array
    """(3,) at rest."""
    ball: Array
    """(3,) head of the toes' bone at rest."""

    def posed(self, ankle: Array, rotation: Array, ball: Array, ball_rotation: Array) -> Array:
        """(T, 3, 3) heel, ball and tip of posed bones."""
        soles = ankle[:, None] + rotate(rotation[:, None], self.points - self.ankle)
        soles[:, _TOE_TIP] = ball + rotate(ball_rotation, self.points[_TOE_TIP] - self.ball)
        return soles

    def scaled(self, factor: float) -> Foot:
        """The same foot in another unit of length."""
        return Foot(factor * self.points, factor * self.ankle, factor * self.ball)


def foot_at_rest(ankle: Array, ball: Array | None, leg: float) -> Foot:
    """The sole below an ankle and a ball, (3,) in the body frame; None: a rig without toes."""
    if ball is None:
        ball = ankle + np.array([0.0, -_FOOT_OF_LEG * leg, -0.7 * ankle[2]])
    flat = np.array([1.0, 1.0, 0.0])
    along = (ball - ankle) * flat
    heel = (ankle - _HEEL_SHARE * along) * flat
    return Foot(np.array([heel, ball * flat, (ball + _TOE_SHARE * along) * flat]), ankle, ball)


@dataclass(frozen=True)
class FootTargets:
    """Rest of one foot on the floor at T frames, in leg lengths."""

    planted: NDArray[np.bool_]
    """(T,)"""
    floor: Array
    """(T,) height of what it stands on; elsewhere that of the floor, 0."""
    held: NDArray[np.bool_]
    """(T - 1,) True where the ball keeps its place to the next frame; a foot that the source slides is free."""


def foot_targets(side: int, source: SourceMotion, leg: float, lock: bool) -> FootTargets:
    """The targets of the left (0) or the right (1) foot.

    Args:
        side: 0 left, 1 right.
        source: motion.
        leg: length of the source's legs, metres.
        lock: False: the floor alone counts.
    """
    count = source.frame_count
    planted, floor = np.zeros(count, dtype=bool), np.zeros(count)
    held = np.zeros(max(count - 1, 0), dtype=bool)
    soles = source_soles(side, source) / leg
    lowest = soles[:, [HEEL, BALL], 2].min(axis=1)
    for interval in _rests(source.contacts[:, side], lowest, source.frame_rate) if lock else ():
        ball = soles[interval, BALL, :2]
        drift = np.linalg.norm(ball - ball.mean(axis=0), axis=-1).max()
        planted[interval], held[interval.start : interval.stop - 1] = True, drift <= _LARGEST_DRIFT
        height = float(np.median(lowest[interval]))
        floor[interval] = height if height > _STEP else 0.0
    return FootTargets(planted, floor, held)


def _rests(probability: Array, lowest: Array, frame_rate: float) -> list[slice]:
    """Frames of each contact without those in which the source itself lifts its foot, of this height (T,)."""
    likely = probability.copy()
    for interval in contact_intervals(probability, frame_rate):
        likely[interval] = np.maximum(likely[interval], 1.0)  # short gaps are closed
        usual = np.percentile(lowest[interval], 25)
        likely[interval][lowest[interval] > usual + _LIFTED] = 0.0
    return contact_intervals(likely, frame_rate)


def lay_toes(soles: Array, rotations: Array, frame_rate: float) -> Array:
    """(T, 3, 3) rotation of the toes, bent up where their tip would be below the floor; soles (T, 3, 3)."""
    toes = soles[:, _TOE_TIP] - soles[:, BALL]
    lengths = np.linalg.norm(toes, axis=-1)
    height = np.clip(np.maximum(soles[:, _TOE_TIP, 2], 0.0) - soles[:, BALL, 2], -lengths, lengths)
    flat = unit(toes * [1.0, 1.0, 0.0]) * np.sqrt(lengths**2 - height**2)[:, None]
    raised = flat + height[:, None] * np.array([0.0, 0.0, 1.0])
    bend = matrix_to_axis_angle(np.swapaxes(rotations, -1, -2) @ shortest_rotation(toes, raised) @ rotations)
    return rotations @ axis_angle_to_matrix(smooth(bend, _TOE_BLEND * frame_rate))


def character_foot(side: int, skeleton: Skeleton) -> Foot:
    """The left (0) or the right (1) foot of a character at rest."""
    ankle, ball = skeleton.of_role[f"{SIDES[side]}_ankle"], skeleton.of_role.get(f"{SIDES[side]}_foot")
    return foot_at_rest(skeleton.heads[ankle], None if ball is None else skeleton.heads[ball], skeleton.frame.leg)


def character_soles(side: int, skeleton: Skeleton, rotations: Array, positions: Array) -> Array:
    """(T, 3, 3) heel, ball and tip of the toes of the posed character."""
    name = SIDES[side]
    ankle, ball = skeleton.of_role[f"{name}_ankle"], skeleton.of_role.get(f"{name}_foot")
    foot = character_foot(side, skeleton)
    if ball is None:
        ball_position = positions[:, ankle] + rotate(rotations[:, ankle], foot.ball - foot.ankle)
        return foot.posed(positions[:, ankle], rotations[:, ankle], ball_position, rotations[:, ankle])
    return foot.posed(positions[:, ankle], rotations[:, ankle], positions[:, ball], rotations[:, ball])


def source_soles(side: int, source: SourceMotion) -> Array:
    """(T, 3, 3) heel, ball and tip of the toes of the source, metres."""
    name = SIDES[side]
    ankle, ball = JOINT_INDEX[f"{name}_ankle"], JOINT_INDEX[f"{name}_foot"]
    foot = foot_at_rest(source.rest_joints[ankle], source.rest_joints[ball], 1.0)
    rotations, joints = source.rotations, source.joints
    return foot.posed(joints[:, ankle], rotations[:, ankle], joints[:, ball], rotations[:, ball])
