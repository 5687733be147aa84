"""2D joints in files: our own, to train on or to mend by hand, and those of other detectors."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import PoseNet3DError
from ..files import writing
from .footage import Footage
from .keypoints import KEYPOINT_COUNT, KEYPOINT_NAMES, Keypoints
from .layouts import BLAZEPOSE_33, BODY_25, COCO_17, indices

FORMAT: Final = "posenet3d-keypoints"
VERSION: Final = 1

LAYOUTS: Final[dict[int, tuple[str | None, ...]]] = {len(layout): layout for layout in (COCO_17, BODY_25, BLAZEPOSE_33)}
COLUMNS: Final = {17 * 3: (17, 3), 25 * 3: (25, 3), 33 * 3: (33, 3), 33 * 4: (33, 4)}
"""How many numbers a flat list has: how many points, and columns a point (MediaPipe adds a depth before the score)."""
KNOWN: Final = "our own keypoints, COCO-17, BlazePose-33 or OpenPose BODY_25 as JSON"
NORMALISED_BELOW: Final = 2.0
"""Coordinates that are all smaller than this are parts of the picture's size, as MediaPipe gives them."""
POINT_KEYS: Final = ("x", "y")
SCORE_KEYS: Final = ("visibility", "score", "confidence")

Json: TypeAlias = Any
"""What json.loads gives: checked in this file, and nowhere else seen."""
Poses: TypeAlias = list[NDArray[np.float64]]
"""Everyone in one frame, each (points, 3): x, y, score."""


def save_keypoints(keypoints: Keypoints, path: Path) -> None:
    """Write our own JSON, one line a frame, which loads back identically.

    Raises:
        PoseNet3DError: the file can't be written.
    """
    head = {
        "format": FORMAT,
        "version": VERSION,
        "about": "x right, y down in pixels, confidence 0 to 1; time in seconds; left is the person's",
        "names": list(KEYPOINT_NAMES),
        "image_size": list(keypoints.image_size),
    }
    rows = np.concatenate([keypoints.points, keypoints.confidence[..., None]], axis=2)
    frames = [
        json.dumps({"time": time, "points": row})
        for time, row in zip(keypoints.time.tolist(), rows.tolist(), strict=True)
    ]
    opening = json.dumps(head, indent=1).removesuffix("\n}")
    text = opening + ',\n "frames": [\n' + ",\n".join(frames) + "\n]}\n"
    with writing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def load_keypoints(path: Path, footage: Footage) -> Keypoints:
    """Read one person's 2D joints: our own file, or another detector's, with an entry for each frame of the footage.

    Of other detectors: a list of COCO results (or {"annotations": …}), a list of OpenPose or other frames, or a folder
    of OpenPose's files; the layout is told by the number of points. Points that a layout lacks get confidence 0. Where
    several people are in a frame, the largest of the first frame is followed.

    Raises:
        PoseNet3DError: the file is missing, is none of these, holds numbers that are not finite, or does not fit.
    """
    data: Json = [_read_json(file) for file in _openpose_files(path)] if path.is_dir() else _read_json(path)
    if isinstance(data, dict) and data.get("format") == FORMAT:
        return _ours(path, data, footage)
    poses = _poses_by_frame(path, data, footage.frame_count)
    return _follow_one(path, poses, footage)


