"""2D joints in other detectors' files: COCO's JSON, OpenPose's, MediaPipe's landmarks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np

from ...errors import PoseNet3DError
from .layouts import BLAZEPOSE_33, BODY_25, COCO_17, PointLayout, Pose, indices

KNOWN: Final = "our own keypoints, COCO-17, BlazePose-33 or OpenPose BODY_25 as JSON"

_LAYOUTS: Final[dict[int, tuple[str | None, ...]]] = {
    len(layout): layout for layout in (COCO_17, BODY_25, BLAZEPOSE_33)
}
_COLUMNS: Final = {17 * 3: (17, 3), 25 * 3: (25, 3), 33 * 3: (33, 3), 33 * 4: (33, 4)}
"""Count of numbers in a flat list: points and columns (MediaPipe adds a depth before the score)."""
_NORMALISED_BELOW: Final = 2.0
"""Coordinates that are all smaller than this are parts of the picture's size, as MediaPipe writes them."""
_POINT_KEYS: Final = ("x", "y")
_SCORE_KEYS: Final = ("visibility", "score", "confidence")

Json: TypeAlias = Any
"""Content of a JSON file, not yet checked; only the readers of keypoint files handle it."""


@dataclass(frozen=True)
class DetectedPose:
    """One person in one frame."""

    pose: Pose
    track_id: int | None = None
    """The person's number where the file has one; None also for numbers below 0, which stand for nobody."""


@dataclass(frozen=True)
class Entry:
    """A file's entry for a frame, or for one person in it."""

    image_id: int | None
    """The frame's number; None: the frame follows from the entries' order."""
    people: tuple[DetectedPose, ...]


def layout_of(path: Path, poses: Iterable[Pose], image_size: tuple[int, int]) -> PointLayout:
    """The layout of all poses, by their number of points.

    Raises:
        PoseNet3DError: there is no pose, or they are of several layouts.
    """
    poses = list(poses)
    counts = sorted({len(pose) for pose in poses})
    if not counts:
        raise PoseNet3DError(f"{path}: holds no person in any frame; detect again")
    if len(counts) > 1:
        raise PoseNet3DError(f"{path}: mixes layouts of {' and '.join(map(str, counts))} points; use one detector")
    largest = max(float(np.abs(pose[:, :2]).max()) for pose in poses)
    unit = np.array(image_size if largest < _NORMALISED_BELOW else (1, 1), dtype=np.float64)
    return PointLayout(*indices(_LAYOUTS[counts[0]]), unit, image_size)


def read_json(path: Path) -> Json:
    """Read a JSON file.

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
    """All entries: of a list of COCO's results (or {"annotations": …}), or of OpenPose's or other frames.

    Args:
        path: the file, for messages.
        data: its content, from `read_json`.

    Raises:
        PoseNet3DError: it holds anything else, or numbers that are not finite.
    """
    entries = data
    if isinstance(data, dict):
        entries = data.get("annotations", data.get("frames", data))
    if isinstance(entries, dict):
        entries = [entries]
    if not isinstance(entries, list) or not entries:
        raise PoseNet3DError(f"{path}: holds no 2D joints of a known format; give {KNOWN}")
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
        value = entry.get("image_id")
        image_id = last_number(value) if isinstance(value, str) else _whole_number(value)
        if image_id is not None:
            frame = f"frame {image_id}"
        if isinstance(people := entry.get("people"), list):
            return Entry(image_id, tuple(_detected_pose(path, frame, "pose_keypoints_2d", person) for person in people))
        if "keypoints" in entry:
            return Entry(image_id, (_detected_pose(path, frame, "keypoints", entry),))
    raise PoseNet3DError(f"{path}: {frame} holds neither 'keypoints' nor 'people'; give {KNOWN}")


def _whole_number(value: Json) -> int | None:
    """An integer, also where it was written with a decimal point; None for anything else."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) else None


def _detected_pose(path: Path, frame: str, key: str, person: Json) -> DetectedPose:
    values = person.get(key) if isinstance(person, dict) else None
    pose = _pose(path, f"'{key}' of {frame}", values)
    track_id = _whole_number(person.get("track_id"))
    return DetectedPose(pose, None if track_id is None or track_id < 0 else track_id)


def _pose(path: Path, place: str, values: Json) -> Pose:
    """x, y and score of every point, from any of the known ways to write them."""
    try:
        if isinstance(values, list) and values and isinstance(values[0], dict):
            values = [_point_of_mapping(value) for value in values]
        numbers = np.array(values, dtype=np.float64)
    except (TypeError, ValueError, KeyError) as error:
        raise PoseNet3DError(f"{path}: {place} holds something other than numbers; give {KNOWN}") from error
    numbers = numbers.reshape(_COLUMNS.get(numbers.size, numbers.shape)) if numbers.ndim == 1 else numbers
    if numbers.ndim != 2 or len(numbers) not in _LAYOUTS or numbers.shape[1] not in (3, 4):
        raise PoseNet3DError(
            f"{path}: {place} holds {numbers.size} numbers, not x, y, score of a known layout; give {KNOWN}"
        )
    if not np.isfinite(numbers).all():
        raise PoseNet3DError(f"{path}: {place} holds NaN or infinity; write 0 0 0 for a point that is not visible")
    return numbers[:, [0, 1, numbers.shape[1] - 1]]


def _point_of_mapping(point: dict[str, float]) -> list[float]:
    score = next((point[key] for key in _SCORE_KEYS if key in point), 1.0)
    return [*(point[key] for key in _POINT_KEYS), score]
