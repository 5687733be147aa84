"""2D joints at an even rate, from frames whose times need not be even."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ...arrays import Array, blocks
from ...camera import CameraPath
from .keypoints import KEYPOINT_COUNT, Keypoints

AVERAGING_TIME: Final = 1 / 40
"""Seconds before and after a sample from which frames count: footage of 60 frames a second loses its flicker and keeps
87% of a move to and fro at 8 Hz."""


@dataclass(frozen=True)
class SampledKeypoints:
    """2D joints at a constant rate, as viewing rays."""

    time: Array
    """(S,) seconds, even."""
    rays: Array
    """(S, 25, 2) x/z and y/z in the camera frame."""
    confidence: Array
    """(S, 25) from 0 to 1."""
    views: Array | None = None
    """(S, 4, 4) from the frame of the solve to each sample's camera; None: one camera that stands still, whose frame
    it is."""

    def select(self, samples: slice) -> SampledKeypoints:
        """A range of the samples."""
        views = None if self.views is None else self.views[samples]
        return SampledKeypoints(self.time[samples], self.rays[samples], self.confidence[samples], views)

    def in_camera(self, points: Array) -> Array:
        """Points (S, ..., 3) of the solve's frame in each sample's camera frame, metres."""
        if self.views is None:
            return points
        turned = self.turned(points)
        shift = self.views[:, :3, 3].reshape(len(points), *[1] * (points.ndim - 2), 3)
        moved: Array = turned + shift
        return moved

    def from_camera(self, points: Array) -> Array:
        """Points (S, 3), one in each sample's camera frame, in the solve's frame, metres."""
        if self.views is None:
            return points
        back: Array = np.einsum("sba,sb->sa", self.views[:, :3, :3], points - self.views[:, :3, 3])
        return back

    def turned(self, vectors: Array) -> Array:
        """Vectors (S, ..., 3) of the solve's frame in each sample's camera's axes."""
        if self.views is None:
            return vectors
        turned: Array = np.einsum("sab,s...b->s...a", self.views[:, :3, :3], vectors)
        return turned


def sample_keypoints(
    keypoints: Keypoints, rate: float, focal_length: float, path: CameraPath | None = None
) -> SampledKeypoints:
    """Average the frames around each sample, weighted by nearness and confidence.

    The first and the last sample are at the first and the last frame. Where no frame is near (a pause in the footage),
    confidence is 0.

    Args:
        keypoints: T frames.
        rate: samples per second, about.
        focal_length: in pixels, of a camera that stands still.
        path: of a camera that moves; its world is the frame of the solve.
    """
    time = keypoints.time
    count = max(2, round((time[-1] - time[0]) * rate) + 1)
    sample_time = np.linspace(time[0], time[-1], count)  # (S,)
    gap = float(np.median(np.diff(time)))
    reach = max(AVERAGING_TIME, gap)
    taps = int(np.ceil(2 * reach / gap)) + 2
    points, confidence = np.empty((count, *keypoints.points.shape[1:])), np.empty((count, KEYPOINT_COUNT))
    for samples in blocks(count):
        points[samples], confidence[samples] = _average(keypoints, sample_time[samples], reach, taps)
    centre = np.array(keypoints.image_size) / 2
    sampled_path = None if path is None else path.at(sample_time)
    focal_lengths = focal_length if sampled_path is None else sampled_path.focal_lengths[:, None, None]
    rays = np.where((confidence > 0)[..., None], (points - centre) / focal_lengths, 0.0)  # (S, 25, 2)
    views = None if sampled_path is None else sampled_path.world_to_camera
    return SampledKeypoints(sample_time, rays, confidence, views)


def _average(keypoints: Keypoints, at: Array, reach: float, taps: int) -> tuple[Array, Array]:
    """Points (S, 25, 2), pixels, and confidence (S, 25) at some times (S,), seconds.

    Args:
        keypoints: T frames.
        at: seconds.
        reach: seconds before and after a time from which frames count.
        taps: largest number of frames that may count.
    """
    time = keypoints.time
    nearest = np.searchsorted(time, at)  # (S,)
    frames = np.clip(nearest[:, None] + np.arange(taps) - taps // 2, 0, len(time) - 1)  # (S, taps)
    # At both ends clipping repeats a frame, which must count once.
    is_first = np.diff(frames, axis=1, prepend=-1) != 0  # (S, taps)
    nearness = np.clip(1 - np.abs(time[frames] - at[:, None]) / (1.001 * reach), 0, None) * is_first
    weight = nearness[..., None] * keypoints.confidence[frames]  # (S, taps, 25)
    total = weight.sum(1)  # (S, 25)
    points = (weight[..., None] * keypoints.points[frames]).sum(1) / np.maximum(total, 1e-9)[..., None]  # (S, 25, 2)
    confidence = np.where(total > 1e-9, total / np.maximum(nearness.sum(1), 1e-9)[:, None], 0.0)  # (S, 25)
    return points, confidence
