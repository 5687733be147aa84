"""Points as our detector would give them: the true ones with its measured faults.

`detector_noise.json` holds what was measured on rendered pictures whose truth is known: how far points miss, by
keypoint and by confidence, how often they are unsure and how often knuckles change sides. How misses go on in time was
measured on the bundled clip. Swaps of whole sides, which renderings did not show but footage does, are as frequent as
in the noise that the student is trained with (`augmentation.NoiseRanges`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from posenet3d_blender.capture.student.features import STUDENT_POINT_COUNT, STUDENT_POINT_NAMES, STUDENT_WINDOW

from .augmentation import NoiseRanges, swap_sides

NOISE_FILE: Final = Path(__file__).parent / "detector_noise.json"
_STAND_INS: Final = {"neck": "shoulder", "head": "ear"}
"""No detector was measured on these two points; their neighbours' noise serves."""
_LIMBS: Final = {"arm": ("elbow", "wrist", "index", "pinky"), "leg": ("knee", "ankle", "heel", "big_toe")}
_KNUCKLES: Final = ("index", "pinky")
_UNSURE: Final = 0.5
_FRESH: Final = 0.07
"""Share of a miss's variance that is new in each frame. On the bundled clip, points miss by 0.55% of the height about
their mean; from one frame to the next the miss changes by 0.24%, of which 0.15% on each frame is left in its second
difference."""
_MISS_FRAMES: Final = 8
"""Frames in which the rest turns into something new; on the clip, misses 6 frames apart are as good as unrelated."""
# Of a point that misses by a normal distribution on both axes, the distance has these quantiles.
_MEDIAN_OF_RAYLEIGH: Final = 1.1774
_TAIL_OF_RAYLEIGH: Final = 0.468


@dataclass(frozen=True)
class DetectorNoise:
    """The detector's faults by point. Lengths in parts of the body's height in the picture."""

    deviation: Tensor
    """(27,) of each axis."""
    tail: Tensor
    """(27,) deviation of the logarithm of how far the point misses at a time: some poses are hard throughout."""
    bias: Tensor
    """(27, 2)"""
    unsure: Tensor
    """(27,) share of frames with confidence up to 0.5."""
    swapped: Tensor
    """(27,) share of frames in which the point lies on the other side's."""
    confidence_levels: Tensor
    """(L,) confidences, rising."""
    confidence_ranks: Tensor
    """(L,) share of all points below each level."""
    confidence_excess: Tensor
    """(L,) how many times a sure point's miss, points of this confidence miss."""
    sides: NoiseRanges
    """Swaps of whole sides."""


def load_detector_noise(path: Path = NOISE_FILE) -> DetectorNoise:
    """Read what `tools/calibrate_keypoints.py` measured."""
    measured = json.loads(path.read_text())
    rows = [_row(measured["keypoints"], name) for name in STUDENT_POINT_NAMES]
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
    rays: NDArray[np.floating], heights: NDArray[np.floating], noise: DetectorNoise, generator: torch.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What the detector would see of a clip.

    Args:
        rays: (T, 27, 2) exact.
        heights: (T,) of the body in the picture, in the unit of `rays`.
        noise: the detector's faults.
        generator: all chance comes from it.

    Returns:
        rays (T, 27, 2) and confidence (T, 27).
    """
    count = len(rays)
    confidence = _confidence(count, noise, generator)
    excess = _interpolate(confidence, noise.confidence_levels, noise.confidence_excess)
    level = (
        noise.deviation
        * excess
        * torch.exp(noise.tail * _lasting(count, STUDENT_POINT_COUNT, STUDENT_WINDOW, generator))
    )
    lasting = _lasting(count, 2 * STUDENT_POINT_COUNT, _MISS_FRAMES, generator).unflatten(-1, (STUDENT_POINT_COUNT, 2))
    fresh = torch.randn(count, STUDENT_POINT_COUNT, 2, generator=generator)
    miss = noise.bias + level[..., None] * ((1 - _FRESH) ** 0.5 * lasting + _FRESH**0.5 * fresh)
    seen = torch.from_numpy(rays).float() + torch.from_numpy(heights).float()[:, None, None] * miss
    _swap_knuckles(seen, noise, generator)
    seen = _swap_sides(seen, noise.sides, generator)
    return seen.double().numpy(), confidence.double().numpy()


def _row(keypoints: dict[str, dict[str, float]], name: str) -> dict[str, float]:
    if name in keypoints:
        return keypoints[name]
    left, right = (keypoints[f"{side}_{_STAND_INS[name]}"] for side in ("left", "right"))
    return {key: (left[key] + right[key]) / 2 for key in left}


def _lasting(count: int, tracks: int, frames: int, generator: torch.Generator) -> Tensor:
    """(count, tracks) normally distributed in each frame, turning into something new every `frames` frames."""
    moment = torch.arange(count) / frames + torch.rand(tracks, 1, generator=generator)
    knots = torch.randn(tracks, int(moment.max()) + 2, generator=generator)
    before = moment.long()
    angle = (moment - before) * torch.pi / 2
    return (torch.cos(angle) * knots.gather(1, before) + torch.sin(angle) * knots.gather(1, before + 1)).T


def _confidence(count: int, noise: DetectorNoise, generator: torch.Generator) -> Tensor:
    """(T, 27) as often unsure as measured; the points of a limb are lost together."""
    groups = torch.tensor([_group(name) for name in STUDENT_POINT_NAMES])
    rank = torch.special.ndtr(_lasting(count, int(groups.max()) + 1, STUDENT_WINDOW, generator))[:, groups]
    # Ranks are stretched so that each point's own share falls to the levels up to 0.5.
    border = float(_interpolate(torch.tensor([_UNSURE]), noise.confidence_levels, noise.confidence_ranks))
    unsure = rank / noise.unsure.clamp(min=1e-6) * border
    sure = border + (rank - noise.unsure) / (1 - noise.unsure) * (1 - border)
    rank = torch.where(rank < noise.unsure, unsure, sure)
    return _interpolate(rank, noise.confidence_ranks, noise.confidence_levels).clamp(0, 1)


def _group(name: str) -> int:
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
