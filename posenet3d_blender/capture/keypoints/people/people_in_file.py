"""Everyone in a file of 2D joints, our own or another detector's, as keypoints of the footage's frames."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from ....arrays import Array
from ....errors import PoseNet3DError
from ....progress import Warn, ignore_warning
from ...video.footage import Footage
from ..detector_files import DetectedPose, Json, entries_of, layout_of, point_names, read_json
from ..keypoints import KEYPOINT_COUNT, Keypoints
from ..layouts import PointLayout
from ..own_files import fit_to_footage, own_keypoints, picture_scale
from ..presence import body_seconds, visible_frames
from .frame_order import frames_of_entries, frames_of_names, listed_pictures
from .pose_measures import body_height
from .pose_tracks import PoseTrack, TrackedPose, track_poses

SHORTEST_TRACK: Final = 0.25
"""Seconds; somebody who is visible for less is a false alarm, unless the footage is as short."""
LEAST_SURE: Final = 0.3
"""Confidence of the points by which places are checked."""
LEAST_INSIDE: Final = 3
"""Points of a person that lie in the picture, even in a close-up."""
MOST_OUTSIDE: Final = 0.5
"""Part of the people who lie outside of it from which the file is probably of other pictures."""
FARTHEST_OUTSIDE: Final = 10.0
"""Picture sizes beyond its edges; what lies farther away is a fault."""


@dataclass(frozen=True)
class PersonInFile:
    """One person of a file, with what tells whether they are the one to capture."""

    keypoints: Keypoints
    """In every frame of the footage, or of the file where it is our own."""

    @property
    def prominence(self) -> float:
        """Sum of the body's heights in pixels over the frames from first to last sight, gaps included."""
        frames = np.flatnonzero(visible_frames(self.keypoints))
        if not len(frames):
            return 0.0
        seen = self.keypoints.select(frames)
        poses = np.concatenate([seen.points, seen.confidence[..., None]], axis=2)
        heights = [body_height(pose) for pose in poses]
        return float(np.interp(np.arange(frames[0], frames[-1] + 1), frames, heights).sum())

    @property
    def duration(self) -> float:
        """Seconds from first to last sight."""
        seen = self.keypoints.time[visible_frames(self.keypoints)]
        return float(seen[-1] - seen[0]) if len(seen) else 0.0

    @property
    def body_seconds(self) -> float:
        """Seconds in view, weighted by the part of the body that is."""
        return body_seconds(self.keypoints)

    @property
    def visible_span(self) -> tuple[float, float]:
        """First and last sight, seconds; both the first frame where the person is never visible."""
        seen = self.keypoints.time[visible_frames(self.keypoints)]
        return (float(seen[0]), float(seen[-1])) if len(seen) else (float(self.keypoints.time[0]),) * 2

    @property
    def first_x(self) -> float:
        """Mean x of the points at first sight, pixels."""
        frames = np.flatnonzero(visible_frames(self.keypoints))
        if not len(frames):
            return 0.0
        seen = self.keypoints.confidence[frames[0]] > 0
        return float(self.keypoints.points[frames[0], seen, 0].mean())


@dataclass(frozen=True)
class PeopleInFile:
    """Content of a file of 2D joints."""

    people: tuple[PersonInFile, ...]
    """At least one."""
    focal_length: float | None = None
    """Pixels of the footage's picture; None: the file doesn't say, or says that it was guessed."""


