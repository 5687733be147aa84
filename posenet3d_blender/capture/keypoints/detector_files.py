"""2D joints in other detectors' files: COCO's JSON, OpenPose's, MediaPipe's landmarks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np

from ...arrays import Array
from ...errors import PoseNet3DError
from .keypoints import KEYPOINT_COUNT, Keypoints
from .layouts import BLAZEPOSE_33, BODY_25, COCO_17, indices

KNOWN: Final = "our own keypoints, COCO-17, BlazePose-33 or OpenPose BODY_25 as JSON"

_LAYOUTS: Final[dict[int, tuple[str | None, ...]]] = {
    len(layout): layout for layout in (COCO_17, BODY_25, BLAZEPOSE_33)
}
_COLUMNS: Final = {17 * 3: (17, 3), 25 * 3: (25, 3), 33 * 3: (33, 3), 33 * 4: (33, 4)}
"""How many numbers a flat list has: how many points, and columns a point (MediaPipe adds a depth before the score)."""
_NORMALISED_BELOW: Final = 2.0
"""Coordinates that are all smaller than this are parts of the picture's size, as MediaPipe gives them."""
_POINT_KEYS: Final = ("x", "y")
_SCORE_KEYS: Final = ("visibility", "score", "confidence")

Json: TypeAlias = Any
"""What json.loads gives: checked by those who read files of keypoints, and nowhere else seen."""
Pose: TypeAlias = Array
"""(points, 3) x, y and score of one person in one frame; score 0: not seen."""


@dataclass(frozen=True)
class DetectedPose:
    """One person in one frame."""

    pose: Pose
    track_id: int | None = None
    """Whose pose it is, where the file says so; below 0, as some write for nobody in particular, is None too."""


@dataclass(frozen=True)
class Entry:
    """What a file says of a frame, or of one person in it."""

    image_id: int | None
    """The frame's number; None: the entries' order tells it."""
    people: tuple[DetectedPose, ...]


@dataclass(frozen=True)
class PointLayout:
    """Which of our points a detector gives, and in what unit."""

    used: list[int]
    """Which of its points we use."""
    ours: list[int]
    """Where each of these stands in KEYPOINT_NAMES."""
    unit: Array
    """(2,) pixels across and down."""
    image_size: tuple[int, int]
    """Width and height, pixels."""

    def keypoints(self, time: Array, poses: Sequence[Pose | None]) -> Keypoints:
        """One person's 2D joints: their pose at each time (T,), seconds, None where they are not seen."""
        points = np.zeros((len(poses), KEYPOINT_COUNT, 2))
        confidence = np.zeros((len(poses), KEYPOINT_COUNT))
        for row, pose in enumerate(poses):
            if pose is not None:
                points[row, self.ours] = pose[self.used, :2] * self.unit
                confidence[row, self.ours] = np.clip(pose[self.used, 2], 0, 1)
        return Keypoints(time, points, confidence, self.image_size)


def layout_of(path: Path, poses: Iterable[Pose], image_size: tuple[int, int]) -> PointLayout:
    """The layout of everybody's poses, told by the number of points.

    Raises:
        PoseNet3DError: there is no pose, or they are of several layouts.
    """
    everybody = list(poses)
    counts = sorted({len(pose) for pose in everybody})
    if not counts:
        raise PoseNet3DError(f"{path}: holds no person in any frame; detect again")
    if len(counts) > 1:
        raise PoseNet3DError(f"{path}: mixes layouts of {' and '.join(map(str, counts))} points; use one detector")
    largest = max(float(np.abs(pose[:, :2]).max()) for pose in everybody)
    unit = np.array(image_size if largest < _NORMALISED_BELOW else (1, 1), dtype=np.float64)
    return PointLayout(*indices(_LAYOUTS[counts[0]]), unit, image_size)


