"""Feet on the floor: goals of the ankles that keep planted soles still and at floor height."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array
from ..body.rotations import axis_angle_to_matrix, matrix_to_axis_angle, unit
from ..body.skeleton import JOINT_INDEX
from .contacts import contact_intervals
from .skeleton import Skeleton
from .source import SourceMotion
from .vectors import rotate, shortest_rotation, smooth

_HEEL, _BALL, _TOE_TIP = 0, 1, 2
_HEEL_SHARE: Final = 0.25
_TOE_SHARE: Final = 0.35
"""Heel behind the ankle and toes before the ball, in lengths from ankle to ball."""
_FOOT_OF_LEG: Final = 0.15
"""Length from ankle to ball of a rig without toes, in leg lengths."""
_LARGEST_DRIFT: Final = 0.03
"""Of a source's foot during one contact, in leg lengths, up to which it is held at one place."""
_STEP: Final = 0.08
"""Height of a source's sole during a contact, in leg lengths, from which it stands on something higher."""
_BLEND: Final = 0.04
"""Seconds over which the weight of a foot rises and falls around its contacts."""
_RELEASE: Final = 0.12
"""Seconds before and after a contact over which the foot leaves its leg's own direction."""

_SUNK: Final = 0.015
"""Depth below the floor, in leg lengths, at which a foot in the air counts as much as a planted one."""
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


def foot_at_rest(ankle: Array, ball: Array | None, leg: float) -> Foot:
    """The sole below an ankle and a ball, (3,) in the body frame; None: a rig without toes."""
    if ball is None:
        ball = ankle + np.array([0.0, -_FOOT_OF_LEG * leg, -0.7 * ankle[2]])
    flat = np.array([1.0, 1.0, 0.0])
    along = (ball - ankle) * flat
    heel = (ankle - _HEEL_SHARE * along) * flat
    return Foot(np.array([heel, ball * flat, (ball + _TOE_SHARE * along) * flat]), ankle, ball)


@dataclass(frozen=True)
class FootGoals:
    """Corrections of one foot's ankle."""

    offsets: Array
    """(T, 3) from the pose that follows from the legs' directions alone."""
    weights: Array
    """(T,) from 0 in the air to 1 on the floor, for the hips that follow the feet."""
    hold: Array
    """(T,) 1 during a contact, falling to 0 around it: share of `offsets` in the ankle's goal."""
    lowest: Array
    """(T,) height of the sole in the pose that follows from the legs' directions alone."""

    def ankle_shift(self, hips_shift: Array) -> Array:
        """(T, 3) shift of the ankle's goal: in the air the foot moves with the hips, but never below the floor."""
        hold = self.hold[:, None]
        shift: Array = hold * self.offsets + (1 - hold) * hips_shift
        is_free = self.hold < 1
        shift[is_free, 2] = np.maximum(shift[is_free, 2], -self.lowest[is_free])
        return shift


def foot_goals(
    side: int, source: SourceMotion, scale: float, skeleton: Skeleton, rotations: Array, positions: Array, lock: bool
) -> FootGoals:
    """Corrections that hold the foot where it is planted.

    Args:
        side: 0 left, 1 right.
        source: motion.
        scale: the character's leg length per metre of the source's.
        skeleton: of the character.
        rotations: (T, B, 3, 3) of the character's bones.
        positions: (T, B, 3) of the character's bones.
        lock: False: the floor alone counts.
    """
    soles = character_soles(side, skeleton, rotations, positions)
    offsets, planted = np.zeros((len(soles), 3)), np.zeros(len(soles), dtype=bool)
    intervals = contact_intervals(source.contacts[:, side], source.frame_rate) if lock else []
    if intervals:
        source_soles = scale * _source_soles(side, source)
        for interval in intervals:
            offsets[interval] = _pinned(soles[interval], source_soles[interval], skeleton.frame.leg)
            planted[interval] = True
        _fill_gaps(offsets, intervals)
    lowest = _lowest(soles)
    free = ~planted
    offsets[free, 2] = np.maximum(offsets[free, 2], -lowest[free])
    # A foot that would sink into the floor counts too: the hips rise with it, instead of its leg bending alone.
    sunk = np.clip(-lowest / (_SUNK * skeleton.frame.leg), 0, 1)
    weights = smooth(np.where(planted, 1.0, sunk), _BLEND * source.frame_rate)
    return FootGoals(offsets, weights, _ramps(planted, _RELEASE * source.frame_rate), lowest)


