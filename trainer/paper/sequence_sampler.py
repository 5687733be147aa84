"""Batches of windows of 2D sequences: what the stages of the 2D-only recipe learn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from posenet3d_blender.capture.keypoints.keypoints import KEYPOINT_COUNT, MIRRORED_KEYPOINTS
from posenet3d_blender.capture.student.features import (
    STUDENT_POINT_COUNT,
    STUDENT_POINT_NAMES,
    STUDENT_WINDOW,
    normalise_windows,
)

from ..data.sequences import PointSequences
from ..synthesis.detector_noise import DetectorNoise, simulate_detector
from .geometry import View
from .skeleton import FEET, POINT_OF_LIFTED

_MIRRORED: Final = [*MIRRORED_KEYPOINTS, *range(KEYPOINT_COUNT, STUDENT_POINT_COUNT)]
_SEEN: Final = 0.3
"""Least confidence of each lifted joint in windows that are learnt from."""
_HAND: Final = 0.431
"""How far beyond the wrist the shipped body has its hands' joints, as a share of the forearm."""
_STAND_INS: Final[dict[str, dict[str, float]]] = {
    "neck": {"left_shoulder": 0.5, "right_shoulder": 0.5},
    "head": {"left_ear": 0.5, "right_ear": 0.5},
    **{
        f"{side}_{finger}": {f"{side}_wrist": 1 + _HAND, f"{side}_elbow": -_HAND}
        for side in ("left", "right")
        for finger in ("index", "pinky")
    },
}
"""Points that many detectors do not give, and the sum of others that stands in for each."""
_EXACT: Final = 0.25
"""Share of windows that the student, too, sees without faults."""
_STILL: Final = 0.02
"""Largest way of a resting foot from sample to sample, in the normalised points' unit (about half a metre)."""
_LOW: Final = 0.3
"""How far above the lower foot a resting one may be seen."""
_SPEED_DEVIATION: Final = 0.25
"""Of the logarithm of how much faster than filmed a window is played."""


@dataclass(frozen=True)
class PaperWindows:
    """A batch. `view` and `features` show the same windows in the frame of the same virtual camera."""

    view: View
    """For the teacher: the lifted joints as they were seen."""
    features: Tensor
    """(B, T, 82) for the student: with our detector's measured faults in most of the windows."""
    contacts: Tensor
    """(B, T, 2) 1 where the left or right foot stands still in the picture."""