def read_json(path: Path) -> Json:
    """What a JSON file holds.

    Raises:
        PoseNet3DError: the file is missing or is no JSON.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise PoseNet3DError(f"{path}: no such file; give {KNOWN}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise PoseNet3DError(f"{path}: can't be read as text; give {KNOWN}") from error
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise PoseNet3DError(f"{path}: not a JSON file; give {KNOWN}") from error


def entries_of(path: Path, data: Json) -> list[Entry]:
    """Everybody's poses: a list of COCO's results (or {"annotations": …}), or one of OpenPose's or other frames.

    Args:
        path: the file, for messages.
        data: what it holds.

    Raises:
        PoseNet3DError: it holds anything else, or numbers that are not finite.
    """
    entries = data
    if isinstance(data, dict):
        entries = data.get("annotations", data.get("frames", data))
    if isinstance(entries, dict):
        entries = [entries]
    if not isinstance(entries, list) or not entries:
        raise PoseNet3DError(f"{path}: no 2D joints that are known here; give {KNOWN}")
    return [_entry(path, place, entry) for place, entry in enumerate(entries)]


def last_number(name: str) -> int | None:
    """The last number in a picture's or a file's name, its ending aside; None where there is none."""
    numbers = re.findall(r"\d+", re.sub(r"\.[A-Za-z][A-Za-z0-9]{1,4}$", "", name))
    return int(numbers[-1]) if numbers else None


def _entry(path: Path, place: int, entry: Json) -> Entry:
    frame = f"frame {place}"
    if isinstance(entry, list):
        return Entry(None, (DetectedPose(_pose(path, frame, entry)),) if entry else ())
    if isinstance(entry, dict):
        given = entry.get("image_id")
        image_id = last_number(given) if isinstance(given, str) else _whole_number(given)
        if image_id is not None:
            frame = f"frame {image_id}"
        if isinstance(people := entry.get("people"), list):
            return Entry(image_id, tuple(_detection(path, frame, "pose_keypoints_2d", person) for person in people))
        if "keypoints" in entry:
            return Entry(image_id, (_detection(path, frame, "keypoints", entry),))
    raise PoseNet3DError(f"{path}: {frame} holds neither 'keypoints' nor 'people'; give {KNOWN}")


def _whole_number(value: Json) -> int | None:
    """A number that some write with a decimal point."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) else None


def _detection(path: Path, frame: str, key: str, person: Json) -> DetectedPose:
    values = person.get(key) if isinstance(person, dict) else None
    pose = _pose(path, f"'{key}' of {frame}", values)
    track_id = _whole_number(person.get("track_id"))
    return DetectedPose(pose, None if track_id is None or track_id < 0 else track_id)


def _pose(path: Path, where: str, values: Json) -> Pose:
    """x, y and score, whichever way they were written."""
    try:
        if isinstance(values, list) and values and isinstance(values[0], dict):
            values = [_point_of_mapping(value) for value in values]
        numbers = np.array(values, dtype=np.float64)
    except (TypeError, ValueError, KeyError) as error:
        raise PoseNet3DError(f"{path}: {where} holds something other than numbers; give {KNOWN}") from error
    numbers = numbers.reshape(_COLUMNS.get(numbers.size, numbers.shape)) if numbers.ndim == 1 else numbers
    if numbers.ndim != 2 or len(numbers) not in _LAYOUTS or numbers.shape[1] not in (3, 4):
        raise PoseNet3DError(
            f"{path}: {where} holds {numbers.size} numbers, not x, y, score of a known layout; give {KNOWN}"
        )
    if not np.isfinite(numbers).all():
        raise PoseNet3DError(f"{path}: {where} holds NaN or infinity; write 0 0 0 for a point that was not seen")
    return numbers[:, [0, 1, numbers.shape[1] - 1]]


def _point_of_mapping(point: dict[str, float]) -> list[float]:
    score = next((point[key] for key in _SCORE_KEYS if key in point), 1.0)
    return [*(point[key] for key in _POINT_KEYS), score]
