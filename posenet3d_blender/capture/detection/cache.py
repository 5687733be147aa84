"""Cache of detections, so that another capture of the same footage with other settings starts at once.

One file for each detection run: footage, detector, person, shots and range of time are in its name, everyone's 2D
joints as detected (not yet repaired) inside. The folder stays under a fixed size: the files used longest ago go first.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from ...arrays import AnyArray, Array
from ...errors import PoseNet3DError
from ...npz import read_npz, write_npz
from ..keypoints.keypoints import TIME_TOLERANCE, Keypoints
from ..video.sources.image_sequence import footage_files
from .detections import DetectedShot, Detections

LARGEST_SIZE: Final = 256 * 1024**2
"""Bytes of all cached detections."""
DETECTION_VERSION: Final = 5
"""Raised when detection, tracking or the file's layout changes: older files then no longer count."""
ASSET_HASHES: Final = Path(__file__).parents[2] / "assets" / "manifest.json"


@dataclass(frozen=True)
class DetectionKey:
    """Identifies a detection run, its range of time aside."""

    footage: Path
    """A video, or the folder or pattern of an image sequence."""
    detector: str
    person: str
    input_fps: float | None = None
    """Of footage that states no frame rate."""
    shots: str = "longest"
    mirror: bool = False

    def name(self) -> str:
        """Stem of the file's name: a hash of the networks and of the footage, as far as its size and date tell."""
        assets = hashlib.sha256(ASSET_HASHES.read_bytes()).hexdigest() if ASSET_HASHES.is_file() else ""
        files = [(str(path.resolve()), path.stat()) for path in footage_files(self.footage, self.input_fps is not None)]
        described = [
            *(DETECTION_VERSION, assets, self.detector, self.person, self.shots, self.input_fps, self.mirror),
            *([name, status.st_size, status.st_mtime_ns] for name, status in files),
        ]
        return hashlib.sha256(json.dumps(described).encode()).hexdigest()[:32]


class DetectionCache:
    """A folder of cached detections."""

    def __init__(self, folder: Path, largest_size: int = LARGEST_SIZE) -> None:
        """Use `folder`, which must exist, up to `largest_size` bytes."""
        self.folder = folder
        self.largest_size = largest_size

    def load(self, key: DetectionKey, time: Array) -> Detections | None:
        """Detections in the frames at these times (N,), seconds; None where none are stored.

        A longer run of the same footage serves a shorter range, with the person that the longer run chose, if that
        run left out nobody.
        """
        for path in sorted(self.folder.glob(f"{key.name()}_*.npz")):
            stored = _read(path)
            if stored is None:
                continue
            (first, last), detections = stored
            if abs(first - time[0]) <= TIME_TOLERANCE and abs(last - time[-1]) <= TIME_TOLERANCE:
                os.utime(path)
                return detections
            covers = first <= time[0] + TIME_TOLERANCE and last >= time[-1] - TIME_TOLERANCE
            if covers and len(detections.shots) == 1 and not detections.notes:
                os.utime(path)
                people = tuple(keypoints.between(time[0], time[-1]) for keypoints in detections.shots[0].people)
                return Detections((DetectedShot((float(time[0]), float(time[-1])), people),))
        return None

    def store(self, key: DetectionKey, time: Array, detections: Detections) -> None:
        """Store the detections of a run over the frames at these times (N,).

        The oldest runs go where the folder grows too large.

        Raises:
            PoseNet3DError: the folder can't be written.
        """
        people = [(number, one) for number, shot in enumerate(detections.shots) for one in shot.people]
        arrays: dict[str, AnyArray] = {
            "range": time[[0, -1]],
            "notes": np.array(detections.notes, dtype=np.str_),
            "shots": np.array([shot.time_range for shot in detections.shots]),
            "shot_of_person": np.array([number for number, _ in people]),
        }
        for index, (_, keypoints) in enumerate(people):
            arrays[f"time_{index}"] = keypoints.time
            arrays[f"points_{index}"] = keypoints.points.astype(np.float32)
            arrays[f"confidence_{index}"] = keypoints.confidence.astype(np.float32)
            arrays[f"image_size_{index}"] = np.array(keypoints.image_size)
        self.write(f"{key.name()}_{time[0]:.3f}_{time[-1]:.3f}.npz", arrays)

    def write(self, name: str, arrays: dict[str, AnyArray]) -> None:
        """Write one file of the folder; the oldest ones go where it grows too large.

        Raises:
            PoseNet3DError: the folder can't be written.
        """
        write_npz(self.folder / name, arrays)
        self._trim()

    def _trim(self) -> None:
        files = sorted(self.folder.glob("*.npz"), key=lambda path: path.stat().st_mtime)
        excess = sum(path.stat().st_size for path in files) - self.largest_size
        for path in files[:-1]:
            if excess <= 0:
                return
            excess -= path.stat().st_size
            path.unlink()


def _read(path: Path) -> tuple[Array, Detections] | None:
    """A run's range of time (2,) and detections; None where the file is damaged, as if it were not there."""
    try:
        arrays = read_npz(path, "cached detections")
        people: list[list[Keypoints]] = [[] for _ in arrays["shots"]]
        for index, number in enumerate(arrays["shot_of_person"]):
            people[number].append(_person(arrays, index))
        ranges = [(float(first), float(last)) for first, last in arrays["shots"]]
        whole = arrays["range"].astype(np.float64).reshape(2)
        notes = tuple(str(note) for note in arrays["notes"])
    except (PoseNet3DError, KeyError, ValueError, TypeError, IndexError):
        return None
    shots = tuple(DetectedShot(limits, tuple(ones)) for limits, ones in zip(ranges, people, strict=True))
    return (whole, Detections(shots, notes)) if shots and all(people) else None


def _person(arrays: dict[str, AnyArray], index: int) -> Keypoints:
    width, height = (int(side) for side in arrays[f"image_size_{index}"])
    points, confidence = arrays[f"points_{index}"].astype(np.float64), arrays[f"confidence_{index}"].astype(np.float64)
    return Keypoints(arrays[f"time_{index}"], points, confidence, (width, height))


def open_cache(folder: Path) -> DetectionCache:
    """A cache in `folder`, which is made where it is missing.

    Raises:
        PoseNet3DError: the folder can't be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PoseNet3DError(f"{folder}: can't be made ({error.strerror}); check the folder and disk") from error
    return DetectionCache(folder)
