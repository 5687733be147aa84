"""The way through capture: footage -> people -> 2D joints -> student -> solve -> world -> motion."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np

from ..body.model import Body, load_body
from ..body.shape import bone_lengths, match_shape
from ..camera import Camera
from ..errors import PoseNet3DError
from ..motion import Motion
from ..progress import Progress, silent
from .blazepose.assets import open_landmark_finder, open_person_detector
from .detection_cache import DetectionKey, cut, open_cache
from .footage import Footage, open_footage, sample_times
from .frame_rates import rate_of_number
from .keypoint_files import load_keypoints
from .keypoints import Keypoints
from .lens import field_of_view
from .network import Warn
from .people import choose, find_people
from .repair import repair
from .sampling import sample_keypoints
from .solve.solver import solve
from .student import Student, load_student
from .student_input import STUDENT_RATE
from .tracking import track_keypoints
from .world import find_world, to_motion

SHORTEST_SIGHT: Final = 0.3
"""Seconds for which a person must be seen."""
SEEN: Final = 0.2
"""Mean confidence of a frame's 2D joints from which the person counts as seen."""


@dataclass(frozen=True)
class CaptureSettings:
    """What the user may choose; the defaults suit a phone clip."""

    device: str = "auto"
    """auto, cpu, cuda, directml or coreml."""
    person: str = "largest"
    """largest, longest, all, or a number from 1."""
    start: float | None = None
    """Seconds."""
    end: float | None = None
    """Seconds."""
    field_of_view: float | None = None
    """Degrees along the picture's longer side; None: what the file says of its lens, or else a phone's."""
    frame_rate: float | None = None
    """Of the motion, per second; None: the standard rate nearest to the footage's own."""
    keypoints: Path | None = None
    """2D joints from elsewhere in place of detection."""
    detector: str = "heavy"
    """heavy or full."""
    body: Path | None = None
    """The user's own SMPL file; None: the shipped body."""
    cache_folder: Path | None = None
    """Where detections are kept for the next capture of the same footage; None: they are not."""


@dataclass(frozen=True)
class Capture:
    """What a capture gives."""

    motions: tuple[Motion, ...]
    keypoints: tuple[Keypoints, ...]
    """The repaired 2D joints, one for each motion."""
    footage: Footage
    device: str
    backend: str
    seconds: dict[str, float]
    """By stage."""
    warnings: tuple[str, ...]


@dataclass
class _Stopwatch:
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began


def capture_video(video: Path, settings: CaptureSettings, progress: Progress = silent) -> Capture:
    """Capture the motion of one or all people in a video.

    Raises:
        PoseNet3DError: the footage can't be read, nobody is found in it, or an asset or device is missing.
    """
    watch = _Stopwatch()
    warnings: list[str] = []
    with watch.stage("open"):
        student = load_student(settings.device, warn=warnings.append)
        shipped = load_body()
        body = load_body(settings.body) if settings.body else shipped
        footage = open_footage(video)
    tracks = _keypoints(footage, settings, watch, progress, warnings.append)
    said_or_guessed = field_of_view(footage.image_size, footage.equivalent_focal_length)
    camera = Camera.from_field_of_view(settings.field_of_view or said_or_guessed, footage.image_size)
    rate = rate_of_number(settings.frame_rate) if settings.frame_rate else footage.standard_rate
    motions: list[Motion] = []
    kept: list[Keypoints] = []
    for number, keypoints in enumerate(tracks, start=1):
        seen_seconds = _seconds_seen(keypoints)
        if seen_seconds < SHORTEST_SIGHT:
            if len(tracks) == 1:
                raise PoseNet3DError(
                    f"{video}: the person is seen for {seen_seconds:.1f} s only; give footage that shows a whole "
                    f"person for at least {SHORTEST_SIGHT:g} s"
                )
            warnings.append(f"person {number} is seen for {seen_seconds:.1f} s only and was left out")
            continue
        motions.append(_motion(keypoints, student, shipped, body, camera, rate, watch, progress))
        kept.append(keypoints)
        warnings += _warnings(keypoints)
    if not motions:
        raise PoseNet3DError(f"{video}: nobody is seen long enough; give footage that shows a whole person")
    return Capture(
        tuple(motions),
        tuple(kept),
        footage,
        student.network.device,
        student.network.backend,
        watch.seconds,
        # A device that failed did so for each network.
        tuple(dict.fromkeys(warnings)),
    )


def _keypoints(
    footage: Footage, settings: CaptureSettings, watch: _Stopwatch, progress: Progress, warn: Warn
) -> list[Keypoints]:
    """The repaired 2D joints of everyone who was chosen."""
    if settings.keypoints is not None:
        detected = [cut(load_keypoints(settings.keypoints, footage), footage.time[_span(footage, settings)])]
    elif settings.cache_folder is not None:
        cache = open_cache(settings.cache_folder)
        key = DetectionKey(footage.path, settings.detector, settings.person)
        detected = cache.find(key, footage, settings.start, settings.end)
        if not detected:
            detected = _detect(footage, settings, watch, progress, warn)
            cache.keep(key, detected)
    else:
        detected = _detect(footage, settings, watch, progress, warn)
    with watch.stage("repair"):
        return [repair(keypoints) for keypoints in detected]


def _detect(
    footage: Footage, settings: CaptureSettings, watch: _Stopwatch, progress: Progress, warn: Warn
) -> list[Keypoints]:
    start, end = settings.start, settings.end
    with watch.stage("people"):
        found = find_people(footage, start, end, open_person_detector(settings.device, warn), progress)
        chosen = choose(found, settings.person, footage.path)
    with watch.stage("landmarks"):
        finder = open_landmark_finder(settings.detector, settings.device, warn)
        tracked = []
        for track in chosen:
            others = [other for other in found if other is not track]
            tracked.append(track_keypoints(footage, track, finder, start, end, progress, others))
        return tracked


def _span(footage: Footage, settings: CaptureSettings) -> slice:
    return footage.frames_between(settings.start, settings.end)


def _motion(
    keypoints: Keypoints,
    student: Student,
    shipped: Body,
    body: Body,
    camera: Camera,
    rate: Fraction,
    watch: _Stopwatch,
    progress: Progress,
) -> Motion:
    """Lift one person's 2D joints to a motion in the world.

    The student speaks of the shipped body's shape; on a user's own body its bone lengths are matched.
    """
    sampled = sample_keypoints(keypoints, STUDENT_RATE, camera.focal_length)
    with watch.stage("student"):
        prediction = student.predict(sampled)
        if body is not shipped:
            lengths = bone_lengths(shipped.rest_joints(prediction.betas))
            prediction = replace(prediction, betas=match_shape(lengths, body))
    with watch.stage("solve"):
        state = solve(body, sampled, prediction, progress=progress)
        world = find_world(state, prediction.contacts, prediction.up)
        at = sample_times(keypoints.time, rate)
        return to_motion(state, sampled, prediction.contacts, world, camera, body, at, float(rate))


def _seen(keypoints: Keypoints) -> np.ndarray:
    return keypoints.confidence.mean(1) >= SEEN


def _seconds_seen(keypoints: Keypoints) -> float:
    frame = float(np.median(np.diff(keypoints.time))) if len(keypoints.time) > 1 else 0.0
    return float(_seen(keypoints).sum()) * frame


def _warnings(keypoints: Keypoints) -> list[str]:
    unseen = ~_seen(keypoints)
    if not unseen.any():
        return []
    return [
        f"the person is not seen in {int(unseen.sum())} of {len(unseen)} frames; the motion there is bridged "
        "and its confidence is low"
    ]
