"""Hips and feet that keep the legs' directions and the planted feet at once, by least squares over all frames.

A character's legs are no copy of the source's, so that legs of the same directions leave its planted feet sliding and
off the floor. Hips that move with the feet mend most of it; a bent knee and a tilted foot mend the rest. All of it is
solved together and smoothly over time, so that a correction begins before a contact and ends after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..arrays import Array
from ..body.rotations import axis_angle_to_matrix, unit
from ..least_squares.banded import FrameSystem
from .feet import BALL, HEEL, Foot, FootTargets
from .limb_ik import LONGEST_REACH
from .vectors import rotate

_ITERATIONS: Final = 12
_SMALLEST_STEP: Final = 1e-4
"""Leg lengths and radians: a tenth of a millimetre on the character."""
_DAMPING: Final = 1e-6
_SIZE: Final = 11
"""Unknowns of a frame: shift of the hips, shift of each ankle against the hips, tilt of each foot."""
_HIPS: Final = slice(0, 3)
_ANKLES: Final = (slice(3, 6), slice(6, 9))
_TILTS: Final = (9, 10)

# One unit of residual each; lengths in leg lengths, angles in radians, times in seconds.
_LIMB: Final = np.radians(2.5)
_LARGE: Final = np.radians(3.5)
"""From this angle on a limb counts more and more, so that the largest errors shrink first."""
_MOST_WEIGHT: Final = 30.0
_STILL: Final = 1e-4
_HEIGHT: Final = 2e-3
_FLAT_TILT: Final = np.radians(0.7)
_RAISED_TILT: Final = np.radians(8.0)
_RAISED: Final = 0.06
"""Height between heel and ball from which a foot may tilt freely."""
_PATH: Final = 0.15
_HIPS_ACCELERATION: Final = 3.0
_ANKLE_ACCELERATION: Final = 6.0
_TILT_ACCELERATION: Final = np.radians(1500.0)


@dataclass(frozen=True)
class Leg:
    """One leg posed by the source's directions alone, T frames, body frame, in leg lengths."""

    hip: Array
    """(T, 3)"""
    ankle: Array
    """(T, 3)"""
    thigh: float
    shin: float
    foot_rotation: Array
    """(T, 3, 3) of the ankle's bone from rest."""
    foot: Foot
    targets: FootTargets

    @property
    def tilt_axis(self) -> Array:
        """(T, 3) about which a positive tilt raises the toes."""
        along = self.foot.points[BALL] - self.foot.points[HEEL]
        return rotate(self.foot_rotation, unit(np.cross(along, [0.0, 0.0, 1.0])))


@dataclass(frozen=True)
class LegCorrection:
    """Corrections at T frames, in leg lengths and radians."""

    hips: Array
    """(T, 3) shift of the whole body."""
    ankles: Array
    """(T, 2, 3) shift of each ankle beyond that of the hips."""
    tilts: Array
    """(T, 2, 3, 3) rotation of each foot in the body frame."""


def correct_legs(legs: Sequence[Leg], frame_rate: float) -> LegCorrection:
    """Find the corrections of the hips and of the left and the right leg."""
    frame_count = len(legs[0].hip)
    unknowns = np.zeros((frame_count, _SIZE))
    for _ in range(_ITERATIONS):
        system = FrameSystem(frame_count, _SIZE, 0)
        for side, leg in enumerate(legs):
            _add_directions(system, leg, side, unknowns)
            _add_floor(system, leg, side, unknowns)
            _add_tilt(system, leg, side, unknowns)
        _add_smoothness(system, unknowns, frame_rate)
        step = system.solve(_DAMPING)[0]
        unknowns = unknowns + step
        if np.abs(step).max() < _SMALLEST_STEP:
            break
    tilts = [
        axis_angle_to_matrix(leg.tilt_axis * unknowns[:, tilt, None]) for leg, tilt in zip(legs, _TILTS, strict=True)
    ]
    ankles = np.stack([unknowns[:, part] for part in _ANKLES], axis=1)
    return LegCorrection(unknowns[:, _HIPS], ankles, np.stack(tilts, axis=1))


