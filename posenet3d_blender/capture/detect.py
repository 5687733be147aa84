"""The 2D joints of the chosen people in the chosen shots: detected, from the cache, or from a file."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from ..arrays import Array
from ..cores import usable_cores
from ..errors import PoseNet3DError
from ..progress import Progress, Warn, part_of
from .detection.blazepose.assets import open_landmark_finder
from .detection.cache.folder import CacheFolder, open_cache
from .detection.cache.stored_detections import DetectionKey, load_detections, store_detections
from .detection.cache.stored_people import find_or_load_people
from .detection.choice import Shot, choose_shots, left_out_people, left_out_shots, split_at_absences
from .detection.cut_pass import find_shots
from .detection.detections import DetectedShot, Detections
from .detection.landmark_pass import track_keypoints
from .detection.stretches import stream_count
from .hands.choice import HAND_CHOICES, NO_HANDS, smallest_hand
from .hands.finder import open_hand_finder
from .hands.hand_pass import HandSearch, find_hands
from .keypoints.people.people_in_file import PersonInFile, load_people, warn_of_breaks
from .keypoints.presence import split_at_absences as split_keypoints
from .video.footage import Footage
from .video.grey_copies import GreyCopies
from .video.timecode import timecode

Stage: TypeAlias = Callable[[str], AbstractContextManager[None]]
"""Opens a stage by its name, to measure its time."""


@dataclass(frozen=True)
class DetectionRun:
    """Settings and listeners of a detection."""

    key: DetectionKey
    """The footage and the people who are wanted."""
    device: str
    cache_folder: Path | None
    """None: no cache."""
    progress: Progress
    """Told of the stages "people", "landmarks" and "hands"."""
    warn: Warn
    """Told where nothing can be cached, and of devices that fail."""
    copies: GreyCopies | None = None
    """Keeps copies of the frames that are read, for the camera's motion; None: nobody needs them."""


def detect_people(footage: Footage, frames: slice, run: DetectionRun, stage: Stage) -> Detections:
    """Detect the wanted people in some frames of the footage, or take them from the cache.

    Raises:
        PoseNet3DError: nobody is found, or a network's file or device is missing.
    """
    if run.cache_folder is None:
        return _detect(footage, frames, run, stage)
    cache = open_cache(run.cache_folder)
    detections = load_detections(cache, run.key, footage.time[frames])
    bodies = None if detections else _load_bodies(cache, run.key, footage.time[frames])
    if run.key.hands == NO_HANDS:
        detections = detections or bodies
    if detections is None:
        detections = add_hands(footage, bodies, run, stage) if bodies else _detect(footage, frames, run, stage)
        try:
            store_detections(cache, run.key, footage.time[frames], detections)
        except PoseNet3DError as error:  # a full disk must not cost the capture
            run.warn(f"Detections could not be cached: {error}")
    footage.damaged.update(detections.damaged)
    return detections


def _load_bodies(cache: CacheFolder, key: DetectionKey, time: Array) -> Detections | None:
    """Detections of a run with another choice of hands, without them; None where none are stored."""
    for hands in HAND_CHOICES:
        detections = load_detections(cache, replace(key, hands=hands), time) if hands != key.hands else None
        if detections is not None:
            return detections.without_hands()
    return None


def add_hands(footage: Footage, detections: Detections, run: DetectionRun, stage: Stage) -> Detections:
    """The same people with their hands, which are sought at their wrists in another pass over the footage.

    Args:
        footage: the video.
        detections: from an earlier run, or from a file of 2D joints.
        run: whose key says whether small hands are sought; told of the stage "hands".
        stage: opened for the stage "hands".
    """
    with stage("hands"):
        finder = open_hand_finder(run.device, run.warn)
        shots = []
        for number, shot in enumerate(detections.shots):
            part = part_of(run.progress, number, len(detections.shots))
            people = find_hands(footage, shot.people, finder, smallest_hand(run.key.hands), part)
            shots.append(replace(shot, people=tuple(people)))
    return replace(detections, shots=tuple(shots))


