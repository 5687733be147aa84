"""Read and write files of 2D joints: our own, to train on or to edit by hand; read other detectors', for one person."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...atomic_write import writing
from ...errors import PoseNet3DError
from ..video.footage import Footage
from .detector_files import DetectedPose, Entry, Json, entries_of, last_number, layout_of, read_json
from .keypoints import KEYPOINT_COUNT, KEYPOINT_NAMES, Keypoints
from .layouts import Pose

FORMAT: Final = "posenet3d-keypoints"
VERSION: Final = 1


@dataclass(frozen=True)
class StoredKeypoints:
    """One person's 2D joints and the camera's focal length, as far as the file has it."""

    keypoints: Keypoints
    focal_length: float | None = None
    """Pixels; None: unknown."""


def save_keypoints(stored: StoredKeypoints, path: Path) -> None:
    """Write our own JSON, one line a frame; loading it gives the same numbers.

    Raises:
        PoseNet3DError: the file can't be written.
    """
    keypoints = stored.keypoints
    head = {
        "format": FORMAT,
        "version": VERSION,
        "about": "x right, y down in pixels, confidence 0 to 1; time in seconds; left is the person's",
        "names": list(KEYPOINT_NAMES),
        "image_size": list(keypoints.image_size),
    }
    if stored.focal_length is not None:
        head["focal_length"] = stored.focal_length
    rows = np.concatenate([keypoints.points, keypoints.confidence[..., None]], axis=2)
    frames = [
        json.dumps({"time": time, "points": row})
        for time, row in zip(keypoints.time.tolist(), rows.tolist(), strict=True)
    ]
    opening = json.dumps(head, indent=1).removesuffix("\n}")
    text = opening + ',\n "frames": [\n' + ",\n".join(frames) + "\n]}\n"
    with writing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def load_keypoints(path: Path, footage: Footage) -> StoredKeypoints:
    """Read one person's 2D joints: our own file, or another detector's, with an entry for each frame of the footage.

    Of other detectors: a list of COCO results (or {"annotations": …}), a list of OpenPose or other frames, or a folder
    of OpenPose's files; the number of points tells the layout. Points that a layout lacks get confidence 0. Where
    several people are in a frame, the largest of the first frame is tracked.

    Raises:
        PoseNet3DError: the file is missing, is none of these, holds numbers that are not finite, or does not fit.
    """
    data: Json = [read_json(file) for file in _openpose_files(path)] if os.path.isdir(path) else read_json(path)
    own = own_keypoints(path, data)
    if own is not None:
        _check_footage(path, own.keypoints, footage)
        return own
    frames = _people_by_frame(path, entries_of(path, data), footage.frame_count)
    layout = layout_of(path, (one.pose for people in frames for one in people), footage.image_size)
    return StoredKeypoints(layout.keypoints(footage.time, _track_one_person(frames)))


def own_keypoints(path: Path, data: Json) -> StoredKeypoints | None:
    """The content of a file of ours; None where it is of another format.

    Args:
        path: the file, for messages.
        data: its content, from `read_json`.

    Raises:
        PoseNet3DError: it is of another version or damaged.
    """
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        return None
    if data.get("version") != VERSION or data.get("names") != list(KEYPOINT_NAMES):
        raise PoseNet3DError(
            f"{path}: keypoints of another version; write them again with this version's --keypoints-out"
        )
    try:
        width, height = (int(side) for side in data["image_size"])
    except (KeyError, TypeError, ValueError) as error:
        raise PoseNet3DError(f"{path}: key 'image_size' must be two numbers; mend it or write it anew") from error
    if min(width, height) < 1:
        raise PoseNet3DError(f"{path}: key 'image_size' must be pixels above 0; mend it or write it anew")
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
    finite = np.isfinite(rows).all(axis=(1, 2)) & np.isfinite(time)
    if not finite.all():
        frame = int(np.flatnonzero(~finite)[0])
        raise PoseNet3DError(
            f"{path}: frame {frame} holds NaN or infinity; write 0 0 0 for a point that is not visible"
        )
    if (np.diff(time) <= 0).any():
        raise PoseNet3DError(f"{path}: its times don't rise from frame to frame; mend it or write it anew")
    keypoints = Keypoints(time, rows[..., :2].copy(), np.clip(rows[..., 2], 0, 1), (width, height))
    return StoredKeypoints(keypoints, _focal_length(path, data.get("focal_length")))


def _focal_length(path: Path, value: Json) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < np.inf:
        raise PoseNet3DError(f"{path}: key 'focal_length' must be pixels above 0; mend it or leave it out")
    return float(value)


def _check_footage(path: Path, keypoints: Keypoints, footage: Footage) -> None:
    if keypoints.image_size != footage.image_size:
        size = "x".join(str(side) for side in footage.image_size)
        raise PoseNet3DError(f"{path}: the keypoints are of another video; this one's pictures are {size} pixels")
    if keypoints.time[0] < -1e-3 or keypoints.time[-1] > footage.time[-1] + 1e-3:
        raise PoseNet3DError(f"{path}: its times lie outside the footage; is it of another video?")


def _openpose_files(folder: Path) -> list[Path]:
    files = sorted(folder.glob("*.json"), key=lambda file: (last_number(file.stem) or 0, file.name))
    if not files:
        raise PoseNet3DError(f"{folder}: holds no .json files; give the folder that OpenPose wrote")
    return files


def _people_by_frame(path: Path, entries: list[Entry], frame_count: int) -> list[list[DetectedPose]]:
    """Everyone, for each frame of the footage."""
    frames: list[list[DetectedPose]] = [[] for _ in range(frame_count)]
    for place, entry in zip(_places(path, entries, frame_count), entries, strict=True):
        frames[place].extend(entry.people)
    return frames


def _places(path: Path, entries: list[Entry], frame_count: int) -> list[int]:
    """Each entry's frame: by its image_id where all have one, else by its order."""
    numbers = [entry.image_id for entry in entries if entry.image_id is not None]
    if len(numbers) < len(entries):
        if len(entries) != frame_count:
            raise PoseNet3DError(
                f"{path}: holds {len(entries)} frames, but the footage has {frame_count}; give one for each"
            )
        return list(range(frame_count))
    distinct = sorted(set(numbers))
    if len(distinct) == frame_count:
        return [distinct.index(number) for number in numbers] if distinct[-1] != frame_count - 1 else numbers
    # Some frames show nobody: then the numbers must count frames, from 0 or from 1.
    first = 1 if distinct[-1] == frame_count else 0
    if distinct[0] < first or distinct[-1] - first >= frame_count:
        raise PoseNet3DError(
            f"{path}: its image_ids run from {distinct[0]} to {distinct[-1]}, but the footage has {frame_count} frames"
        )
    return [number - first for number in numbers]


