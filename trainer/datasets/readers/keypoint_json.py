"""Keypoint files of 2D detectors as training sequences.

Formats: the add-on's own `capture --keypoints-out`; COCO's JSON (annotations, or a list of results); OpenPose's, one
file for each frame.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.camera import Camera
from posenet3d_blender.capture.keypoints.detector_files import (
    DetectedPose,
    Json,
    Pose,
    entries_of,
    layout_of,
    read_json,
)
from posenet3d_blender.capture.keypoints.keypoints import KEYPOINT_COUNT, Keypoints
from posenet3d_blender.capture.keypoints.own_files import StoredKeypoints, own_keypoints
from posenet3d_blender.capture.keypoints.people.frame_order import frames_without_footage, listed_pictures
from posenet3d_blender.capture.keypoints.sampling import sample_keypoints
from posenet3d_blender.capture.student.features import STUDENT_POINT_COUNT, STUDENT_RATE
from posenet3d_blender.capture.video.lens import field_of_view
from posenet3d_blender.errors import PoseNet3DError

from ...data.sequences import PointSequences
from ..pose_tracks import Track, join_tracks
from ..take import SHORTEST_PIECE

DEFAULT_RATE: Final = 30.0
"""Frames per second of files without times."""
LONGEST_STEP: Final = 0.1
"""Seconds from one picture to the next; pictures that are farther apart show too little of the motion."""
LONGEST_GAP: Final = 0.5
"""Seconds without a person after which a sequence is cut."""
_FRAME_FILE: Final = re.compile(r"(?P<video>.*?)_?(?P<frame>\d+)_keypoints")
"""OpenPose's file names."""


@dataclass(frozen=True)
class FootageFacts:
    """Facts about the footage that keypoint files lack; given by the user."""

    frame_rate: float | None = None
    image_size: tuple[int, int] | None = None
    """Width and height, pixels."""


def group_by_video(paths: Sequence[Path]) -> list[list[Path]]:
    """Group OpenPose's files by video, in frame order; every other file is a group."""
    videos: dict[tuple[Path, str], list[Path]] = {}
    for path in paths:
        frame = _FRAME_FILE.fullmatch(path.stem)
        videos.setdefault((path.parent, frame["video"]) if frame else (path, ""), []).append(path)
    return [sorted(files, key=_frame_number) for files in videos.values()]


def read_keypoint_sequences(files: Sequence[Path], facts: FootageFacts) -> Iterator[PointSequences]:
    """Sequences of every person in one video; a new one after each gap, short ones left out.

    Args:
        files: one file, or OpenPose's files of one video (`group_by_video`).
        facts: of the footage. A focal length that is not in the file is guessed as in capture.

    Raises:
        PoseNet3DError: a file is missing, damaged or of an unknown layout, or a fact is missing.
    """
    data = read_json(files[0])
    own = own_keypoints(files[0], data)
    people = [own] if own else [StoredKeypoints(one) for one in _foreign_keypoints(files, data, facts)]
    frame = _FRAME_FILE.fullmatch(files[0].stem)
    name = (frame["video"] or files[0].parent.name) if frame else files[0].stem
    for number, person in enumerate(people):
        yield from _sequences(f"{name}_{number}", person.keypoints, person.focal_length)


def _frame_number(path: Path) -> int:
    frame = _FRAME_FILE.fullmatch(path.stem)
    return int(frame["frame"]) if frame else 0


def _foreign_keypoints(files: Sequence[Path], first: Json, facts: FootageFacts) -> list[Keypoints]:
    """Keypoints of each person in another detector's files, a row for each frame with the person."""
    rate = facts.frame_rate or DEFAULT_RATE
    frames: dict[int, list[DetectedPose]] = {}
    if len(files) > 1:
        for path in files:
            people = [one for entry in entries_of(path, read_json(path)) for one in entry.people]
            frames.setdefault(_frame_number(path), []).extend(people)
    else:
        entries = entries_of(files[0], first)
        numbers = frames_without_footage(files[0], entries, listed_pictures(files[0], first), LONGEST_STEP * rate)
        for number, entry in zip(numbers, entries, strict=True):
            frames.setdefault(number, []).extend(entry.people)
    poses = [one.pose for people in frames.values() for one in people]
    layout = layout_of(files[0], poses, _image_size(files[0], first, facts))
    return [
        layout.keypoints(np.array([frame for frame, _ in track]) / rate, [pose for _, pose in track])
        for track in _tracks(files[0], frames, longest_gap=max(1, round(LONGEST_GAP * rate)))
    ]


def _tracks(path: Path, frames: Mapping[int, Sequence[DetectedPose]], longest_gap: int) -> list[Track]:
    """Tracks by the file's track_id, or by distance without one."""
    identified: dict[int, Track] = {}
    anonymous: dict[int, list[Pose]] = {}
    for frame in sorted(frames):
        for one in frames[frame]:
            if one.track_id is None:
                anonymous.setdefault(frame, []).append(one.pose)
                continue
            track = identified.setdefault(one.track_id, [])
            if track and track[-1][0] == frame:
                raise PoseNet3DError(
                    f"{path}: two people of frame {frame} have the 'track_id' {one.track_id}; correct it"
                )
            track.append((frame, one.pose))
    return [*identified.values(), *join_tracks(anonymous, longest_gap)]


def _image_size(path: Path, data: Json, facts: FootageFacts) -> tuple[int, int]:
    """Width and height of the images, from COCO's list or from the user."""
    images = data.get("images") if isinstance(data, dict) else None
    try:
        sizes = {(int(image["width"]), int(image["height"])) for image in images or []}
    except (KeyError, TypeError, ValueError) as error:
        raise PoseNet3DError(f"{path}: key 'images' holds no width and height; correct it or leave it out") from error
    if len(sizes) > 1:
        raise PoseNet3DError(f"{path}: key 'images' has images of several sizes; give the videos one by one")
    size = sizes.pop() if sizes else facts.image_size
    if size is None or min(size) < 1:
        raise PoseNet3DError(f"{path}: holds no image size; give --image-size WIDTHxHEIGHT")
    return size


def _sequences(name: str, keypoints: Keypoints, focal_length: float | None) -> Iterator[PointSequences]:
    """Sequences of one person: cut at gaps, resampled to the student's rate, as rays."""
    if focal_length is None:
        guessed = field_of_view(keypoints.image_size, None)
        focal_length = Camera.from_field_of_view(guessed, keypoints.image_size).focal_length
    rows = np.flatnonzero((keypoints.confidence > 0).any(axis=1))
    cuts = np.flatnonzero(np.diff(keypoints.time[rows]) > LONGEST_GAP) + 1
    pieces = [piece for piece in np.split(rows, cuts) if len(piece) > 1]
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
        missing = STUDENT_POINT_COUNT - KEYPOINT_COUNT  # neck and head, which no detector here gives
        rays: NDArray[np.float64] = np.pad(sampled.rays, ((0, 0), (0, missing), (0, 0)))
        yield PointSequences(
            rays.astype(np.float32),
            np.pad(sampled.confidence, ((0, 0), (0, missing))).astype(np.float32),
            np.array([0, len(rays)], np.int32),
            (name if len(long_enough) == 1 else f"{name}#{number}",),
        )