class SequenceSampler:
    """Draws windows from 2D sequences: mirrored or not, slower or faster."""

    def __init__(self, sequences: PointSequences, noise: DetectorNoise, seed: int) -> None:
        """`sequences`: at least one of them among `usable_sequences`."""
        self._rays, confidence = impute_missing_points(sequences)
        self._noise = noise
        self._random = np.random.default_rng(seed)
        self._generator = torch.Generator().manual_seed(seed)
        self._confidence = confidence
        self._starts, self._ends = whole_body_stretches(sequences, confidence)

    def draw(self, count: int) -> PaperWindows:
        """A batch of `count` windows."""
        rays, given = self._windows(count)
        mirrored = self._random.random(count) < 0.5
        rays[mirrored] = rays[mirrored][:, :, _MIRRORED] * np.array([-1, 1], np.float32)
        given[mirrored] = given[mirrored][:, :, _MIRRORED]
        exact = normalise_windows(rays, given)
        size = np.exp(exact.features[:, 0, -1])
        points = (
            rays_in_virtual_camera(exact.view_rotations, rays[:, :, list(POINT_OF_LIFTED)]) / size[:, None, None, None]
        )
        view = View(torch.from_numpy(points), torch.from_numpy(size))
        # The faults turn the student's virtual camera by a fraction of a degree against the teacher's.
        features = normalise_windows(
            *add_detector_noise(rays, given, self._noise, self._random, self._generator)
        ).features
        return PaperWindows(view, torch.from_numpy(features), contacts_from_points(view.points))

    def _windows(self, count: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        before, share = random_windows(self._starts, self._ends, count, STUDENT_WINDOW, self._random)
        rays = self._rays[before] + share[..., None, None] * (self._rays[before + 1] - self._rays[before])
        return rays, np.minimum(self._confidence[before], self._confidence[before + 1])


def random_windows(
    starts: NDArray[np.int64], ends: NDArray[np.int64], count: int, window: int, random: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Windows anywhere in stretches of samples, slower or faster than filmed.

    Args:
        starts: (S,) first sample of each stretch.
        ends: (S,) past its last.
        count: of windows.
        window: samples in each.
        random: source of chance.

    Returns:
        the sample before each moment (count, window), and the share (count, window) of the way to the next.
    """
    lengths = ends - starts
    stretch = random.choice(len(lengths), count, p=lengths / lengths.sum())
    start, last = starts[stretch], ends[stretch] - 1
    speed = np.exp(_SPEED_DEVIATION * random.standard_normal(count))
    speed = np.minimum(speed, (last - start) / max(window - 1, 1))
    room = last - start - (window - 1) * speed
    moments = (start + room * random.random(count))[:, None] + np.arange(window) * speed[:, None]
    before = np.clip(moments.astype(np.int64), start[:, None], last[:, None] - 1)
    return before, (moments - before).astype(np.float32)


def add_detector_noise(
    rays: NDArray[np.float32],
    given: NDArray[np.float32],
    noise: DetectorNoise,
    random: np.random.Generator,
    generator: torch.Generator,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Rays (B, T, 27, 2) and confidence (B, T, 27) as our detector would give most windows; the others as they are."""
    faulty, confidence, heights = rays.copy(), given.copy(), _heights(rays, given)
    chosen = np.flatnonzero(random.random(len(rays)) >= _EXACT)
    if len(chosen):
        # One window after another as if they were one clip: what lasts over their borders does no harm.
        height = np.repeat(heights[chosen], rays.shape[1])
        seen, sure = simulate_detector(rays[chosen].reshape(-1, *rays.shape[2:]), height, noise, generator)
        faulty[chosen] = seen.reshape(len(chosen), *rays.shape[1:])
        confidence[chosen] = sure.reshape(len(chosen), *given.shape[1:]) * given[chosen]
    return faulty, confidence


def impute_missing_points(sequences: PointSequences) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Rays (N, 27, 2) and confidence (N, 27) with points made up in those sequences that never have them.

    Neck and head lie between shoulders and ears, knuckles beyond the wrist in the forearm's direction in the picture.
    """
    rays, confidence = sequences.rays.copy(), sequences.confidence.copy()
    for start, end in sequences.ranges():
        for name, others in _STAND_INS.items():
            point = STUDENT_POINT_NAMES.index(name)
            if confidence[start:end, point].any():
                continue
            seen = [STUDENT_POINT_NAMES.index(other) for other in others]
            shares = np.array(list(others.values()), np.float32)
            rays[start:end, point] = (rays[start:end, seen] * shares[:, None]).sum(1)
            confidence[start:end, point] = confidence[start:end, seen].min(1)
    return rays, confidence


def never_given(sequences: PointSequences) -> list[str]:
    """Names of those points that the recipe lifts, and that no sample has."""
    _, confidence = impute_missing_points(sequences)
    return [STUDENT_POINT_NAMES[point] for point in POINT_OF_LIFTED if not confidence[:, point].any()]


def whole_body_stretches(
    sequences: PointSequences, confidence: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and past-the-end sample (S,) of each stretch that shows every lifted joint for a window at least.

    confidence: (N, 27), of `impute_missing_points`.
    """
    stretches = [stretch for own in _stretches(sequences, confidence) for stretch in own]
    starts, ends = np.array(stretches, np.int64).reshape(-1, 2).T
    return starts, ends


def usable_sequences(sequences: PointSequences) -> list[int]:
    """The sequences that show every lifted joint for a window at least, by index."""
    _, confidence = impute_missing_points(sequences)
    return [index for index, own in enumerate(_stretches(sequences, confidence)) if own]


def _stretches(sequences: PointSequences, confidence: NDArray[np.float32]) -> list[list[tuple[int, int]]]:
    """For each sequence, first and past-the-end sample of each stretch that shows every lifted joint for a window."""
    seen = (confidence[:, list(POINT_OF_LIFTED)] >= _SEEN).all(-1)
    stretches = []
    for first, end in sequences.ranges():
        edges = np.flatnonzero(np.diff(np.concatenate([[False], seen[first:end], [False]]).astype(np.int8))) + first
        stretches.append(
            [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2) if stop - start >= STUDENT_WINDOW]
        )
    return stretches


def _heights(rays: NDArray[np.float32], given: NDArray[np.float32]) -> NDArray[np.float32]:
    """(B,) the person's height in the picture, roughly: the largest extent that the window shows at a time."""
    low = np.where(given[..., None] > 0, rays, np.inf).min(2)
    high = np.where(given[..., None] > 0, rays, -np.inf).max(2)
    return (high - low).max((1, 2)).astype(np.float32)


def rays_in_virtual_camera(rotations: NDArray[np.float32], rays: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rays (B, T, K, 2) in the virtual cameras' frames that `rotations` (B, 3, 3) lead to."""
    homogeneous = np.concatenate([rays, np.ones_like(rays[..., :1])], -1)
    turned = homogeneous @ np.swapaxes(rotations, -1, -2)[:, None]
    return turned[..., :2] / np.maximum(turned[..., 2:], 0.1)


def contacts_from_points(points: Tensor) -> Tensor:
    """(B, T, 2) 1 where a foot of points (B, T, 18, 2) keeps its place and is not above the other."""
    feet = points[:, :, list(FEET)]
    moved = torch.zeros_like(feet[..., 0])
    moved[:, 1:] = feet.diff(dim=1).norm(dim=-1)
    still = torch.maximum(moved, moved.roll(-1, 1)) < _STILL
    low = feet[..., 1] > feet[..., 1].amax(-1, keepdim=True) - _LOW
    return (still & low).float()
