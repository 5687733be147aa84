"""Root motion: the path on the ground under a person, which game engines move a character by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..arrays import Array
from .heading import headings

_SMOOTHING: Final = 0.15
"""Seconds, of the Gaussian that keeps the sway of the hips out of the path."""


@dataclass(frozen=True)
class GroundPath:
    """Position and direction of the root bone over time."""

    position: Array
    """(T, 3) metres, with z = 0."""
    heading: Array
    """(T,) radians about Z; 0 faces -Y."""


def ground_path(pelvis: Array, rotations: Array, frame_rate: float) -> GroundPath:
    """The smoothed path below the pelvis; at both ends it is exactly below.

    Args:
        pelvis: (T, 3) position in the world, metres.
        rotations: (T, 3, 3) of the pelvis from the body's frame to the world.
        frame_rate: samples per second.
    """
    sigma = _SMOOTHING * frame_rate
    path = np.column_stack([pelvis[:, :2], headings(rotations)])
    smooth = _smoothed(path, sigma)
    return GroundPath(np.column_stack([smooth[:, :2], np.zeros(len(path))]), smooth[:, 2])


def _smoothed(values: Array, sigma: float) -> Array:
    """(T, C) by a Gaussian of `sigma` samples; beyond the ends the curve goes on as its own mirror image."""
    reach = min(int(np.ceil(3 * sigma)), len(values) - 1)
    if reach < 1:
        return values
    before = 2 * values[:1] - values[reach:0:-1]
    after = 2 * values[-1:] - values[-2 : -reach - 2 : -1]
    padded = np.concatenate([before, values, after])
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights /= weights.sum()
    return np.stack([np.convolve(column, weights, mode="valid") for column in padded.T], axis=-1)