def load_people(path: Path, footage: Footage, warn: Warn = ignore_warning) -> PeopleInFile:
    """Read everyone's 2D joints: from our own file, or another detector's, with an entry for each frame of the footage.

    Of other detectors: COCO's (a list of results, or a full file with its annotations and images), a list of OpenPose,
    MediaPipe or other frames, or a folder of OpenPose's files; the number of points tells the layout, the numbers
    themselves their units. Points that a layout lacks get confidence 0.

    Args:
        path: a file or a folder.
        footage: the video that it was made from.
        warn: told of what is left out or guessed.

    Raises:
        PoseNet3DError: the file is missing, is none of these, is damaged, or does not fit the footage.
    """
    data = None if os.path.isdir(path) else read_json(path)
    own = own_keypoints(path, data)
    if own is not None:
        fitted = fit_to_footage(path, own, footage, warn)
        # A guess is made anew, so that the footage or the camera's turns may tell better.
        focal_length = None if fitted.lens_is_guessed else fitted.focal_length
        return PeopleInFile((PersonInFile(fitted.keypoints),), focal_length)
    entries: Sequence[_FrameEntry]
    if os.path.isdir(path):
        entries = _entries_of_folder(path, footage.frame_count, warn)
    else:
        entries = _entries_of_file(path, data, footage, warn)
    poses = (one.pose for entry in entries for one in entry.people)
    layout = layout_of(path, poses, footage.image_size, warn, point_names(data))
    if bool((layout.unit == 1).all()):
        entries = _in_square_pixels(path, entries, footage, warn)
    everyone = _people_by_frame(path, entries, layout, footage.frame_count, warn)
    tracks = track_poses(everyone, footage.time, footage.width)
    _warn_of_swaps(path, tracks, warn)
    return PeopleInFile(_long_enough(path, [_person(track, footage) for track in tracks]))


def _warn_of_swaps(path: Path, tracks: Sequence[PoseTrack], warn: Warn) -> None:
    times = sorted(time for track in tracks for time in track.swapped_at)
    if times:
        warn(
            f"{path}: the ids of two people change places at {times[0]:.2f} s; if they are swapped there, mend them "
            "or remove them all to tell people by their places"
        )


def warn_of_breaks(path: Path, person: PersonInFile, everyone: Sequence[PersonInFile], warn: Warn) -> None:
    """Tell of people who may be the chosen one under another number: they are never seen together."""
    seen = visible_frames(person.keypoints)
    for other in everyone:
        frames = np.flatnonzero(visible_frames(other.keypoints))
        if other is person or not len(frames) or seen[frames].any():
            continue
        first, last = other.keypoints.time[frames[[0, -1]]]
        warn(
            f"{path}: the person seen from {first:.1f} to {last:.1f} s is taken for somebody else than the captured "
            "one; give both the same track_id if they are one"
        )


@dataclass(frozen=True)
class _FrameEntry:
    """People of one frame, in the file's own numbers."""

    frame: int | None
    """Of the footage; None: it lies outside."""
    people: tuple[DetectedPose, ...]
    scale: Array | None = None
    """(2,) from pixels of the entry's picture to the footage's; None: the file doesn't say its size."""


def _entries_of_file(path: Path, data: Json, footage: Footage, warn: Warn) -> list[_FrameEntry]:
    entries, pictures = entries_of(path, data, warn), listed_pictures(path, data)
    sizes = {key: picture.size for key, picture in pictures.items() if picture.size}
    scales = {key: picture_scale(path, size, footage) for key, size in sizes.items()}
    frames = frames_of_entries(path, entries, pictures, footage.frame_count, warn)
    return [
        _FrameEntry(frame, entry.people, scales.get(entry.image_key or ""))
        for frame, entry in zip(frames, entries, strict=True)
    ]


def _entries_of_folder(folder: Path, frame_count: int, warn: Warn) -> list[_FrameEntry]:
    """The entries of OpenPose's files, one for each frame, and their frames by the files' names."""
    files = sorted(file for file in folder.glob("*.json") if not file.name.startswith("."))
    if not files:
        raise PoseNet3DError(f"{folder}: holds no .json files; give the folder that OpenPose wrote")
    videos = sorted({"".join(part for part in file.stem if not part.isdigit()) for file in files})
    if len(videos) > 1:
        raise PoseNet3DError(
            f"{folder}: holds files of several videos, such as {videos[0]} and {videos[1]}; "
            "keep each video's in a folder of its own"
        )
    frames = frames_of_names(folder, [file.stem for file in files], frame_count, warn)
    return [
        _FrameEntry(frames.get(file.stem), entry.people)
        for file in files
        for entry in entries_of(file, read_json(file), warn)
    ]


