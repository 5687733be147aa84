"""2D joints at an even rate, from frames whose times need not be even."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import Array, blocks
from ...camera import Camera, CameraPath
from .keypoints import KEYPOINT_COUNT, Keypoints

AVERAGING_TIME: Final = 1 / 40
"""Seconds before and after a sample from which frames count: footage of 60 frames a second loses its flicker and keeps
87% of a move to and fro at 8 Hz."""


@dataclass(frozen=True)
class AveragingWindow:
    """The frames around a sample that count for it."""

    reach: float
    """Seconds before and after a sample."""
    taps: int
    """Largest number of frames that may count."""

    @staticmethod
    def of(time: Array) -> AveragingWindow:
        """For footage of frames at these times (T,), seconds."""
        gap = float(np.median(np.diff(time))) if len(time) > 1 else AVERAGING_TIME
        reach = max(AVERAGING_TIME, gap)
        return AveragingWindow(reach, int(np.ceil(2 * reach / gap)) + 2)

    def frames(self, time: Array, at: Array) -> tuple[NDArray[np.intp], Array]:
        """The frames around some times.

        Args:
            time: (T,) seconds; of all frames or of some.
            at: (S,) seconds.

        Returns:
            Rows of `time` (S, taps), and how near they are (S, taps), from 0 (does not count) to 1.
        """
        nearest = np.searchsorted(time, at)  # (S,)
        rows = np.clip(nearest[:, None] + np.arange(self.taps) - self.taps // 2, 0, len(time) - 1)  # (S, taps)
        # At both ends clipping repeats a frame, which must count once.
        is_first = np.diff(rows, axis=1, prepend=-1) != 0  # (S, taps)
        nearness = np.clip(1 - np.abs(time[rows] - at[:, None]) / (1.001 * self.reach), 0, None) * is_first
        return rows, nearness


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


def sample_keypoints(keypoints: Keypoints, rate: float, lens: float | Camera | CameraPath) -> SampledKeypoints:
    """Average the frames around each sample, weighted by nearness and confidence.

    A camera that turns is taken to have been turned at each frame as at the sample: its shake is not averaged.
    The first and the last sample are at the first and the last frame. Where no frame is near (a pause in the footage),
    confidence is 0.

    Args:
        keypoints: T frames.
        rate: samples per second, about.
        lens: the focal length, in pixels, or the camera; the world of a path is the frame of the solve.
    """
    time = keypoints.time
    count = max(2, round((time[-1] - time[0]) * rate) + 1)
    sample_time = np.linspace(time[0], time[-1], count)  # (S,)
    window = AveragingWindow.of(time)
    focal_lengths = focal_lengths_at(lens, time)[:, None, None]
    of_frames = (keypoints.points - np.array(keypoints.image_size) / 2) / focal_lengths  # (T, 25, 2)
    turns = lens.at(time).rotations if isinstance(lens, CameraPath) else None
    views = lens.at(sample_time).world_to_camera if isinstance(lens, CameraPath) else None
    rays, confidence = np.empty((count, *of_frames.shape[1:])), np.empty((count, KEYPOINT_COUNT))
    for samples in blocks(count):
        rows, nearness = window.frames(time, sample_time[samples])  # (S, taps)
        near = of_frames[rows]  # (S, taps, 25, 2)
        if turns is not None and views is not None:
            near = _turned(near, views[samples, None, :3, :3] @ np.swapaxes(turns[rows], -1, -2))
        rays[samples], confidence[samples] = _average(near, keypoints.confidence[rows], nearness)
    return SampledKeypoints(sample_time, rays, confidence, views)


def _turned(rays: Array, rotations: Array) -> Array:
    """Rays (S, taps, 25, 2) in cameras that are turned by (S, taps, 3, 3)."""
    whole = np.concatenate([rays, np.ones_like(rays[..., :1])], axis=-1) @ np.swapaxes(rotations, -1, -2)
    turned: Array = whole[..., :2] / np.maximum(whole[..., 2:], 0.1)
    return turned


def focal_lengths_at(lens: float | Camera | CameraPath, time: Array) -> Array:
    """(N,) pixels at times (N,); a lens as `sample_keypoints` takes it."""
    if isinstance(lens, CameraPath):
        return np.interp(time, lens.time, lens.focal_lengths)
    return np.full(len(time), lens.focal_length if isinstance(lens, Camera) else lens)


def _average(rays: Array, confidence: Array, nearness: Array) -> tuple[Array, Array]:
    """Rays (S, 25, 2) and confidence (S, 25) of samples.

    Args:
        rays: (S, taps, 25, 2) of the frames around each sample, in its camera's axes.
        confidence: (S, taps, 25)
        nearness: (S, taps)
    """
    weight = nearness[..., None] * confidence  # (S, taps, 25)
    total = weight.sum(1)  # (S, 25)
    is_seen = total > 1e-9
    mean = (weight[..., None] * rays).sum(1) / np.maximum(total, 1e-9)[..., None]  # (S, 25, 2)
    of_samples = np.where(is_seen, total / np.maximum(nearness.sum(1), 1e-9)[:, None], 0.0)  # (S, 25)
    return np.where(is_seen[..., None], mean, 0.0), of_samples


def seconds_to_nearest(time: Array, is_marked: NDArray[np.bool_]) -> Array:
    """(S,) seconds from each of the rising times (S,) to the nearest marked one (S,); infinite without any."""
    marks = time[is_marked]
    if not len(marks):
        return np.full(len(time), np.inf)
    after = np.clip(np.searchsorted(marks, time), 0, len(marks) - 1)
    nearest: Array = np.minimum(np.abs(marks[after] - time), np.abs(marks[np.maximum(after - 1, 0)] - time))
    return nearest
