"""The capture pipeline: footage -> people -> 2D joints -> student -> solver -> world -> motion."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..body.model import load_body
from ..camera import Camera
from ..errors import PoseNet3DError
from ..motion import Motion
from ..progress import Progress, silent
from .detection.blazepose.assets import open_landmark_finder, open_person_detector
from .detection.cache import DetectionKey, open_cache
from .detection.find_people import choose, find_people
from .detection.landmark_pass import track_keypoints
from .keypoints.keypoints import Keypoints
from .keypoints.people_in_file import PersonInFile, load_people, warn_of_breaks
from .keypoints.presence import SHORTEST_VISIBLE, seconds_visible, trim_to_visible, visible_frames
from .keypoints.repair import repair
from .lifting import lift
from .runtime.network import Warn
from .solve.terms import SolveWeights
from .student.predict import load_student
from .video.footage import Footage, open_footage, sample_times
from .video.frame_rates import rate_of_number
from .video.lens import field_of_view as lens_field_of_view
from .world import find_world, to_motion


@dataclass(frozen=True)
class CaptureSettings:
    """The user's choices; the defaults suit a phone clip."""

    device: str = "auto"
    """auto, cpu, cuda, directml or coreml."""
    person: str = "largest"
    """largest, longest, all, or a number from 1."""
    start: float | None = None
    """Seconds."""
    end: float | None = None
    """Seconds."""
    field_of_view: float | None = None
    """Degrees along the picture's longer side; None: the keypoint file's lens, else the footage's, else a phone's."""
    frame_rate: float | None = None
    """Of the motion, per second; None: the standard rate nearest to the footage's own."""
    input_fps: float | None = None
    """Frames per second of footage that states none: image sequences, raw streams."""
    keypoints: Path | None = None
    """2D joints from elsewhere in place of detection."""
    detector: str = "heavy"
    """heavy or full."""
    body: Path | None = None
    """The user's own SMPL file; None: the shipped body."""
    smoothing: float = SolveWeights.smoothing
    """Seconds: faster motion counts as noise; 0 keeps everything."""
    foot_lock: bool = True
    """Hold resting feet in place."""
    cache_folder: Path | None = None
    """Folder that caches detections for the next capture of the same footage; None: no cache."""


@dataclass(frozen=True)
class Capture:
    """The result of a capture."""

    motions: tuple[Motion, ...]
    keypoints: tuple[Keypoints, ...]
    """The repaired 2D joints, one for each motion."""
    footage: Footage
    device: str
    backend: str
    seconds: dict[str, float]
    """Seconds by stage."""
    warnings: tuple[str, ...]


