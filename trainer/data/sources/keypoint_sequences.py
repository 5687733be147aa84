"""2D joints that a detector wrote, from anybody's videos, as sequences to train on.

Our own `capture --keypoints-out`; COCO's JSON (annotations, or a list of results); OpenPose's, one file for each frame.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.camera import Camera
from posenet3d_blender.capture.footage import Footage
from posenet3d_blender.capture.keypoint_files import COLUMNS, FORMAT, KNOWN, LAYOUTS, NORMALISED_BELOW, load_keypoints
from posenet3d_blender.capture.keypoints import KEYPOINT_COUNT, Keypoints
from posenet3d_blender.capture.layouts import indices
from posenet3d_blender.capture.lens import field_of_view
from posenet3d_blender.capture.sampling import sample_keypoints
from posenet3d_blender.capture.student_input import STUDENT_POINT_COUNT, STUDENT_RATE
from posenet3d_blender.errors import PoseNet3DError

from ..sequences import PointSequences
from .following import Pose, follow
from .motion import SHORTEST_PIECE
from .text import read_text

DEFAULT_RATE: Final = 30.0
"""Frames per second of files that don't say when their frames were."""
LONGEST_GAP: Final = 0.5
"""Seconds: where somebody is not seen for longer, the sequence is cut."""
_FRAME_FILE: Final = re.compile(r"(?P<video>.*?)_?(?P<frame>\d+)_keypoints")
"""How OpenPose names its files."""

Json: TypeAlias = Any
"""What json.loads gives: checked in this file, and nowhere else seen."""


@dataclass(frozen=True)
class FootageFacts:
    """What the user says of footage whose keypoint files don't say it."""

    frame_rate: float | None = None
    image_size: tuple[int, int] | None = None
    """Width and height, pixels."""


def group_by_video(paths: Sequence[Path]) -> list[list[Path]]:
    """OpenPose's files of one video together, in order of their frames; every other file by itself."""
    videos: dict[tuple[Path, str], list[Path]] = {}
    for path in paths:
        frame = _FRAME_FILE.fullmatch(path.stem)
        videos.setdefault((path.parent, frame["video"]) if frame else (path, ""), []).append(path)
    return [sorted(files, key=_frame_number) for files in videos.values()]


def read_keypoint_sequences(files: Sequence[Path], facts: FootageFacts) -> Iterator[PointSequences]:
    """Everybody in one video, as far as they are seen long enough; a sequence for each time that they are.

    Args:
        files: one file, or OpenPose's files of one video (`group_by_video`).
        facts: what the files don't say. Without a focal length in the file it is guessed as capture does.

    Raises:
        PoseNet3DError: a file is missing, damaged, of no known layout, or does not say what the user must.
    """
    data = _read_json(files[0])
    if isinstance(data, dict) and data.get("format") == FORMAT:
        people = [_own_keypoints(files[0], data)]
        focal_length = _own_focal_length(files[0], data)
    else:
        people = _others_keypoints(files, data, facts)
        focal_length = None
    frame = _FRAME_FILE.fullmatch(files[0].stem)
    name = (frame["video"] or files[0].parent.name) if frame else files[0].stem
    for number, keypoints in enumerate(people):
        yield from _sequences(f"{name}_{number}", keypoints, focal_length)


def _read_json(path: Path) -> Json:
    try:
        return json.loads(read_text(path, KNOWN))
    except (json.JSONDecodeError, RecursionError) as error:
        raise PoseNet3DError(f"{path}: not a JSON file; give {KNOWN}") from error


def _frame_number(path: Path) -> int:
    frame = _FRAME_FILE.fullmatch(path.stem)
    return int(frame["frame"]) if frame else 0


def _own_keypoints(path: Path, data: dict[str, Json]) -> Keypoints:
    """Our own file, read as capture reads it, against footage that lasts as long as the file."""
    try:
        width, height = (int(side) for side in data["image_size"])
        end = float(data["frames"][-1]["time"])
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise PoseNet3DError(f"{path}: key 'image_size' or 'frames' is missing or empty; write it anew") from error
    return load_keypoints(path, Footage(path, width, height, 0, np.array([0.0, end]), Fraction(30)))


def _own_focal_length(path: Path, data: dict[str, Json]) -> float | None:
    given = data.get("focal_length")
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 < given < np.inf:
        raise PoseNet3DError(f"{path}: key 'focal_length' must be pixels above 0; mend it or leave it out")
    return float(given)