def _detect(footage: Footage, frames: slice, run: DetectionRun, stage: Stage) -> Detections:
    key = run.key
    with stage("people"):
        found = find_or_load_people(
            footage, frames, key.input_fps, run.device, run.cache_folder, run.progress, run.warn
        )
        choice = choose_shots(found, not key.every_shot, key.person, footage.path)
    with stage("landmarks"):
        streams = stream_count(footage, [shot.frames for shot in choice.shots])
        threads = max(1, usable_cores() // streams)
        finder = open_landmark_finder(key.detector, run.device, run.warn, threads)
        hand_finder = open_hand_finder(run.device, run.warn, threads) if key.hands != NO_HANDS else None
        if finder.network.device != "cpu":
            streams = 1
        shots = []
        for number, (shot, others) in enumerate(zip(choice.shots, choice.others, strict=True)):
            part = part_of(run.progress, number, len(choice.shots))
            hands = [HandSearch(hand_finder, smallest_hand(key.hands)) for _ in shot.people] if hand_finder else []
            observers = [search.observe_stretch for search in hands]
            people = track_keypoints(
                footage, shot.frames, shot.people, finder, part, others, run.copies, observers, streams
            )
            if hands:
                people = [
                    replace(person, hands=search.hand_keypoints()) for person, search in zip(people, hands, strict=True)
                ]
            shots.append(DetectedShot(_time_range(footage, shot.frames), tuple(people)))
    notes = left_out_shots([shot.visible_span for shot in choice.left_out])
    for shot, others in zip(choice.shots, choice.others, strict=True):
        notes += left_out_people(shot, others)
    is_everybody = not choice.left_out and not any(choice.others)
    return Detections(tuple(shots), tuple(notes), is_everybody, frozenset(footage.damaged))


@dataclass(frozen=True)
class _Part(PersonInFile):
    """A person of a file, as far as they are in a shot and not absent for long."""

    source: int
    """Position of the whole person in the file."""


def people_in_file(
    footage: Footage, frames: slice, path: Path, person: str, shots: str, progress: Progress, warn: Warn
) -> tuple[Detections, float | None]:
    """The 2D joints of the people of a file, and its focal length in pixels where it has one.

    Args:
        footage: the video.
        frames: from `Footage.frames_between`.
        path: the file or folder.
        person: as `CaptureSettings.person`.
        shots: as `CaptureSettings.shots`.
        progress: told of the stage "cuts".
        warn: told of what is left out or guessed.

    Raises:
        PoseNet3DError: the file does not fit the footage, or there is no such person.
    """
    stored = load_people(path, footage, warn)
    everybody = [one.keypoints.mirrored() if footage.is_mirrored else one.keypoints for one in stored.people]
    whole = [one.between(*_time_range(footage, frames)) for one in everybody]
    if not any(len(one.time) for one in whole):
        start, end = map(timecode, _time_range(footage, frames))
        raise PoseNet3DError(f"{path}: holds nobody between {start} and {end}; choose another range")
    found: list[Shot[_Part]] = []
    for part in find_shots(footage, frames, whole, progress):
        within = [one.between(*_time_range(footage, part)) for one in whole]
        people = [_Part(piece, source) for source, one in enumerate(within) for piece in split_keypoints(one)]
        found += split_at_absences(Shot(part, tuple(people)), footage.time) if people else []
    if not found:
        nobody = DetectedShot(_time_range(footage, frames), (next(one for one in whole if len(one.time)),))
        return Detections((nobody,)), stored.focal_length
    choice = choose_shots(found, shots == "longest", person, path)
    notes = left_out_shots([shot.visible_span for shot in choice.left_out])
    for shot, others in zip(choice.shots, choice.others, strict=True):
        if len(shot.people) == 1:
            source = shot.people[0].source
            everyone = [PersonInFile(one.between(*_time_range(footage, shot.frames))) for one in whole]
            warn_of_breaks(path, everyone[source], everyone, warn)
            others = tuple(one for one in others if one.source == source)
        notes += left_out_people(shot, others)
    detected = [
        DetectedShot(_time_range(footage, shot.frames), tuple(one.keypoints for one in shot.people))
        for shot in choice.shots
    ]
    return Detections(tuple(detected), tuple(notes)), stored.focal_length


def _time_range(footage: Footage, frames: slice) -> tuple[float, float]:
    """Of the first and the last frame, seconds."""
    return float(footage.time[frames.start]), float(footage.time[frames.stop - 1])