def _track_one_person(frames: list[list[DetectedPose]]) -> list[Pose | None]:
    """One person's pose in each frame: the largest at first; then the same track_id, or else the nearest pose.

    Detectors give a person a new track_id after losing them, but two people of one frame are never the same.
    """
    poses: list[Pose | None] = []
    last: DetectedPose | None = None
    other_ids: set[int | None] = set()
    for people in frames:
        one = max(people, key=_extent, default=None) if last is None else _same_person(people, last, other_ids)
        poses.append(None if one is None else one.pose)
        if one is not None:
            last = one
            other_ids |= {other.track_id for other in people} - {one.track_id, None}
    return poses


def _same_person(people: list[DetectedPose], last: DetectedPose, other_ids: set[int | None]) -> DetectedPose | None:
    same_id = [one for one in people if one.track_id is not None and one.track_id == last.track_id]
    candidates = same_id or [one for one in people if one.track_id not in other_ids]
    return min(candidates, key=lambda one: _gap(one.pose, last.pose), default=None)


def _extent(person: DetectedPose) -> float:
    """Larger side of the box around the visible points."""
    points = person.pose[person.pose[:, 2] > 0, :2]
    return float(np.ptp(points, axis=0).max()) if len(points) else 0.0


def _gap(pose: Pose, other: Pose) -> float:
    """Mean distance of the points that are visible in both."""
    both: NDArray[np.bool_] = (pose[:, 2] > 0) & (other[:, 2] > 0)
    return float(np.linalg.norm(pose[both, :2] - other[both, :2], axis=1).mean()) if both.any() else np.inf
