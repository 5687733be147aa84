"""Simulated detector: true points with the measured noise of the add-on's own detector.

`detector_noise.json` was measured on renderings with known ground truth: the error of points by keypoint and by
confidence, the rate of low confidence, and the rate of swapped knuckles. The autocorrelation of errors was measured on
the bundled clip. Swaps of whole sides, which occur in footage but not in the renderings, are as frequent as in the
student's training noise (`augmentation.NoiseRanges`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from posenet3d_blender.arrays import Array
from posenet3d_blender.capture.student.features import STUDENT_POINT_COUNT, STUDENT_POINT_NAMES, STUDENT_WINDOW

from .augmentation import NoiseRanges, swap_sides

NOISE_FILE: Final = Path(__file__).parent / "detector_noise.json"
_NEIGHBOURS: Final = {"neck": "shoulder", "head": "ear"}
"""Points that the detector does not give, and the neighbour whose noise they get."""
_LIMBS: Final = {"arm": ("elbow", "wrist", "index", "pinky"), "leg": ("knee", "ankle", "heel", "big_toe")}
_KNUCKLES: Final = ("index", "pinky")
_EXACT: Final = 0.25
"""Share of training windows without noise."""
_LOW_CONFIDENCE: Final = 0.5
_WHITE_SHARE: Final = 0.07
"""Share of white noise in an error's variance. On the bundled clip, errors deviate by 0.55% of the height; between
frames they change by 0.24%, of which the second difference leaves 0.15% per frame."""
_ERROR_FRAMES: Final = 8
"""Correlation length of the rest; on the clip, errors 6 frames apart are nearly uncorrelated."""
# Quantiles of the distance of errors that are normally distributed on both axes.
_MEDIAN_OF_RAYLEIGH: Final = 1.1774
_TAIL_OF_RAYLEIGH: Final = 0.468


@dataclass(frozen=True)
class DetectorNoise:
    """The detector's noise by point; lengths as shares of the body's height in the image."""

    deviation: Tensor
    """(27,) standard deviation of each axis."""
    tail: Tensor
    """(27,) standard deviation of the logarithm of the error's scale over time: some poses are hard throughout."""
    bias: Tensor
    """(27, 2) mean error."""
    unsure: Tensor
    """(27,) share of frames with a confidence up to 0.5."""
    swapped: Tensor
    """(27,) share of frames in which left and right are swapped."""
    confidence_levels: Tensor
    """(L,) confidences, ascending."""
    confidence_ranks: Tensor
    """(L,) share of all points below each level."""
    confidence_excess: Tensor
    """(L,) error at each level over that of a certain point."""
    sides: NoiseRanges
    """Swaps of whole sides."""


def load_detector_noise(path: Path = NOISE_FILE) -> DetectorNoise:
    """Read the measurements of `tools/calibrate_keypoints.py`."""
    measured = json.loads(path.read_text())
    rows = [_measurements(measured["keypoints"], name) for name in STUDENT_POINT_NAMES]
    column = {key: torch.tensor([row[key] for row in rows]) for key in rows[0]}
    spread = torch.log(column["p90"] / column["median"]) / 1.2816
    levels = measured["by_confidence"]
    middles = [(level["from"] + level["to"]) / 2 for level in levels]
    edges = [0.0, *(level["to"] for level in levels)]
    excess = np.array([level["median"] for level in levels]) / levels[-1]["median"]
    return DetectorNoise(
        deviation=column["median"] / _MEDIAN_OF_RAYLEIGH,
        tail=(spread**2 - _TAIL_OF_RAYLEIGH**2).clamp(min=0).sqrt(),
        bias=torch.stack([column["bias_x"], column["bias_y"]], -1),
        unsure=column["unsure_rate"],
        swapped=column["swap_rate"],
        confidence_levels=torch.tensor(edges),
        confidence_ranks=torch.tensor(np.cumsum([0.0, *(level["share"] for level in levels)]), dtype=torch.float32),
        confidence_excess=torch.tensor(np.interp(edges, middles, np.maximum(excess, 1)), dtype=torch.float32),
        sides=NoiseRanges(),
    )


def simulate_detector(
    rays: NDArray[np.floating[Any]],
    heights: NDArray[np.floating[Any]],
    noise: DetectorNoise,
    generator: torch.Generator,
) -> tuple[Array, Array]:
    """Simulate the detector on a clip.

    Args:
        rays: (T, 27, 2) exact.
        heights: (T,) of the body in the image, in the unit of `rays`.
        noise: the detector's.
        generator: source of random numbers.

    Returns:
        rays (T, 27, 2) and confidence (T, 27).
    """
    count = len(rays)
    confidence = _confidence(count, noise, generator)  # (T, 27)
    excess = _interpolate(confidence, noise.confidence_levels, noise.confidence_excess)
    tail = torch.exp(noise.tail * _slow_noise(count, STUDENT_POINT_COUNT, STUDENT_WINDOW, generator))
    scale = noise.deviation * excess * tail  # (T, 27)
    slow = _slow_noise(count, 2 * STUDENT_POINT_COUNT, _ERROR_FRAMES, generator).unflatten(-1, (STUDENT_POINT_COUNT, 2))
    white = torch.randn(count, STUDENT_POINT_COUNT, 2, generator=generator)
    error = noise.bias + scale[..., None] * ((1 - _WHITE_SHARE) ** 0.5 * slow + _WHITE_SHARE**0.5 * white)
    detected = torch.from_numpy(rays).float() + torch.from_numpy(heights).float()[:, None, None] * error
    _swap_knuckles(detected, noise, generator)
    detected = _swap_sides(detected, noise.sides, generator)
    return detected.double().numpy(), confidence.double().numpy()