def _in_square_pixels(
    path: Path, entries: Sequence[_FrameEntry], footage: Footage, warn: Warn
) -> Sequence[_FrameEntry]:
    """Take points in pixels of pictures of an unknown size as what detectors see: pixels that may not be square."""
    stored, shown = footage.unsquared_size, footage.image_size
    if stored == shown or all(entry.scale is not None for entry in entries):
        return entries
    guessed, square = ("x".join(map(str, size)) for size in (stored, shown))
    warn(
        f"{path}: its points are taken as places in the {guessed} pixels that the footage is stored in, not in the "
        f"{square} that are shown; list the pictures' size under 'images' if they are others"
    )
    scale = np.array(shown) / np.array(stored)
    return [entry if entry.scale is not None else replace(entry, scale=scale) for entry in entries]


def _people_by_frame(
    path: Path, entries: Sequence[_FrameEntry], layout: PointLayout, frame_count: int, warn: Warn
) -> list[list[TrackedPose]]:
    """Everyone in pixels of the footage, for each of its frames."""
    in_pixels = bool((layout.unit == 1).all())
    everyone: list[list[TrackedPose]] = [[] for _ in range(frame_count)]
    for entry in entries:
        if entry.frame is not None:
            scale = entry.scale if in_pixels else None
            everyone[entry.frame] += [_placed(entry.frame, one, layout, scale) for one in entry.people]
    sizes_known = not in_pixels or any(entry.scale is not None for entry in entries)
    _check_places(path, everyone, layout, warn, sizes_known)
    return everyone


def _placed(frame: int, detected: DetectedPose, layout: PointLayout, scale: Array | None) -> TrackedPose:
    pose = layout.place(detected.pose)
    if scale is not None:
        pose[:, :2] *= scale
    beyond = np.abs(pose[:, :2] / np.array(layout.image_size) - 0.5).max(axis=1) > FARTHEST_OUTSIDE
    pose[beyond, 2] = 0
    return TrackedPose(frame, pose, detected.track_id)


def _check_places(
    path: Path, everyone: Sequence[Sequence[TrackedPose]], layout: PointLayout, warn: Warn, sizes_known: bool
) -> None:
    """Warn where pixels are probably of pictures of another size."""
    poses = [seen.pose for people in everyone for seen in people]
    if not poses:
        raise PoseNet3DError(f"{path}: holds nobody in the footage's frames; is it of another video?")
    if sizes_known:
        return
    points = np.stack(poses)
    parts = points[..., :2] / np.array(layout.image_size)
    sure = points[..., 2] >= LEAST_SURE
    inside = (sure & (parts >= 0).all(axis=2) & (parts <= 1).all(axis=2)).sum(axis=1)
    stated = "x".join(map(str, layout.image_size))
    if float((inside < LEAST_INSIDE).mean()) > MOST_OUTSIDE:
        warn(f"{path}: most people lie outside the footage's {stated} pixels; is it of a video of another size?")
    elif sure.any() and float(np.percentile(parts[sure], 99)) < 0.5:
        warn(
            f"{path}: its points lie in the upper left quarter of the footage's {stated} pixels; if they were made "
            "from a smaller copy of the video, scale them"
        )


def _person(track: PoseTrack, footage: Footage) -> PersonInFile:
    placed = np.zeros((footage.frame_count, KEYPOINT_COUNT, 3))
    for seen in track.poses:
        placed[seen.frame] = seen.pose
    return PersonInFile(Keypoints(footage.time, placed[..., :2].copy(), placed[..., 2].copy(), footage.image_size))


def _long_enough(path: Path, people: list[PersonInFile]) -> tuple[PersonInFile, ...]:
    """Those who are not seen for a moment only; the one who is seen longest where nobody is."""
    if not people:
        raise PoseNet3DError(f"{path}: holds no person in any frame; detect again")
    time = people[0].keypoints.time
    shortest = min(SHORTEST_TRACK, float(time[-1] - time[0]) / 2)
    kept = tuple(person for person in people if person.duration >= shortest)
    return kept or (max(people, key=lambda person: person.duration),)
