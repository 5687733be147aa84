"""2D joints in other detectors' files: COCO's JSON, OpenPose's, MediaPipe's landmarks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np

from ...errors import PoseNet3DError
from ...progress import Warn, ignore_warning
from .keypoints import KEYPOINT_INDEX
from .layouts import BLAZEPOSE_33, BODY_25, COCO_17, PointLayout, Pose, indices
from .units import find_units

KNOWN: Final = "our own keypoints, COCO-17, BlazePose-33 or OpenPose BODY_25 as JSON"

_LAYOUTS: Final[dict[int, tuple[str | None, ...]]] = {
    len(layout): layout for layout in (COCO_17, BODY_25, BLAZEPOSE_33)
}
_COLUMNS: Final = {17 * 3: (17, 3), 25 * 3: (25, 3), 33 * 3: (33, 3), 33 * 4: (33, 4)}
"""Count of numbers in a flat list: points and columns (MediaPipe adds a depth before the score)."""
_LARGEST_NUMBER: Final = 1e6
"""Neither pixels nor scores are larger."""
_POINT_KEYS: Final = ("x", "y")
_SCORE_KEYS: Final = ("visibility", "score", "confidence")
_FRAME_KEYS: Final = ("image_id", "frame_id", "frame")
LIMB_JOINTS: Final = tuple(
    f"{side}_{part}" for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle") for side in ("left", "right")
)
_TRACK_KEYS: Final = ("track_id", "idx", "person_id")
"""The person's number as most trackers, AlphaPose and OpenPose name it."""

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

    people: tuple[DetectedPose, ...]
    image_key: str | None = None
    """The frame's number or name in the file, as text; None: the frame follows from the entries' order."""


def layout_of(
    path: Path,
    poses: Iterable[Pose],
    image_size: tuple[int, int],
    warn: Warn = ignore_warning,
    names: Sequence[str] = (),
) -> PointLayout:
    """The layout and units of all poses of a file.

    Args:
        path: the file, for messages.
        poses: of everybody in all frames.
        image_size: width and height of the pictures, pixels.
        warn: told of unusual numbers and names.
        names: of the points, where the file gives them.

    Raises:
        PoseNet3DError: no pose shows a point, they are of several layouts, or their numbers are no places in a picture.
    """
    poses = [pose for pose in poses if (pose[:, 2] > 0).any()]
    counts = sorted({len(pose) for pose in poses})
    if not counts:
        raise PoseNet3DError(f"{path}: holds no person in any frame; detect again")
    if len(counts) > 1:
        raise PoseNet3DError(f"{path}: mixes layouts of {' and '.join(map(str, counts))} points; use one detector")
    layout = _LAYOUTS[counts[0]]
    if len(names) == len(layout):
        layout = _named_layout(path, names, layout, warn)
    units = find_units(path, np.stack(poses), layout, image_size, warn)
    return PointLayout(*indices(layout), units.unit, image_size, units.origin, units.full_score)


def _named_layout(
    path: Path, names: Sequence[str], usual: tuple[str | None, ...], warn: Warn
) -> tuple[str | None, ...]:
    """The layout by the file's own names of its points: other skeletons have as many points as COCO's."""
    known = [re.sub(r"[^a-z]+", "_", name.lower()).strip("_") for name in names]
    known = [re.sub(r"^(\w+)_(left|right)$", r"\2_\1", name) for name in known]
    layout = tuple(name if name in KEYPOINT_INDEX else None for name in known)
    if all(name in layout for name in LIMB_JOINTS):
        return layout
    warn(f"{path}: its 'categories' name other points than COCO's; they are taken for COCO's, in COCO's order")
    return usual


def point_names(data: Json) -> list[str]:
    """The names of the points that a COCO file's first category of keypoints gives them; empty without such."""
    categories = data.get("categories") if isinstance(data, dict) else None
    for category in categories if isinstance(categories, list) else []:
        names = category.get("keypoints") if isinstance(category, dict) else None
        if isinstance(names, list) and names and all(isinstance(name, str) for name in names):
            return names
    return []


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
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is a ValueError
        raise PoseNet3DError(f"{path}: not a JSON file; give {KNOWN}") from error


def entries_of(path: Path, data: Json, warn: Warn = ignore_warning) -> list[Entry]:
    """All entries: of a list of COCO's results (or {"annotations": …}), or of OpenPose's or other frames.

    Args:
        path: the file, for messages.
        data: its content, from `read_json`.
        warn: told of annotations that are left out, since they hold no keypoints.

    Raises:
        PoseNet3DError: it holds anything else, or numbers that are not finite.
    """
    entries = data
    if isinstance(data, dict):
        entries = data.get("annotations", data.get("frames", data))
        if isinstance(entries, list):
            entries = _with_keypoints(path, entries, warn) if "annotations" in data else entries
    if isinstance(entries, dict):
        entries = [entries]
    if not isinstance(entries, list) or not entries:
        raise PoseNet3DError(f"{path}: holds no 2D joints of a known format; give {KNOWN}")
    return [_entry(path, place, entry) for place, entry in enumerate(entries)]


