"""BlazePose's networks as they ship with us."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ....errors import PoseNet3DError
from ....progress import Warn, ignore_warning
from ...runtime.network import open_network
from .detector import PersonDetector
from .landmarks import LandmarkFinder

FOLDER: Final = Path(__file__).parents[3] / "assets" / "blazepose"
DETECTOR_FILE: Final = FOLDER / "pose_detection.onnx"
LANDMARK_FILES: Final = {
    "heavy": FOLDER / "pose_landmark_heavy.onnx",
    "full": FOLDER / "pose_landmark_full.onnx",
}
"""The default first: "heavy" is surer, "full" is three times as fast."""


def open_person_detector(device: str = "auto", warn: Warn = ignore_warning) -> PersonDetector:
    """The person detector, ready on a device; `warn` as in `open_network`.

    Raises:
        PoseNet3DError: the device is not there, or the network file is missing or damaged.
    """
    return PersonDetector(open_network(DETECTOR_FILE, device, warn))


def open_landmark_finder(
    variant: str = "heavy", device: str = "auto", warn: Warn = ignore_warning, threads: int | None = None
) -> LandmarkFinder:
    """The landmark network "heavy" or "full", ready on a device; `warn` and `threads` as in `open_network`.

    Raises:
        PoseNet3DError: the variant is unknown, the device is not there, or the network file is missing or damaged.
    """
    if variant not in LANDMARK_FILES:
        raise PoseNet3DError(f"detector '{variant}' is not known; use one of: {', '.join(LANDMARK_FILES)}")
    return LandmarkFinder(open_network(LANDMARK_FILES[variant], device, warn, threads))