def _others_keypoints(files: Sequence[Path], first: Json, facts: FootageFacts) -> list[Keypoints]:
    """Each person of another detector's files, one row for each frame in which they were seen."""
    poses: dict[int, list[Pose]] = {}
    for path in files:
        data = first if path is files[0] else _read_json(path)
        for place, entry in enumerate(_entries(path, data)):
            frame = _frame_number(path) if len(files) > 1 else _frame_of_entry(entry, place)
            poses.setdefault(frame, []).extend(_poses_of_entry(path, frame, entry))
    counts = {len(pose) for people in poses.values() for pose in people}
    if len(counts) != 1:
        reason = f"mixes layouts of {' and '.join(map(str, sorted(counts)))} points" if counts else "holds no person"
        raise PoseNet3DError(f"{files[0]}: {reason}; give {KNOWN}")
    used, ours = indices(LAYOUTS[counts.pop()])
    image_size = _image_size(files[0], first, facts)
    rate = facts.frame_rate or DEFAULT_RATE
    largest = max(float(np.abs(pose[:, :2]).max()) for people in poses.values() for pose in people)
    scale = np.array(image_size if largest < NORMALISED_BELOW else (1, 1), dtype=np.float64)
    people = []
    for track in follow(poses, reach_frames=max(1, round(LONGEST_GAP * rate))):
        points = np.zeros((len(track), KEYPOINT_COUNT, 2))
        confidence = np.zeros((len(track), KEYPOINT_COUNT))
        for row, (_, pose) in enumerate(track):
            points[row, ours], confidence[row, ours] = pose[used, :2] * scale, np.clip(pose[used, 2], 0, 1)
        time = np.array([frame for frame, _ in track]) / rate
        people.append(Keypoints(time, points, confidence, image_size))
    return people


def _entries(path: Path, data: Json) -> list[Json]:
    entries = data
    if isinstance(data, dict):
        entries = data.get("annotations", data.get("frames", [data]))
    if not isinstance(entries, list) or not entries:
        raise PoseNet3DError(f"{path}: no 2D joints that are known here; give {KNOWN}")
    return entries


def _frame_of_entry(entry: Json, place: int) -> int:
    """By COCO's image_id where there is one, a number or a picture's name; else by its place in the file."""
    image_id = entry.get("image_id") if isinstance(entry, dict) else None
    if image_id is None:
        return place
    numbers = re.findall(r"\d+", str(image_id))
    return int(numbers[-1]) if numbers else place


def _poses_of_entry(path: Path, frame: int, entry: Json) -> list[Pose]:
    if isinstance(entry, dict) and isinstance(people := entry.get("people"), list):
        return [_pose(path, frame, "pose_keypoints_2d", person) for person in people]
    if isinstance(entry, dict) and "keypoints" in entry:
        return [_pose(path, frame, "keypoints", entry)]
    raise PoseNet3DError(f"{path}: frame {frame} holds neither 'keypoints' nor 'people'; give {KNOWN}")


def _pose(path: Path, frame: int, key: str, person: Json) -> Pose:
    """(points, 3) x, y and score."""
    try:
        numbers = np.array(person[key], dtype=np.float64).reshape(-1)
        pose = numbers.reshape(COLUMNS[numbers.size])
    except (KeyError, TypeError, ValueError) as error:
        raise PoseNet3DError(f"{path}: key '{key}' in frame {frame} is no list of x, y, score; give {KNOWN}") from error
    if not np.isfinite(pose).all():
        raise PoseNet3DError(f"{path}: key '{key}' in frame {frame} holds NaN or infinity; write 0 0 0 for not seen")
    return pose[:, [0, 1, pose.shape[1] - 1]]


def _image_size(path: Path, data: Json, facts: FootageFacts) -> tuple[int, int]:
    """The pictures' size, from COCO's list of images or from the user."""
    images = data.get("images") if isinstance(data, dict) else None
    try:
        sizes = {(int(image["width"]), int(image["height"])) for image in images or []}
    except (KeyError, TypeError, ValueError) as error:
        raise PoseNet3DError(f"{path}: key 'images' holds no width and height; mend it or leave it out") from error
    if len(sizes) > 1:
        raise PoseNet3DError(f"{path}: key 'images' names pictures of several sizes; give the videos one by one")
    size = sizes.pop() if sizes else facts.image_size
    if size is None or min(size) < 1:
        raise PoseNet3DError(f"{path}: does not say how large the pictures are; give --image-size WIDTHxHEIGHT")
    return size


def _sequences(name: str, keypoints: Keypoints, focal_length: float | None) -> Iterator[PointSequences]:
    """One person's sequences: cut where they are not seen, sampled at the student's rate, as rays."""
    if focal_length is None:
        guessed = field_of_view(keypoints.image_size, None)
        focal_length = Camera.from_field_of_view(guessed, keypoints.image_size).focal_length
    seen = np.flatnonzero((keypoints.confidence > 0).any(axis=1))
    cuts = np.flatnonzero(np.diff(keypoints.time[seen]) > LONGEST_GAP) + 1
    pieces = [piece for piece in np.split(seen, cuts) if len(piece) > 1]
    long_enough = [
        piece
        for piece in pieces
        if (keypoints.time[piece[-1]] - keypoints.time[piece[0]]) * STUDENT_RATE >= SHORTEST_PIECE - 1
    ]
    for number, piece in enumerate(long_enough):
        part = Keypoints(
            keypoints.time[piece], keypoints.points[piece], keypoints.confidence[piece], keypoints.image_size
        )
        sampled = sample_keypoints(part, STUDENT_RATE, focal_length)
        missing = STUDENT_POINT_COUNT - KEYPOINT_COUNT  # the two points that no detector here gives
        rays: NDArray[np.float64] = np.pad(sampled.rays, ((0, 0), (0, missing), (0, 0)))
        yield PointSequences(
            rays.astype(np.float32),
            np.pad(sampled.confidence, ((0, 0), (0, missing))).astype(np.float32),
            np.array([0, len(rays)], np.int32),
            (name if len(long_enough) == 1 else f"{name}#{number}",),
        )