def last_number(name: str) -> int | None:
    """The last number in a picture's or a file's name, its ending aside; None where there is none."""
    numbers = numbers_in(name)
    return numbers[-1] if numbers else None


def numbers_in(name: str) -> list[int]:
    """The numbers in a picture's or a file's name, its ending aside; those of more than 15 digits count no frames."""
    found = re.findall(r"[0-9]+", re.sub(r"\.[A-Za-z][A-Za-z0-9]{1,4}$", "", name))
    return [int(digits) for digits in found if len(digits.lstrip("0")) <= 15]


def _with_keypoints(path: Path, annotations: list[Json], warn: Warn) -> list[Json]:
    """COCO's annotations that have keypoints; all where none has, so that reading them says what they lack."""
    kept = [one for one in annotations if not isinstance(one, dict) or "keypoints" in one or "people" in one]
    if kept and len(kept) < len(annotations):
        warn(f"{path}: {len(annotations) - len(kept)} annotations hold no keypoints and were left out")
    return kept or annotations


def _entry(path: Path, place: int, entry: Json) -> Entry:
    frame = f"frame {place}"
    if entry is None:  # what scripts around MediaPipe write for nobody
        return Entry(())
    if isinstance(entry, list):
        return Entry(tuple(DetectedPose(_pose(path, frame, person)) for person in _people_in_list(entry)))
    if isinstance(entry, dict):
        value = next((entry[key] for key in _FRAME_KEYS if entry.get(key) is not None), None)
        image_id = last_number(value) if isinstance(value, str) else _whole_number(value)
        image_key = value if isinstance(value, str) else None if image_id is None else str(image_id)
        if image_id is not None:
            frame = f"frame {image_id}"
        if isinstance(people := entry.get("people"), list):
            poses = tuple(_detected_pose(path, frame, "pose_keypoints_2d", person) for person in people)
            return Entry(poses, image_key)
        if "keypoints" in entry:
            return Entry((_detected_pose(path, frame, "keypoints", entry),), image_key)
    raise PoseNet3DError(f"{path}: {frame} holds neither 'keypoints' nor 'people'; give {KNOWN}")


def _people_in_list(entry: list[Json]) -> list[Json]:
    """The people of a frame that is a list: one person's points or numbers, or a list of such for several people."""
    first = entry[0] if entry else None
    if isinstance(first, list) and first and (isinstance(first[0], dict | list) or len(first) in _COLUMNS):
        return entry
    return [entry] if entry else []


def _whole_number(value: Json) -> int | None:
    """An integer, also where it was written with a decimal point; None for anything else."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _detected_pose(path: Path, frame: str, key: str, person: Json) -> DetectedPose:
    values = person.get(key) if isinstance(person, dict) else None
    return DetectedPose(_pose(path, f"'{key}' of {frame}", values), _track_id(person))


def _track_id(person: dict[str, Json]) -> int | None:
    """The person's number, by any of the keys that tools write; numbers below 0 stand for nobody."""
    attributes = person.get("attributes")  # CVAT's
    holders = [person, attributes] if isinstance(attributes, dict) else [person]
    numbers = (_first_number(holder[key]) for holder in holders for key in _TRACK_KEYS if key in holder)
    return next((number for number in numbers if number is not None and number >= 0), None)


def _first_number(value: Json) -> int | None:
    """The first whole number: in nested lists, where AlphaPose and OpenPose put it, or in a text."""
    while isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value) if len(value.strip()) <= 15 else None
    return _whole_number(value)


def _pose(path: Path, place: str, values: Json) -> Pose:
    """x, y and score of every point, from any of the known ways to write them."""
    try:
        if isinstance(values, list) and values and isinstance(values[0], dict):
            values = [_point_of_mapping(value) for value in values]
        numbers = np.array(values, dtype=np.float64)
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise PoseNet3DError(f"{path}: {place} holds something other than numbers; give {KNOWN}") from error
    numbers = numbers.reshape(_COLUMNS.get(numbers.size, numbers.shape)) if numbers.ndim == 1 else numbers
    if numbers.ndim != 2 or len(numbers) not in _LAYOUTS or numbers.shape[1] not in (3, 4):
        raise PoseNet3DError(
            f"{path}: {place} holds {numbers.size} numbers, not x, y, score of a known layout; give {KNOWN}"
        )
    if not np.isfinite(numbers).all():
        raise PoseNet3DError(f"{path}: {place} holds NaN or infinity; write 0 0 0 for a point that is not visible")
    if np.abs(numbers).max() > _LARGEST_NUMBER:
        raise PoseNet3DError(
            f"{path}: {place} holds the number {numbers.flat[np.abs(numbers).argmax()]:g}; "
            "write 0 0 0 for a point that is not visible"
        )
    pose = numbers[:, [0, 1, numbers.shape[1] - 1]]
    pose[(pose[:, :2] == 0).all(axis=1), 2] = 0  # how tools write a point that they don't see
    return pose


def _point_of_mapping(point: dict[str, float]) -> list[float]:
    score = next((point[key] for key in _SCORE_KEYS if key in point), 1.0)
    return [*(point[key] for key in _POINT_KEYS), score]