def lay_toes(soles: Array, rotations: Array, frame_rate: float) -> Array:
    """(T, 3, 3) rotation of the toes, bent up where their tip would be below the floor; soles (T, 3, 3)."""
    toes = soles[:, _TOE_TIP] - soles[:, _BALL]
    lengths = np.linalg.norm(toes, axis=-1)
    height = np.clip(np.maximum(soles[:, _TOE_TIP, 2], 0.0) - soles[:, _BALL, 2], -lengths, lengths)
    flat = unit(toes * [1.0, 1.0, 0.0]) * np.sqrt(lengths**2 - height**2)[:, None]
    raised = flat + height[:, None] * np.array([0.0, 0.0, 1.0])
    bend = matrix_to_axis_angle(np.swapaxes(rotations, -1, -2) @ shortest_rotation(toes, raised) @ rotations)
    return rotations @ axis_angle_to_matrix(smooth(bend, _TOE_BLEND * frame_rate))


def _lowest(soles: Array) -> Array:
    """(T,) height of the lower of heel and ball; toes bend instead of lifting the foot."""
    lowest: Array = soles[:, [_HEEL, _BALL], 2].min(axis=1)
    return lowest


def _ramps(mask: NDArray[np.bool_], reach: float) -> Array:
    """(T,) 1 where the mask is True, falling smoothly to 0 over this many frames around."""
    frames = np.arange(len(mask))
    inside = frames[mask]
    if len(inside) == 0:
        return np.zeros(len(mask))
    after = np.searchsorted(inside, frames).clip(0, len(inside) - 1)
    distance = np.minimum(np.abs(inside[after] - frames), np.abs(inside[np.maximum(after - 1, 0)] - frames))
    share = np.clip(1 - distance / max(reach, 1.0), 0, 1)
    ramps: Array = share**2 * (3 - 2 * share)
    return ramps


def _pinned(soles: Array, source_soles: Array, leg: float) -> Array:
    """(N, 3) offsets during one contact: the ball stays at its mean place, or moves as the source's own does."""
    own, wanted = soles[:, _BALL, :2], source_soles[:, _BALL, :2]
    drift = np.linalg.norm(wanted - wanted.mean(axis=0), axis=-1).max()
    place = own.mean(axis=0)
    target = place if drift <= _LARGEST_DRIFT * leg else place + wanted - wanted.mean(axis=0)
    height = float(np.median(_lowest(source_soles)))
    floor = height if height > _STEP * leg else 0.0
    return np.column_stack([target - own, floor - _lowest(soles)])


def _fill_gaps(offsets: Array, intervals: Sequence[slice]) -> None:
    """Lead the offsets smoothly from one contact to the next; before the first and after the last they are held."""
    offsets[: intervals[0].start] = offsets[intervals[0].start]
    offsets[intervals[-1].stop :] = offsets[intervals[-1].stop - 1]
    for before, after in pairwise(intervals):
        start, end = offsets[before.stop - 1], offsets[after.start]
        fraction = (np.arange(before.stop, after.start) - before.stop + 1) / (after.start - before.stop + 1)
        eased = (fraction**2 * (3 - 2 * fraction))[:, None]
        offsets[before.stop : after.start] = start + eased * (end - start)


def character_soles(side: int, skeleton: Skeleton, rotations: Array, positions: Array) -> Array:
    """(T, 3, 3) heel, ball and tip of the toes of the posed character."""
    name = ("left", "right")[side]
    ankle, ball = skeleton.of_role[f"{name}_ankle"], skeleton.of_role.get(f"{name}_foot")
    foot = foot_at_rest(skeleton.heads[ankle], None if ball is None else skeleton.heads[ball], skeleton.frame.leg)
    if ball is None:
        ball_position = positions[:, ankle] + rotate(rotations[:, ankle], foot.ball - foot.ankle)
        return foot.posed(positions[:, ankle], rotations[:, ankle], ball_position, rotations[:, ankle])
    return foot.posed(positions[:, ankle], rotations[:, ankle], positions[:, ball], rotations[:, ball])


def _source_soles(side: int, source: SourceMotion) -> Array:
    name = ("left", "right")[side]
    ankle, ball = JOINT_INDEX[f"{name}_ankle"], JOINT_INDEX[f"{name}_foot"]
    foot = foot_at_rest(source.rest_joints[ankle], source.rest_joints[ball], 1.0)
    rotations, joints = source.rotations, source.joints
    return foot.posed(joints[:, ankle], rotations[:, ankle], joints[:, ball], rotations[:, ball])
