"""Random windows of one person's 2D sequences, as the detector gave them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from posenet3d_blender.capture.keypoints.keypoints import KEYPOINT_COUNT
from posenet3d_blender.capture.student.features import (
    STUDENT_WINDOW,
    mirror_points,
    normalise_windows,
    rays_in_view,
)

from ..data.sequences import PointSequences


@dataclass(frozen=True)
class FootageWindows:
    """Windows of footage; `rays` are in the frame of the virtual camera that `features` show."""

    features: Tensor
    """(B, T, 82) for the student."""
    rays: Tensor
    """(B, T, 25, 2) of the detector's keypoints."""
    confidence: Tensor
    """(B, T, 25)."""


class FootageSampler:
    """Draws windows at any place of the sequences, half of them mirrored, as capture sees them."""

    def __init__(self, sequences: PointSequences, seed: int) -> None:
        """List the windows.

        Args:
            sequences: at least one of them as long as a window.
            seed: of all random numbers.
        """
        self._rays, self._confidence = sequences.rays, sequences.confidence
        self._random = np.random.default_rng(seed)
        self._starts = np.concatenate(
            [np.arange(start, end - STUDENT_WINDOW + 1, dtype=np.int64) for start, end in sequences.ranges()]
        )

    def draw(self, count: int) -> FootageWindows:
        """A batch of `count` windows."""
        rows = self._random.choice(self._starts, count)[:, None] + np.arange(STUDENT_WINDOW)
        rays, confidence = self._rays[rows], self._confidence[rows]  # (B, T, 27, 2), (B, T, 27)
        mirrored = self._random.random(count) < 0.5
        rays[mirrored], confidence[mirrored] = mirror_points(rays[mirrored], confidence[mirrored])
        student_input = normalise_windows(rays, confidence)
        in_view = rays_in_view(student_input.view_rotations, rays)[:, :, :KEYPOINT_COUNT]
        return FootageWindows(
            torch.from_numpy(student_input.features),
            torch.from_numpy(np.asarray(in_view, np.float32)),
            torch.from_numpy(confidence[:, :, :KEYPOINT_COUNT]),
        )
