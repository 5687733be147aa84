"""BlazePose's landmark network: 33 points of the one person in a region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ....arrays import Array, FloatArray
from ...runtime.network import Network
from .regions import Region

INPUT_SIZE: Final = 256
LANDMARK_COUNT: Final = 33
REGION_CENTRE, REGION_RIM = 33, 34
"""Two more points that the network gives: they span the region for the next frame."""
HEATMAP_SIZE: Final = 64
HEATMAP_RADIUS: Final = 3
MOST_SAMPLES: Final = 2
"""Samples a side that are averaged for one pixel of the crop."""
MINIMUM_PEAK: Final = 0.5
"""A landmark is moved to its heat map's centre of mass only where the map has this peak; BlazePose's own figure."""


@dataclass(frozen=True)
class Landmarks:
    """The network's output for one region."""

    points: Array
    """(33, 2) pixels of the picture."""
    confidence: Array
    """(33,) probability that the point is in the picture and visible."""
    presence: float
    """Probability that there is a person in the region."""
    next_region: Region
    """The region to look at in the next frame."""


class LandmarkFinder:
    """BlazePose's landmark network (Bazarevsky et al. 2020): finds one person's landmarks in a region of a picture."""

    def __init__(self, network: Network) -> None:
        """Wrap the landmark network."""
        self.network = network

    def find(self, image: NDArray[np.uint8], region: Region) -> Landmarks:
        """Landmarks of the person in `region` of a picture (H, W, 3) RGB."""
        crop = cut_out(image, region)
        outputs = self.network.run({"image": np.multiply(crop, np.float32(1 / 255))[None]})
        raw = outputs["landmarks"].reshape(-1, 5)[: REGION_RIM + 1].astype(np.float64)
        in_crop = refine(raw[:, :2] / INPUT_SIZE, outputs["heatmap"][0]) * INPUT_SIZE
        to_picture = region.crop_to_picture(INPUT_SIZE)
        points = in_crop @ to_picture[:, :2].T + to_picture[:, 2]
        visible, inside = sigmoid(raw[:LANDMARK_COUNT, 3]), sigmoid(raw[:LANDMARK_COUNT, 4])
        return Landmarks(
            points=points[:LANDMARK_COUNT],
            confidence=visible * inside,
            presence=float(outputs["presence"][0, 0]),
            next_region=Region.around(points[REGION_CENTRE], points[REGION_RIM]),
        )


def cut_out(image: NDArray[np.uint8], region: Region, size: int = INPUT_SIZE) -> NDArray[np.uint8]:
    """(size, size, 3) the region's pixels, turned upright.

    Where the picture is finer than the crop, four samples are averaged for each pixel: a little less jitter.
    """
    import cv2

    samples = int(np.clip(2 ** np.floor(np.log2(region.size / size)), 1, MOST_SAMPLES))
    fine_size = size * samples
    crop = cv2.warpAffine(
        image,
        _between_pixel_centres(region.crop_to_picture(fine_size)),
        (fine_size, fine_size),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    if samples > 1:
        crop = cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(crop, dtype=np.uint8)


def refine(points: Array, heatmap_logits: NDArray[np.float32]) -> Array:
    """Move each point to the centre of mass of its heat map around it, where the map has a clear peak.

    Args:
        points: (N, 2) as parts of the crop's side.
        heatmap_logits: (64, 64, at least N).
    """
    window = np.arange(-HEATMAP_RADIUS, HEATMAP_RADIUS + 1)
    cells = np.floor(np.clip(points, -1, 2) * HEATMAP_SIZE).astype(int)  # (N, 2)
    columns, rows = cells[:, :1] + window, cells[:, 1:] + window  # (N, 7) each
    inside_columns = (columns >= 0) & (columns < HEATMAP_SIZE)
    inside_rows = (rows >= 0) & (rows < HEATMAP_SIZE)
    point = np.arange(len(points))[:, None, None]
    logits = heatmap_logits[
        np.clip(rows, 0, HEATMAP_SIZE - 1)[:, :, None], np.clip(columns, 0, HEATMAP_SIZE - 1)[:, None, :], point
    ]
    heat = sigmoid(logits) * (inside_rows[:, :, None] & inside_columns[:, None, :])
    is_clear = (heat.max(axis=(1, 2)) >= MINIMUM_PEAK) & ((cells >= 0) & (cells < HEATMAP_SIZE)).all(axis=1)
    total = np.maximum(heat.sum(axis=(1, 2)), 1e-12)
    # (N, 2) columns and rows
    centre = np.stack([(heat.sum(axis=1) * columns).sum(axis=1), (heat.sum(axis=2) * rows).sum(axis=1)], axis=1)
    return np.where(is_clear[:, None], centre / total[:, None] / HEATMAP_SIZE, points)


def sigmoid(logits: FloatArray) -> Array:
    """Logits to probabilities."""
    return 1 / (1 + np.exp(-np.clip(logits.astype(np.float64), -100, 100)))


def _between_pixel_centres(corner_map: Array) -> Array:
    """The affine map (2, 3) in OpenCV's coordinates, which count from pixel centres; ours count from pixel corners."""
    shifted = corner_map.copy()
    shifted[:, 2] += corner_map[:, :2] @ np.full(2, 0.5) - 0.5
    return shifted