def simulate_detector_on_windows(
    rays: NDArray[np.float32], heights: NDArray[np.float32], noise: DetectorNoise, generator: torch.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Simulate the detector on windows; arguments as of `simulate_detector`, with a leading batch axis.

    Returns:
        rays (B, T, 27, 2) and confidence (B, T, 27).
    """
    # Windows in a row as one clip: noise that is correlated across their borders does no harm.
    rows = rays.reshape(-1, *rays.shape[2:])
    detected, confidence = simulate_detector(rows, heights.reshape(-1), noise, generator)
    shape = rays.shape[:2]
    return (
        detected.astype(np.float32).reshape(*shape, STUDENT_POINT_COUNT, 2),
        confidence.astype(np.float32).reshape(*shape, STUDENT_POINT_COUNT),
    )


def add_detector_noise(
    rays: NDArray[np.float32],
    confidence: NDArray[np.float32],
    noise: DetectorNoise,
    random: np.random.Generator,
    generator: torch.Generator,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Rays (B, T, 27, 2) and confidence (B, T, 27) with the detector's noise in most windows.

    Args:
        rays: (B, T, 27, 2) exact.
        confidence: (B, T, 27); 0 for points that are not given.
        noise: the detector's.
        random: chooses the windows.
        generator: draws the noise.
    """
    noisy_rays, noisy_confidence, heights = rays.copy(), confidence.copy(), _image_heights(rays, confidence)
    chosen = np.flatnonzero(random.random(len(rays)) >= _EXACT)
    if len(chosen):
        frame_heights = np.repeat(heights[chosen, None], rays.shape[1], axis=1)  # (B, T)
        detected, certainty = simulate_detector_on_windows(rays[chosen], frame_heights, noise, generator)
        noisy_rays[chosen] = detected
        noisy_confidence[chosen] = certainty * confidence[chosen]
    return noisy_rays, noisy_confidence


def _image_heights(rays: NDArray[np.float32], confidence: NDArray[np.float32]) -> NDArray[np.float32]:
    """(B,) rough height of the person in the image: the largest extent in any sample of the window."""
    low = np.where(confidence[..., None] > 0, rays, np.inf).min(2)  # (B, T, 2)
    high = np.where(confidence[..., None] > 0, rays, -np.inf).max(2)
    heights: NDArray[np.float32] = (high - low).max((1, 2)).astype(np.float32)
    return heights


def _measurements(keypoints: dict[str, dict[str, float]], name: str) -> dict[str, float]:
    """Of one of the student's points."""
    if name in keypoints:
        return keypoints[name]
    left, right = (keypoints[f"{side}_{_NEIGHBOURS[name]}"] for side in ("left", "right"))
    return {key: (left[key] + right[key]) / 2 for key in left}


def _slow_noise(count: int, tracks: int, frames: int, generator: torch.Generator) -> Tensor:
    """(count, tracks) normally distributed noise with a correlation length of `frames` frames."""
    moment = torch.arange(count) / frames + torch.rand(tracks, 1, generator=generator)
    knots = torch.randn(tracks, int(moment.max()) + 2, generator=generator)
    before = moment.long()
    angle = (moment - before) * torch.pi / 2
    return (torch.cos(angle) * knots.gather(1, before) + torch.sin(angle) * knots.gather(1, before + 1)).T


def _confidence(count: int, noise: DetectorNoise, generator: torch.Generator) -> Tensor:
    """(T, 27) with the measured rates of low confidence; the points of a limb lose confidence together."""
    groups = torch.tensor([_group(name) for name in STUDENT_POINT_NAMES])
    rank = torch.special.ndtr(_slow_noise(count, int(groups.max()) + 1, STUDENT_WINDOW, generator))[:, groups]
    # Ranks are stretched so that each point's own share lies at the levels up to 0.5.
    border = float(_interpolate(torch.tensor([_LOW_CONFIDENCE]), noise.confidence_levels, noise.confidence_ranks))
    unsure = rank / noise.unsure.clamp(min=1e-6) * border
    sure = border + (rank - noise.unsure) / (1 - noise.unsure) * (1 - border)
    rank = torch.where(rank < noise.unsure, unsure, sure)
    return _interpolate(rank, noise.confidence_ranks, noise.confidence_levels).clamp(0, 1)


def _group(name: str) -> int:
    """Index of a point's limb; all other points are one group."""
    for index, (limb, side) in enumerate((limb, side) for limb in _LIMBS for side in ("left", "right")):
        if name.removeprefix(f"{side}_") in _LIMBS[limb] and name.startswith(side):
            return index
    return 2 * len(_LIMBS)


def _swap_knuckles(rays: Tensor, noise: DetectorNoise, generator: torch.Generator) -> None:
    for part in _KNUCKLES:
        left, right = (STUDENT_POINT_NAMES.index(f"{side}_{part}") for side in ("left", "right"))
        frames = torch.nonzero(torch.rand(len(rays), generator=generator) < noise.swapped[left]).flatten()
        rays[frames[:, None], [left, right]] = rays[frames[:, None], [right, left]]


def _swap_sides(rays: Tensor, ranges: NoiseRanges, generator: torch.Generator) -> Tensor:
    windows = -(-len(rays) // STUDENT_WINDOW)
    filled = torch.zeros(windows * STUDENT_WINDOW, *rays.shape[1:])
    filled[: len(rays)] = rays
    swap_sides(filled.unflatten(0, (windows, STUDENT_WINDOW)), ranges, generator)
    return filled[: len(rays)]


def _interpolate(at: Tensor, x: Tensor, y: Tensor) -> Tensor:
    return torch.from_numpy(np.interp(at.numpy(), x.numpy(), y.numpy())).float()
