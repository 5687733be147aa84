"""Cache of detections, so that another capture of the same footage with other settings starts at once.

One file for each detection run: footage, detector, person and range of time are in its name, everyone's 2D joints as
detected (not yet repaired) inside, in the pictures as the file has them: mirror images are turned back on reading.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from ....arrays import AnyArray, Array
from ...keypoints.hand_keypoints import HandKeypoints
from ...keypoints.keypoints import TIME_TOLERANCE, Keypoints
from ...video.sources.image_sequence import footage_files
from ..detections import DetectedShot, Detections
from .cached_files import detections_file, detections_files, digest
from .folder import CachedRun, CachedShot, CacheFolder, Person

DETECTION_VERSION: Final = 8
"""Raised when detection, tracking or the file's layout changes: older files then no longer count."""
HAND_VERSION: Final = 1
"""Raised when the detection of hands changes: older hands then no longer count."""
HAND_PARTS: Final = ("points", "metric", "presence", "handedness")
"""Arrays of `HandKeypoints`, in its order."""
ASSET_HASHES: Final = Path(__file__).parents[3] / "assets" / "manifest.json"


@dataclass(frozen=True)
class DetectionKey:
    """Identifies a detection run, its range of time aside."""

    footage: Path
    """A video, or the folder or pattern of an image sequence."""
    detector: str
    person: str
    input_fps: float | None = None
    """Of footage that states no frame rate."""
    every_shot: bool = False
    """False: only the one that shows the chosen people for longest."""
    mirror: bool = False
    """The pictures are mirror images: `person` counts from the other side."""
    hands: str = "off"
    """off, auto (those that are large enough in the picture) or on."""

    def name(self) -> str:
        """Stem of the file's name: a hash of the networks and of the footage, as far as its size and date tell."""
        files = [(str(path.resolve()), path.stat()) for path in footage_files(self.footage, self.input_fps is not None)]
        described = [
            *(DETECTION_VERSION, _network_hashes("blazepose"), self.detector),
            *(self.person, self.every_shot, self.input_fps, self.mirror and self.person.isdecimal()),
            *([HAND_VERSION, self.hands, _network_hashes("hands")] if self.hands != "off" else []),
            *([name, status.st_size, status.st_mtime_ns] for name, status in files),
        ]
        return digest(described)


def load_detections(cache: CacheFolder, key: DetectionKey, time: Array) -> Detections | None:
    """Detections in the frames at these times (N,), seconds; None where none are stored.

    A longer run of the same footage serves a shorter range, if it found nobody but those whom it chose.
    """
    exact = _file_name(key, time)
    stored = _read(cache, exact)
    if stored is not None:
        cache.touch(exact)
        return _as_seen(key, stored[1])
    for path in detections_files(cache.folder, key.name()):
        stored = _read(cache, path.name)
        if stored is None:
            continue
        (first, last), detections = stored
        covers = first <= time[0] + TIME_TOLERANCE and last >= time[-1] - TIME_TOLERANCE
        if covers and len(detections.shots) == 1 and detections.is_everybody:
            part = _part_of_shot(detections.shots[0], float(time[0]), float(time[-1]))
            if part is not None:
                cache.touch(path.name)
                return _as_seen(key, replace(detections, shots=(part,)))
    return None


def store_detections(cache: CacheFolder, key: DetectionKey, time: Array, detections: Detections) -> None:
    """Store the detections of a run over the frames at these times (N,).

    Raises:
        PoseNet3DError: the folder can't be written.
    """
    in_file = _as_seen(key, detections).shots
    shots = [CachedShot(shot.time_range, [_arrays(one) for one in shot.people]) for shot in in_file]
    others = {
        "range": time[[0, -1]],
        "notes": np.array(detections.notes, dtype=np.str_),
        "is_everybody": np.array(detections.is_everybody),
        "damaged": np.array(sorted(detections.damaged), dtype=np.int64),
    }
    cache.write(_file_name(key, time), CachedRun(shots, others))


def _file_name(key: DetectionKey, time: Array) -> str:
    return detections_file(key.name(), float(time[0]), float(time[-1]))


def _as_seen(key: DetectionKey, detections: Detections) -> Detections:
    """Detections in the file's pictures as they are in the footage's, and the other way round."""
    return detections.mirrored() if key.mirror else detections


def _part_of_shot(shot: DetectedShot, start: float, end: float) -> DetectedShot | None:
    """A shot from one time to another, seconds; None where one of its people is not seen in that."""
    start, end = max(start, shot.time_range[0]), min(end, shot.time_range[1])
    people = tuple(keypoints.between(start, end) for keypoints in shot.people)
    return DetectedShot((start, end), people) if all(len(one.time) for one in people) else None


def _read(cache: CacheFolder, name: str) -> tuple[Array, Detections] | None:
    """A run's range of time (2,) and detections; None where the file is damaged, as if it were not there."""
    run = cache.read(name)
    if run is None:
        return None
    try:
        whole = run.others["range"].astype(np.float64).reshape(2)
        notes = tuple(str(note) for note in run.others["notes"])
        is_everybody, damaged = bool(run.others["is_everybody"]), frozenset(run.others["damaged"].tolist())
        shots = tuple(DetectedShot(shot.limits, tuple(map(_keypoints, shot.people))) for shot in run.shots)
    except (KeyError, ValueError, TypeError):
        return None
    return whole, Detections(shots, notes, is_everybody, damaged)


def _arrays(keypoints: Keypoints) -> Person:
    arrays: dict[str, AnyArray] = {
        "time": keypoints.time,
        "points": keypoints.points.astype(np.float32),
        "confidence": keypoints.confidence.astype(np.float32),
        "image_size": np.array(keypoints.image_size),
    }
    if keypoints.hands is not None:
        arrays |= {f"hand_{part}": getattr(keypoints.hands, part).astype(np.float32) for part in HAND_PARTS}
    return arrays


def _keypoints(person: Person) -> Keypoints:
    width, height = (int(side) for side in person["image_size"])
    points, confidence = (person[name].astype(np.float64) for name in ("points", "confidence"))
    hands = None
    if all(f"hand_{part}" in person for part in HAND_PARTS):
        hands = HandKeypoints(*(person[f"hand_{part}"].astype(np.float64) for part in HAND_PARTS))
    return Keypoints(person["time"], points, confidence, (width, height), hands)


def _network_hashes(folder: str) -> list[str]:
    """Hashes of the shipped networks of a folder; none where an installation has lost them."""
    try:
        hashes = json.loads(ASSET_HASHES.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [hashed for path, hashed in sorted(hashes.items()) if path.startswith(f"{folder}/")]
