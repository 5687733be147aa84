"""The turned square around a person that BlazePose's landmark network looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ....arrays import Array, FloatArray

MARGIN: Final = 1.25
"""BlazePose draws the square this much larger than the circle around the person."""


@dataclass(frozen=True)
class Region:
    """A square, centred on the hips, turned so that the body stands upright in it."""

    x: float
    """Centre, pixels."""
    y: float
    """Centre, pixels."""
    size: float
    """Side, pixels."""
    rotation: float
    """Radians, clockwise in the picture; 0 where the person stands upright."""

    @staticmethod
    def around(centre: FloatArray, rim: FloatArray) -> Region:
        """The square around the circle through `rim`, a point above the person's head; both (2,) pixels."""
        offset = rim - centre
        size = 2 * MARGIN * float(np.hypot(*offset))
        return Region(float(centre[0]), float(centre[1]), size, float(np.arctan2(offset[0], -offset[1])))

    @property
    def top(self) -> Array:
        """(2,) the point above the head, pixels."""
        reach = self.size / (2 * MARGIN)
        return np.array([self.x + np.sin(self.rotation) * reach, self.y - np.cos(self.rotation) * reach])

    def grown_from_top(self, factor: float) -> Region:
        """A region `factor` times as large whose `top` is the same."""
        centre = self.top + factor * (np.array([self.x, self.y]) - self.top)
        return Region(float(centre[0]), float(centre[1]), self.size * factor, self.rotation)

    def part_in_picture(self, image_size: tuple[int, int]) -> float:
        """Part of the body's length, from the point above the head to its mirror image below the hips, 0 to 1."""
        centre = np.array([self.x, self.y])
        along = centre + np.linspace(-1, 1, 21)[:, None] * (self.top - centre)  # (21, 2)
        return float(((along >= 0) & (along <= image_size)).all(axis=1).mean())

    def towards(self, other: Region, part: float) -> Region:
        """The region that lies `part` (0 to 1) of the way to another."""
        turn = float(np.angle(np.exp(1j * (other.rotation - self.rotation))))
        return Region(
            self.x + (other.x - self.x) * part,
            self.y + (other.y - self.y) * part,
            self.size + (other.size - self.size) * part,
            self.rotation + turn * part,
        )

    def crop_to_picture(self, crop_size: int) -> Array:
        """(2, 3) affine map from points of a crop with `crop_size` pixels a side to the picture."""
        cosine, sine = np.cos(self.rotation), np.sin(self.rotation)
        linear = np.array([[cosine, -sine], [sine, cosine]]) * (self.size / crop_size)
        centre = np.array([self.x, self.y]) - linear @ np.full(2, crop_size / 2)
        return np.column_stack([linear, centre])

    def distance(self, other: Region) -> float:
        """Between the centres, as a part of the mean size."""
        return float(np.hypot(self.x - other.x, self.y - other.y)) / ((self.size + other.size) / 2)

    def size_ratio(self, other: Region) -> float:
        """At least 1: how much larger the larger one is."""
        return max(self.size, other.size) / min(self.size, other.size)

    def turn(self, other: Region) -> float:
        """Radians between the two squares' rotations, 0 to pi."""
        return abs(float(np.angle(np.exp(1j * (self.rotation - other.rotation)))))