def _read_json(path: Path) -> Json:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise PoseNet3DError(f"{path}: no such file; give {KNOWN}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise PoseNet3DError(f"{path}: can't be read as text; give {KNOWN}") from error
    try:
        data: Json = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise PoseNet3DError(f"{path}: not a JSON file; give {KNOWN}") from error
    return data


def _openpose_files(folder: Path) -> list[Path]:
    files = sorted(folder.glob("*.json"), key=lambda file: (_last_number(file.stem), file.name))
    if not files:
        raise PoseNet3DError(f"{folder}: holds no .json files; give the folder that OpenPose wrote")
    return files


def _last_number(name: str) -> int:
    numbers = re.findall(r"\d+", name)
    return int(numbers[-1]) if numbers else -1


def _ours(path: Path, data: dict[str, Json], footage: Footage) -> Keypoints:
    if data.get("version") != VERSION or data.get("names") != list(KEYPOINT_NAMES):
        raise PoseNet3DError(
            f"{path}: keypoints of another version; write them again with this version's --keypoints-out"
        )
    if data.get("image_size") != list(footage.image_size):
        size = "x".join(str(side) for side in footage.image_size)
        raise PoseNet3DError(f"{path}: the keypoints are of another video; this one's pictures are {size} pixels")
    try:
        frames = data["frames"]
        time = np.array([frame["time"] for frame in frames], dtype=np.float64)
        rows = np.array([frame["points"] for frame in frames], dtype=np.float64)
    except (KeyError, TypeError, ValueError) as error:
        raise PoseNet3DError(f"{path}: a frame lacks its time or its points; mend it or write it anew") from error
    if len(time) == 0 or rows.shape != (len(time), KEYPOINT_COUNT, 3):
        raise PoseNet3DError(
            f"{path}: each frame must hold {KEYPOINT_COUNT} points of three numbers; mend it or write it anew"
        )
    _check_finite(path, np.isfinite(rows).all(axis=(1, 2)) & np.isfinite(time))
    if (np.diff(time) <= 0).any() or time[0] < -1e-3 or time[-1] > footage.time[-1] + 1e-3:
        raise PoseNet3DError(f"{path}: its times don't rise or lie outside the footage; is it of another video?")
    return Keypoints(time, rows[..., :2].copy(), np.clip(rows[..., 2], 0, 1), footage.image_size)


def _poses_by_frame(path: Path, data: Json, frame_count: int) -> list[Poses]:
    """Everyone's poses, for each frame of the footage."""
    entries = data
    if isinstance(data, dict):
        entries = data.get("annotations", data.get("frames", data))
    if isinstance(entries, dict):
        entries = [entries]
    if not isinstance(entries, list) or not entries:
        raise PoseNet3DError(f"{path}: no 2D joints that are known here; give {KNOWN}")
    numbers = [entry.get("image_id") if isinstance(entry, dict) else None for entry in entries]
    frames: list[Poses] = [[] for _ in range(frame_count)]
    for place, entry in zip(_places(path, numbers, frame_count), entries, strict=True):
        frames[place].extend(_poses_of_entry(path, place, entry))
    return frames


def _places(path: Path, image_ids: list[Json], frame_count: int) -> list[int]:
    """Each entry's frame: by its image_id where all have one, else by its order."""
    if any(image_id is None for image_id in image_ids):
        if len(image_ids) != frame_count:
            raise PoseNet3DError(
                f"{path}: holds {len(image_ids)} frames, but the footage has {frame_count}; give one for each"
            )
        return list(range(frame_count))
    numbers = [image_id if isinstance(image_id, int) else _last_number(str(image_id)) for image_id in image_ids]
    known = sorted(set(numbers))
    if len(known) == frame_count:
        return [known.index(number) for number in numbers] if known[-1] != frame_count - 1 else numbers
    # Some frames show nobody: then the numbers must count frames, from 0 or from 1.
    first = 1 if known[-1] == frame_count else 0
    if known[0] < first or known[-1] - first >= frame_count:
        raise PoseNet3DError(
            f"{path}: its image_ids run from {known[0]} to {known[-1]}, but the footage has {frame_count} frames"
        )
    return [number - first for number in numbers]


def _poses_of_entry(path: Path, frame: int, entry: Json) -> Poses:
    if isinstance(entry, list):
        return [_pose(path, frame, entry)] if entry else []
    if isinstance(entry, dict) and isinstance(people := entry.get("people"), list):
        return [_pose(path, frame, one.get("pose_keypoints_2d") if isinstance(one, dict) else None) for one in people]
    if isinstance(entry, dict) and "keypoints" in entry:
        return [_pose(path, frame, entry["keypoints"])]
    raise PoseNet3DError(f"{path}: frame {frame} holds neither 'keypoints' nor 'people'; give {KNOWN}")


def _pose(path: Path, frame: int, values: Json) -> NDArray[np.float64]:
    """(points, 3) x, y and score, whichever way they were written."""
    try:
        if isinstance(values, list) and values and isinstance(values[0], dict):
            values = [_point_of_mapping(value) for value in values]
        numbers = np.array(values, dtype=np.float64)
    except (TypeError, ValueError, KeyError) as error:
        raise PoseNet3DError(f"{path}: frame {frame} holds something other than numbers; give {KNOWN}") from error
    numbers = numbers.reshape(COLUMNS.get(numbers.size, numbers.shape)) if numbers.ndim == 1 else numbers
    if numbers.ndim != 2 or len(numbers) not in LAYOUTS or numbers.shape[1] not in (3, 4):
        raise PoseNet3DError(
            f"{path}: frame {frame} holds {numbers.size} numbers, not x, y, score of a known layout; give {KNOWN}"
        )
    _check_finite(path, np.isfinite(numbers).all(keepdims=True).reshape(1), frame)
    return numbers[:, [0, 1, numbers.shape[1] - 1]]


def _point_of_mapping(point: dict[str, float]) -> list[float]:
    score = next((point[key] for key in SCORE_KEYS if key in point), 1.0)
    return [*(point[key] for key in POINT_KEYS), score]


def _check_finite(path: Path, finite: NDArray[np.bool_], first_frame: int = 0) -> None:
    if not finite.all():
        frame = first_frame + int(np.flatnonzero(~finite)[0])
        raise PoseNet3DError(f"{path}: frame {frame} holds NaN or infinity; write 0 0 0 for a point that was not seen")


def _follow_one(path: Path, frames: list[Poses], footage: Footage) -> Keypoints:
    counts = {len(pose) for poses in frames for pose in poses}
    if not counts:
        raise PoseNet3DError(f"{path}: holds no person in any frame; detect again or leave --keypoints out")
    if len(counts) > 1:
        raise PoseNet3DError(
            f"{path}: mixes layouts of {' and '.join(map(str, sorted(counts)))} points; use one detector"
        )
    chosen = _chosen_poses(frames)
    largest = max(float(np.abs(pose[:, :2]).max()) for pose in chosen if pose is not None)
    scale = np.array(footage.image_size if largest < NORMALISED_BELOW else (1, 1), dtype=np.float64)
    used, ours = indices(LAYOUTS[counts.pop()])
    points = np.zeros((len(frames), KEYPOINT_COUNT, 2))
    confidence = np.zeros((len(frames), KEYPOINT_COUNT))
    for row, pose in enumerate(chosen):
        if pose is not None:
            points[row, ours] = pose[used, :2] * scale
            confidence[row, ours] = np.clip(pose[used, 2], 0, 1)
    return Keypoints(footage.time, points, confidence, footage.image_size)


def _chosen_poses(frames: list[Poses]) -> list[NDArray[np.float64] | None]:
    """In each frame the pose of one person: the largest at first, then the nearest to where they were."""
    chosen: list[NDArray[np.float64] | None] = []
    last: NDArray[np.float64] | None = None
    for poses in frames:
        pose = None
        if poses:
            reference = last
            pose = max(poses, key=_extent) if reference is None else min(poses, key=lambda one: _gap(one, reference))
            last = pose
        chosen.append(pose)
    return chosen


def _extent(pose: NDArray[np.float64]) -> float:
    seen = pose[pose[:, 2] > 0, :2]
    return float(np.ptp(seen, axis=0).max()) if len(seen) else 0.0


def _gap(pose: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Mean distance of the points that both show."""
    both = (pose[:, 2] > 0) & (other[:, 2] > 0)
    return float(np.linalg.norm(pose[both, :2] - other[both, :2], axis=1).mean()) if both.any() else np.inf
