"""The hand networks: 21 points of the one hand in a region of a picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import Array
from ...progress import Warn, ignore_warning
from ..detection.blazepose.landmarks import cut_out
from ..detection.blazepose.regions import Region
from ..keypoints.hand_keypoints import POINT_COUNT
from ..runtime.network import Network, open_network
from .regions import region_of_points, region_of_recrop

RECROP_SIZE: Final = 256
INPUT_SIZE: Final = 224
FOLDER: Final = Path(__file__).parents[2] / "assets" / "hands"
RECROP_FILE: Final = FOLDER / "hand_recrop.onnx"
LANDMARK_FILE: Final = FOLDER / "hand_landmark_full.onnx"


@dataclass(frozen=True)
class HandLandmarks:
    """The networks' output for one region."""

    points: Array
    """(21, 2) pixels of the picture."""
    metric: Array
    """(21, 3) metres, as `HandKeypoints.metric`."""
    presence: float
    """Probability that there is a hand in the region."""
    handedness: float
    """Probability that it is a right one."""
    next_region: Region
    """The region to look at in the next frame."""


class HandFinder:
    """MediaPipe's hand networks (Zhang et al. 2020; Grishchenko and Bazarevsky 2020), for regions by the body."""

    def __init__(self, recrop: Network, landmarks: Network) -> None:
        """Wrap the network that centres a rough region on the hand, and the one that finds its points."""
        self._recrop = recrop
        self._landmarks = landmarks

    def refine(self, image: NDArray[np.uint8], region: Region) -> Region:
        """The region around the hand in a rough `region` of a picture (H, W, 3) RGB."""
        crop = cut_out(image, region, RECROP_SIZE)
        output = self._recrop.run({"image": _as_input(crop)})["crop"].reshape(2, 2).astype(np.float64)
        to_picture = region.crop_to_picture(RECROP_SIZE)
        centre, rim = output @ to_picture[:, :2].T + to_picture[:, 2]
        return region_of_recrop(centre, rim)

    def find(self, image: NDArray[np.uint8], region: Region) -> HandLandmarks:
        """Points of the hand in `region` of a picture (H, W, 3) RGB."""
        outputs = self._landmarks.run({"image": _as_input(cut_out(image, region, INPUT_SIZE))})
        in_crop = outputs["landmarks"].reshape(POINT_COUNT, 3)[:, :2].astype(np.float64)
        to_picture = region.crop_to_picture(INPUT_SIZE)
        points = in_crop @ to_picture[:, :2].T + to_picture[:, 2]
        metric = outputs["metric_landmarks"].reshape(POINT_COUNT, 3).astype(np.float64)
        cosine, sine = np.cos(region.rotation), np.sin(region.rotation)
        metric[:, :2] = metric[:, :2] @ np.array([[cosine, sine], [-sine, cosine]])
        presence, handedness = (float(outputs[name].ravel()[0]) for name in ("presence", "handedness"))
        return HandLandmarks(points, metric, presence, handedness, region_of_points(points))


def open_hand_finder(device: str = "auto", warn: Warn = ignore_warning, threads: int | None = None) -> HandFinder:
    """The hand networks, ready on a device; `warn` and `threads` as in `open_network`.

    Raises:
        PoseNet3DError: the device is not there, or a network file is missing or damaged.
    """
    recrop, landmarks = (open_network(file, device, warn, threads) for file in (RECROP_FILE, LANDMARK_FILE))
    return HandFinder(recrop, landmarks)


def _as_input(crop: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(1, H, W, 3) from 0 to 1."""
    return np.multiply(crop, np.float32(1 / 255))[None]