@dataclass
class _Stopwatch:
    """Sums up the time that each stage takes."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began


def capture_video(video: Path, settings: CaptureSettings, progress: Progress = silent) -> Capture:
    """Capture the motion of one or all people in a video.

    Several people share one world: gravity, floor and origin are those of the most certain person.

    Raises:
        PoseNet3DError: the footage can't be read, nobody is found in it, or an asset or device is missing.
    """
    watch = _Stopwatch()
    warnings: list[str] = []
    with watch.stage("open"):
        student = load_student(settings.device, warn=warnings.append)
        own_body = load_body(settings.body) if settings.body else None
        footage = open_footage(video, settings.input_fps)
        frames = footage.frames_between(settings.start, settings.end)
        footage = footage.sized_for(frames)
    focal_length = None
    if settings.keypoints is not None:
        with watch.stage("keypoints"):
            detected, focal_length = _people_in_file(footage, frames, settings.keypoints, settings.person, warnings)
    else:
        detected = _cached_detections(footage, frames, settings, watch, progress, warnings.append)
    warnings += footage.warnings(frames)
    with watch.stage("repair"):
        detected = [repair(keypoints) for keypoints in detected]
    people = _select_visible(detected, video, warnings.append)
    camera = _camera(footage, settings.field_of_view, focal_length)
    rate = rate_of_number(settings.frame_rate) if settings.frame_rate else footage.standard_rate
    with watch.stage("solve"):
        weights = SolveWeights(smoothing=settings.smoothing, foot_lock=settings.foot_lock)
        lifted = [lift(person, student, own_body, camera.focal_length, weights, progress) for person in people]
        reference = max(lifted, key=lambda person: float(person.certainty.sum()))
        world = find_world(reference.body, reference.certain_contacts(), reference.up)
        times = sample_times(detected[0].time, rate)
        motions = [to_motion(person, world, camera, times, float(rate)) for person in lifted]
    return Capture(
        tuple(motions),
        tuple(people),
        footage,
        student.network.device,
        student.network.backend,
        watch.seconds,
        # A device that failed did so for each network.
        tuple(dict.fromkeys(warnings)),
    )


def _select_visible(detected: list[Keypoints], video: Path, warn: Warn) -> list[Keypoints]:
    """The people who are visible for long enough, trimmed to the frames in which they are."""
    people = []
    for keypoints in detected:
        seconds = seconds_visible(keypoints)
        if seconds >= SHORTEST_VISIBLE:
            people.append(trim_to_visible(keypoints))
        elif len(detected) == 1:
            raise PoseNet3DError(
                f"{video}: the person is visible for only {seconds:.1f} s; give footage that shows a whole "
                f"person for at least {SHORTEST_VISIBLE:g} s"
            )
        else:
            warn(f"One person is visible for only {seconds:.1f} s and was skipped")
    if not people:
        raise PoseNet3DError(f"{video}: nobody is visible for long enough; give footage that shows a whole person")
    for number, person in enumerate(people, start=1):
        hidden = ~visible_frames(person)
        if hidden.any():
            name = "The person" if len(people) == 1 else f"Person {number}"
            warn(
                f"{name} is not visible in {int(hidden.sum())} of {len(hidden)} frames; the motion there is "
                "interpolated and its confidence is low"
            )
    return people


def _camera(footage: Footage, field_of_view: float | None, focal_length: float | None) -> Camera:
    """The camera by the user's field of view, degrees, the keypoint file's focal length, pixels, or the lens."""
    if field_of_view is None and focal_length is not None:
        return Camera(focal_length, footage.image_size, np.eye(4))
    of_lens = lens_field_of_view(footage.image_size, footage.equivalent_focal_length)
    return Camera.from_field_of_view(field_of_view or of_lens, footage.image_size)


def _people_in_file(
    footage: Footage, frames: slice, path: Path, person: str, warnings: list[str]
) -> tuple[list[Keypoints], float | None]:
    """The 2D joints of the chosen people of a file, and its focal length in pixels where it has one."""
    stored = load_people(path, footage, warnings.append)
    time_range = footage.time[frames][[0, -1]]
    people = [PersonInFile(one.keypoints.between(*time_range)) for one in stored.people]
    visible = [one for one in people if visible_frames(one.keypoints).any()] or people[:1]
    chosen = choose(visible, person, path)
    if len(chosen) == 1:
        warn_of_breaks(path, chosen[0], visible, warnings.append)
    return [one.keypoints for one in chosen], stored.focal_length


def _cached_detections(
    footage: Footage, frames: slice, settings: CaptureSettings, watch: _Stopwatch, progress: Progress, warn: Warn
) -> list[Keypoints]:
    """The 2D joints of the chosen people, from the cache where they are in it."""
    if settings.cache_folder is None:
        return _detect(footage, frames, settings, watch, progress, warn)
    cache = open_cache(settings.cache_folder)
    key = DetectionKey(footage.path, settings.detector, settings.person, settings.input_fps)
    detected = cache.load(key, footage.time[frames])
    if not detected:
        detected = _detect(footage, frames, settings, watch, progress, warn)
        try:
            cache.store(key, detected)
        except PoseNet3DError as error:  # a full disk must not cost the capture
            warn(f"Detections could not be cached: {error}")
    return detected


def _detect(
    footage: Footage, frames: slice, settings: CaptureSettings, watch: _Stopwatch, progress: Progress, warn: Warn
) -> list[Keypoints]:
    with watch.stage("people"):
        tracks = find_people(footage, frames, open_person_detector(settings.device, warn), progress)
        chosen = choose(tracks, settings.person, footage.path)
    with watch.stage("landmarks"):
        finder = open_landmark_finder(settings.detector, settings.device, warn)
        people = []
        for track in chosen:
            others = [other for other in tracks if other is not track]
            people.append(track_keypoints(footage, frames, track, finder, progress, others))
        return people