def _add_directions(system: FrameSystem, leg: Leg, side: int, unknowns: Array) -> None:
    """Thigh and shin keep their directions: the line from hip to ankle, and the bend of the knee."""
    before = leg.ankle - leg.hip
    line = before + unknowns[:, _ANKLES[side]]
    length = np.linalg.norm(line, axis=-1)
    direction = line / length[:, None]
    bend, slope = _knee(leg, length)
    swing = direction - unit(before)
    opening = (bend - _knee(leg, np.linalg.norm(before, axis=-1))[0]) / 2
    angle = np.linalg.norm(swing, axis=-1) + np.abs(opening)
    weight = np.sqrt(np.minimum(1 + (angle / _LARGE) ** 4, _MOST_WEIGHT)) / _LIMB
    jacobian = np.zeros((len(line), 4, _SIZE))
    across = np.eye(3) - direction[:, :, None] * direction[:, None, :]
    jacobian[:, :3, _ANKLES[side]] = across / length[:, None, None]
    jacobian[:, 3, _ANKLES[side]] = slope[:, None] / 2 * direction
    residual = np.column_stack([swing, opening])
    system.add([weight[:, None, None] * jacobian], weight[:, None] * residual)


def _knee(leg: Leg, length: Array) -> tuple[Array, Array]:
    """(T,) bend of the knee at a distance from hip to ankle, and its slope; goes on straight beyond the reach."""
    longest = LONGEST_REACH * (leg.thigh + leg.shin)
    shortest = 1.02 * abs(leg.thigh - leg.shin) + 0.05
    inside = np.clip(length, shortest, longest)
    product = leg.thigh * leg.shin
    cosine = (inside**2 - leg.thigh**2 - leg.shin**2) / (2 * product)
    bend = np.arccos(np.clip(cosine, -1, 1))
    slope = -inside / (product * np.sin(bend))
    return bend + slope * (length - inside), slope


def _add_floor(system: FrameSystem, leg: Leg, side: int, unknowns: Array) -> None:
    """Planted feet rest on their floor and don't slide; feet in the air stay above it."""
    targets = leg.targets
    turned = axis_angle_to_matrix(leg.tilt_axis * unknowns[:, _TILTS[side], None]) @ leg.foot_rotation
    arms = rotate(turned[:, None], leg.foot.points[[HEEL, BALL]] - leg.foot.ankle)  # (T, 2, 3)
    soles = (leg.ankle + unknowns[:, _HIPS] + unknowns[:, _ANKLES[side]])[:, None] + arms
    by_tilt = np.cross(leg.tilt_axis[:, None], arms)
    frames = np.arange(len(soles))
    lowest = soles[..., 2].argmin(axis=1)
    height = soles[frames, lowest, 2] - targets.floor
    weight = np.where(targets.planted | (height < 0), 1 / _HEIGHT, 0.0)
    upwards = np.zeros((len(soles), 1, _SIZE))
    upwards[:, 0, [_HIPS.stop - 1, _ANKLES[side].stop - 1]] = 1.0
    upwards[:, 0, _TILTS[side]] = by_tilt[frames, lowest, 2]
    system.add([weight[:, None, None] * upwards], (weight * height)[:, None])
    if len(soles) == 1:
        return
    ball = np.zeros((len(soles), 2, _SIZE))
    for axis in range(2):
        ball[:, axis, [_HIPS.start + axis, _ANKLES[side].start + axis]] = 1.0
        ball[:, axis, _TILTS[side]] = by_tilt[:, 1, axis]
    slide = np.diff(soles[:, 1, :2], axis=0)
    held = (targets.held / _STILL)[:, None]
    system.add([-held[..., None] * ball[:-1], held[..., None] * ball[1:]], held * slide)


def _add_tilt(system: FrameSystem, leg: Leg, side: int, unknowns: Array) -> None:
    """Feet keep their own tilt, flat ones above all."""
    arms = rotate(leg.foot_rotation[:, None], leg.foot.points[[HEEL, BALL]] - leg.foot.ankle)
    raised = np.clip(np.abs(arms[:, 0, 2] - arms[:, 1, 2]) / _RAISED, 0, 1)
    weight = 1 / (_FLAT_TILT + raised * (_RAISED_TILT - _FLAT_TILT))
    jacobian = np.zeros((len(arms), 1, _SIZE))
    jacobian[:, 0, _TILTS[side]] = weight
    system.add([jacobian], (weight * unknowns[:, _TILTS[side]])[:, None])


def _add_smoothness(system: FrameSystem, unknowns: Array, frame_rate: float) -> None:
    """The path stays near the source's, and no correction jumps."""
    weight = np.zeros(_SIZE)
    weight[_HIPS] = 1 / _PATH**2
    system.add_diagonal(weight, unknowns)
    limits = np.empty(_SIZE)
    limits[_HIPS], limits[_ANKLES[0].start : _ANKLES[1].stop] = _HIPS_ACCELERATION, _ANKLE_ACCELERATION
    limits[list(_TILTS)] = _TILT_ACCELERATION
    squared = (frame_rate**2 / limits) ** 2
    differences = unknowns[:-2] - 2 * unknowns[1:-1] + unknowns[2:]
    system.add_differences(2, np.broadcast_to(squared, differences.shape), differences)
