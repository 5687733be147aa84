"""Random windows of 2D sequences for the stages of the 2D-only recipe."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from posenet3d_blender.capture.student.features import STUDENT_WINDOW, mirror_points, normalise_windows

from ..data.sequences import PointSequences
from ..synthesis.detector_noise import DetectorNoise, add_detector_noise
from .geometry import view_of_rays
from .whole_body import impute_missing_points, whole_body_stretches
from .windows import SequenceWindows

_SPEED_DEVIATION: Final = 0.25
"""Standard deviation of the logarithm of a window's speed over the recorded one."""


class SequenceSampler:
    """Draws windows from 2D sequences, at random speeds, half of them mirrored."""

    def __init__(self, sequences: PointSequences, noise: DetectorNoise, seed: int) -> None:
        """Find the usable stretches.

        Args:
            sequences: at least one of them among `usable_sequences`.
            noise: the detector's.
            seed: of all random numbers.
        """
        self._rays, self._confidence = impute_missing_points(sequences)
        self._noise = noise
        self._random = np.random.default_rng(seed)
        self._generator = torch.Generator().manual_seed(seed)
        self._starts, self._ends = whole_body_stretches(sequences, self._confidence)

    def draw(self, count: int) -> SequenceWindows:
        """A batch of `count` windows."""
        rays, confidence = self._windows(count)  # (B, T, 27, 2), (B, T, 27)
        mirrored = self._random.random(count) < 0.5
        rays[mirrored], confidence[mirrored] = mirror_points(rays[mirrored], confidence[mirrored])
        exact = normalise_windows(rays, confidence)
        view = view_of_rays(exact, rays)  # (B, T, 18, 2)
        noisy_rays, noisy_confidence = add_detector_noise(rays, confidence, self._noise, self._random, self._generator)
        # The noise turns the virtual camera by a fraction of a degree.
        noisy = normalise_windows(noisy_rays, noisy_confidence)
        turn = noisy.view_rotations @ exact.view_rotations.transpose(0, 2, 1)  # (B, 3, 3)
        return SequenceWindows(view, view_of_rays(noisy, noisy_rays), torch.from_numpy(turn.astype(np.float32)))

    def _windows(self, count: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Rays (B, T, 27, 2), interpolated between samples, and confidence (B, T, 27)."""
        before, share = random_windows(self._starts, self._ends, count, STUDENT_WINDOW, self._random)
        rays = self._rays[before] + share[..., None, None] * (self._rays[before + 1] - self._rays[before])
        return rays, np.minimum(self._confidence[before], self._confidence[before + 1])


def random_windows(
    starts: NDArray[np.int64], ends: NDArray[np.int64], count: int, window: int, random: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Windows at random places in stretches of samples, at random speeds.

    Args:
        starts: (S,) first sample of each stretch.
        ends: (S,) past its last.
        count: number of windows.
        window: samples in each.
        random: source of random numbers.

    Returns:
        the sample before each moment (count, window), and the share (count, window) of the way to the next.
    """
    lengths = ends - starts
    stretch = random.choice(len(lengths), count, p=lengths / lengths.sum())
    start, last = starts[stretch], ends[stretch] - 1
    speed = np.exp(_SPEED_DEVIATION * random.standard_normal(count))
    speed = np.minimum(speed, (last - start) / max(window - 1, 1))
    slack = last - start - (window - 1) * speed
    moments = (start + slack * random.random(count))[:, None] + np.arange(window) * speed[:, None]
    before = np.clip(moments.astype(np.int64), start[:, None], last[:, None] - 1)
    return before, (moments - before).astype(np.float32)
