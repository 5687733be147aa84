"""Units of another detector's points, found from the numbers of the whole file.

Coordinates are pixels, parts of the picture from 0 to 1 (MediaPipe; OpenPose's keypoint_scale 3) or from -1 to 1
(OpenPose's keypoint_scale 4). Scores run to 1, to 2 (COCO's visibility flags) or to 100.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import Array
from ...errors import PoseNet3DError
from ..runtime.network import Warn
from .layouts import BODY_25

NORMALISED_BELOW: Final = 3.0
"""Where half of the points have coordinates below it, they are parts of the picture: a point far outside of a close-up
lies at 3 or more, but no person is 3 pixels large."""
LARGEST_CENTRED: Final = 1.02
"""Coordinates from -1 to 1 are clipped to the picture, a little rounding aside."""
NEGATIVE_IN_CENTRED: Final = 0.25
"""Part of the points that has a negative y where they are counted from the picture's centre; in parts of the picture
only what sticks out of its top has one."""
NEGATIVE_IN_OPENPOSE: Final = 0.01
"""Part with a negative x or y for OpenPose, which never gives points outside of the picture."""
HIP_CENTRED_FRAMES: Final = 0.9
"""Part of the poses whose hips lie at 0, 0 where points are counted from the hips."""
CLEARLY_ABOVE_1: Final = 1.5
"""Scores of heatmaps go a little beyond 1."""
LOWEST_PERCENT: Final = 20.0
"""Usual scores are at least this where they are percent."""
MOST_NEGATIVE_SCORES: Final = 0.1
"""Part of the points; where more have a negative score, it is none."""


@dataclass(frozen=True)
class Units:
    """A file's units: pixels = coordinate * unit + origin."""

    unit: Array
    """(2,) pixels."""
    origin: Array
    """(2,) pixels."""
    full_score: float
    """The score of a point that is certain."""


def find_units(
    path: Path, poses: Array, layout: tuple[str | None, ...], image_size: tuple[int, int], warn: Warn
) -> Units:
    """Find the units of all poses (N, P, 3) of a file: x, y and score in the file's own numbers.

    Args:
        path: the file, for messages.
        poses: at least one.
        layout: the names of the P points.
        image_size: width and height of the pictures, pixels.
        warn: told of scores that are unusual.

    Raises:
        PoseNet3DError: the points are no places in a picture, or the scores no scores.
    """
    full_score = _full_score(path, poses[..., 2], warn)
    confident = _confident(poses[..., 2])  # (N, P)
    picture = np.array(image_size, dtype=np.float64)
    points = np.abs(poses[confident, :2]).max(axis=1) if confident.any() else np.zeros(0)
    normalised = len(points) > 0 and float(np.median(points)) < NORMALISED_BELOW
    _check_hips(path, poses, confident, layout, tolerance=0.01 if normalised else 1.0)
    if not normalised:
        return Units(np.ones(2), np.zeros(2), full_score)
    if _is_centred(poses[confident, :2], layout):
        return Units(picture / 2, picture / 2, full_score)
    return Units(picture, np.zeros(2), full_score)


def _confident(scores: Array) -> NDArray[np.bool_]:
    """Mask of the scores (N, P) that are at least half of the file's usual high ones."""
    positive = scores[scores > 0]
    return scores > 0 if not len(positive) else scores >= 0.5 * float(np.percentile(positive, 90))


def _is_centred(points: Array, layout: tuple[str | None, ...]) -> bool:
    """Whether normalised points (M, 2) are counted from the picture's centre, from -1 to 1."""
    if float(np.percentile(np.abs(points), 99)) > LARGEST_CENTRED:
        return False
    negative = points < -0.01
    if layout == BODY_25:
        return float(negative.any(axis=1).mean()) >= NEGATIVE_IN_OPENPOSE
    return float(negative[:, 1].mean()) >= NEGATIVE_IN_CENTRED


def _check_hips(
    path: Path, poses: Array, confident: NDArray[np.bool_], layout: tuple[str | None, ...], tolerance: float
) -> None:
    """Refuse points that are counted from the hips, such as MediaPipe's world landmarks."""
    hips = [layout.index("left_hip"), layout.index("right_hip")]
    seen = confident[:, hips].all(axis=1)
    if not seen.any():
        return
    centre = poses[seen][:, hips, :2].mean(axis=1)  # (V, 2)
    if float((np.abs(centre).max(axis=1) < tolerance).mean()) >= HIP_CENTRED_FRAMES:
        raise PoseNet3DError(
            f"{path}: its points are counted from the hips, as MediaPipe's world landmarks are, not from the "
            "picture's corner; give the points in the picture"
        )


def _full_score(path: Path, scores: Array, warn: Warn) -> float:
    """The score of a point that is certain, by the scores (N, P) of a file."""
    negative = (scores < 0) & (scores != -1)
    if float(negative.mean()) > MOST_NEGATIVE_SCORES:
        raise PoseNet3DError(
            f"{path}: its third numbers go below 0, as depths do; give x, y and a score from 0 to 1 for each point"
        )
    if negative.any():
        warn(f"{path}: {int(negative.sum())} points have a score below 0 and count as not visible")
    positive = scores[scores > 0]
    if not len(positive):
        return 1.0
    if np.isin(positive, (1, 2)).all():  # COCO's flags: hidden, visible
        return float(positive.max())
    usual, largest = float(np.percentile(positive, 90)), float(positive.max())
    if usual >= LOWEST_PERCENT and largest > 100:
        raise PoseNet3DError(f"{path}: its scores run to {largest:g}; give a score from 0 to 1 for each point")
    if usual >= LOWEST_PERCENT:
        warn(f"{path}: its scores run to {largest:g} and are read as percent")
        return 100.0
    if largest > CLEARLY_ABOVE_1:
        warn(f"{path}: its scores run to {largest:g}; those above 1 count as 1")
    return 1.0
