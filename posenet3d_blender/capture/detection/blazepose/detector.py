"""BlazePose's person detector: everyone in a frame, as regions for the landmark network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ....arrays import Array
from ...runtime.network import Network
from .landmarks import sigmoid
from .regions import Region

INPUT_SIZE: Final = 224
MINIMUM_SCORE: Final = 0.5
SAME_PERSON_OVERLAP: Final = 0.3
"""Boxes that overlap (intersection over union) more than this show one person; BlazePose's own figure."""
GRIDS: Final = ((28, 2), (14, 2), (7, 6))
"""Anchor grids: cells a side and anchors a cell."""


@dataclass(frozen=True)
class Detection:
    """A person in one frame, by the detector."""

    region: Region
    score: float
    """From MINIMUM_SCORE to 1."""


def anchor_centres() -> NDArray[np.float32]:
    """(2254, 2) centres of the anchors, as parts of the input's side."""
    grids = []
    for cells, anchors in GRIDS:
        middle = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        x, y = np.meshgrid(middle, middle)
        grids.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), anchors, axis=0))
    return np.concatenate(grids)


@dataclass(frozen=True)
class Window:
    """An upright square of the picture, possibly reaching beyond it; pixels."""

    left: float
    top: float
    side: float

    @staticmethod
    def whole(image_size: tuple[int, int]) -> Window:
        """The smallest square around a whole picture of this width and height, pixels."""
        width, height = image_size
        side = max(width, height)
        return Window((width - side) / 2, (height - side) / 2, side)

    @staticmethod
    def around(region: Region, scale: float) -> Window:
        """`scale` times as large as a region, with its centre."""
        side = region.size * scale
        return Window(region.x - side / 2, region.y - side / 2, side)


class PersonDetector:
    """BlazePose's detector (Bazarevsky et al. 2020): finds people in single pictures."""

    def __init__(self, network: Network) -> None:
        """Wrap the detector's network."""
        self.network = network
        self._anchors = anchor_centres()

    def detect(self, image: NDArray[np.uint8], window: Window | None = None) -> list[Detection]:
        """Everyone in a window of a picture (H, W, 3) RGB, by falling score.

        People are found best where they fill a third to two thirds of the window; None looks at the whole picture.
        """
        window = window or Window.whole((image.shape[1], image.shape[0]))
        pixels = look_through(image, window)
        outputs = self.network.run({"image": (pixels.astype(np.float32) / 127.5 - 1)[None]})
        scores = sigmoid(outputs["scores"][0, :, 0])  # (2254,)
        hits = np.flatnonzero(scores >= MINIMUM_SCORE)
        boxes = outputs["boxes"][0, hits].astype(np.float64) / INPUT_SIZE  # (N, 12) centre, size, four points
        centres = boxes[:, :2] + self._anchors[hits]
        corners = np.concatenate([centres - boxes[:, 2:4] / 2, centres + boxes[:, 2:4] / 2], axis=1)  # (N, 4)
        points = boxes[:, 4:].reshape(-1, 4, 2) + self._anchors[hits, None]  # (N, 4, 2)
        corner = np.array([window.left, window.top])
        return [
            Detection(Region.around(points[0] * window.side + corner, points[1] * window.side + corner), score)
            for points, score in merge_overlapping(corners, points, scores[hits])
        ]


def look_through(image: NDArray[np.uint8], window: Window) -> NDArray[np.uint8]:
    """(224, 224, 3) pixels of a window of a picture, black beyond the picture's edges."""
    import cv2

    height, width = image.shape[:2]
    corner = np.array([window.left, window.top])
    inside = np.clip(np.round([corner, corner + window.side]), 0, [width, height]).astype(int)
    (left, top), (right, bottom) = inside
    pixels = np.zeros((INPUT_SIZE, INPUT_SIZE, 3), np.uint8)
    scale = INPUT_SIZE / window.side
    (to_left, to_top), (to_right, to_bottom) = np.clip(np.round((inside - corner) * scale), 0, INPUT_SIZE).astype(int)
    if to_right > to_left and to_bottom > to_top and right > left and bottom > top:
        # Area averaging: plain sampling would break thin limbs of small people into dots.
        part = cv2.resize(
            image[top:bottom, left:right],
            (int(to_right - to_left), int(to_bottom - to_top)),
            interpolation=cv2.INTER_AREA,
        )
        pixels[to_top:to_bottom, to_left:to_right] = part
    return pixels


def merge_overlapping(corners: Array, points: Array, scores: Array) -> list[tuple[Array, float]]:
    """Weighted non-maximum suppression: one person's many boxes become the mean of their points.

    Args:
        corners: (N, 4) left, top, right, bottom.
        points: (N, K, 2).
        scores: (N,).

    Returns:
        (K, 2) points and the best score of each person, by falling score.
    """
    people = []
    remaining = np.argsort(-scores, kind="stable")
    while len(remaining):
        best = remaining[0]
        same = remaining[overlap(corners[best], corners[remaining]) > SAME_PERSON_OVERLAP]
        # A box of no area overlaps nothing, itself included: it must go all the same.
        same = np.union1d(same, [best])
        people.append((np.average(points[same], axis=0, weights=scores[same]), float(scores[best])))
        remaining = remaining[~np.isin(remaining, same)]
    return people


def overlap(box: Array, boxes: Array) -> Array:
    """(N,) intersection over union of `box` (4,) with each of `boxes` (N, 4)."""
    top_left = np.maximum(box[:2], boxes[:, :2])
    bottom_right = np.minimum(box[2:], boxes[:, 2:])
    shared = np.clip(bottom_right - top_left, 0, None).prod(axis=1)
    union = (box[2:] - box[:2]).prod() + (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) - shared
    ratio: Array = shared / np.maximum(union, 1e-12)
    return ratio
