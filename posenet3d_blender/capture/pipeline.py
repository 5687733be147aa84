"""The capture pipeline: footage -> people -> 2D joints -> student -> solver -> world -> motion."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from ..body.model import Body, load_body
from ..body.shape import check_height
from ..camera import Camera, CameraPath
from ..motion import Motion
from ..progress import Progress, Warn, part_of, silent
from .camera_motion.shot_camera import ShotCamera, camera_of_shot
from .camera_motion.track import survey_copies
from .detect import DetectionRun, add_hands, detect_people, people_in_file
from .detection.cache.stored_detections import DetectionKey
from .detection.detections import Detections
from .exchanged_sides import warn_of_exchanged_sides
from .hands.choice import EVERY_HAND, usable_hands
from .keypoints.keypoints import Keypoints
from .keypoints.repair import hide_outside, repair
from .lifting import LiftedPerson, lift
from .moving_camera import in_metres
from .shared_floor import share_floor, warn_of_levels
from .shots import (
    Stretch,
    choose_stretches,
    names_of,
    scene_start,
    warn_of_doubt,
    warn_of_guessed,
    warn_of_hidden,
    warn_of_turned,
)
from .solve.terms import SolveWeights
from .student.predict import STUDENT_FOLDER, Student, StudentPrediction, load_student
from .video.bars import lens_between_bars
from .video.footage import Footage, open_footage
from .video.frame_rates import rate_of_number, sample_times_between
from .video.lens import check_field_of_view
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
    height: float | None = None
    """Metres: the standing height of the (first) person, which sets size and distance; None: unknown."""
    frame_rate: float | None = None
    """Of the motion, per second; None: the standard rate nearest to the footage's own."""
    keypoints: Path | None = None
    """2D joints from elsewhere in place of detection."""
    detector: str = "heavy"
    """heavy or full."""
    body: Path | None = None
    """The user's own SMPL file; None: the shipped body."""
    student: Path | None = None
    """Folder of an exported student in place of the shipped one."""
    smoothing: float = SolveWeights.smoothing
    """Seconds: faster motion counts as noise; 0 keeps everything."""
    foot_lock: bool = True
    """Hold resting feet in place."""
    cache_folder: Path | None = None
    """Folder that caches detections for the next capture of the same footage; None: no cache."""
    input_fps: float | None = None
    """Frames per second of footage that states none: image sequences, raw streams."""
    shots: str = "longest"
    """Of footage with cuts or long absences: longest (the one that shows the whole person for longest), all, or a
    number from 1 among those that show somebody."""
    camera: str = "auto"
    """auto (found out from the background), static or moving."""
    mirror: bool = False
    """The footage is a mirror image, as of many front cameras."""
    hands: str = "auto"
    """Fingers: auto (where hands are large enough in the picture and seen often enough), on or off. With a file of 2D
    joints auto leaves them out."""


@dataclass(frozen=True)
class CapturedShot:
    """The people of one shot, in a scene of their own."""

    motions: tuple[Motion, ...]
    keypoints: tuple[Keypoints, ...]
    """The repaired 2D joints, one for each motion."""
    lens_is_guessed: bool = False
    """Nothing told the camera's focal length."""


@dataclass(frozen=True)
class Capture:
    """The result of a capture."""

    shots: tuple[CapturedShot, ...]
    """In the order of time; at least one, with at least one person."""
    footage: Footage
    device: str
    backend: str
    seconds: dict[str, float]
    """Seconds by stage."""
    warnings: tuple[str, ...]

    @property
    def motions(self) -> tuple[Motion, ...]:
        """Those of all shots."""
        return tuple(motion for shot in self.shots for motion in shot.motions)

    @property
    def keypoints(self) -> tuple[Keypoints, ...]:
        """The repaired 2D joints, one for each motion."""
        return tuple(keypoints for shot in self.shots for keypoints in shot.keypoints)


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
    check_height(settings.height)
    check_field_of_view(settings.field_of_view)
    watch = _Stopwatch()
    warnings: list[str] = []
    with watch.stage("open"):
        student = load_student(settings.device, settings.student or STUDENT_FOLDER, warnings.append)
        own_body = load_body(settings.body) if settings.body else None
        footage = _open(video, settings)
        frames = footage.frames_between(settings.start, settings.end)
        footage = footage.sized_for(frames)
    copies = survey_copies() if settings.camera == "auto" else None
    run = DetectionRun(
        _detection_key(footage, settings), settings.device, settings.cache_folder, progress, warnings.append, copies
    )
    detections, focal_length = _find_people(footage, frames, settings, run, watch)
    warnings += detections.notes
    with watch.stage("repair"):
        repaired = detections.changed(repair).shots
        everyone = settings.person == "all"
        stretches = choose_stretches(repaired, settings.shots, everyone, video, warnings.append)
    with watch.stage("camera"):
        is_stated = bool(settings.field_of_view or focal_length or footage.equivalent_focal_length)
        lens = _camera(footage, settings.field_of_view, focal_length)
        if not is_stated and not footage.size_changes:
            lens = lens_between_bars(footage, frames, lens, warnings.append)
        captured = [shot for shot in repaired if any(one.time_range == shot.time_range for one in stretches)]
        cameras = {
            shot.time_range: camera_of_shot(
                footage, shot, lens, settings.camera, progress, warnings.append, copies, is_stated
            )
            for shot in captured
        }
    with watch.stage("solve"):
        solver = _Solver(
            student,
            own_body,
            cameras,
            SolveWeights(smoothing=settings.smoothing, foot_lock=settings.foot_lock, height=settings.height),
            rate_of_number(settings.frame_rate) if settings.frame_rate else footage.standard_rate,
            float(footage.time[frames.start]),
            settings.hands,
            settings.keypoints,
        )
        shots = solver.solve_shots(stretches, progress, warnings.append)
    # Last, when all frames have been read that the camera's motion needs too.
    warnings += footage.warnings(frames)
    once = tuple(dict.fromkeys(warnings))  # a device that failed did so for each network
    return Capture(shots, footage, student.network.device, student.network.backend, watch.seconds, once)


def _find_people(
    footage: Footage, frames: slice, settings: CaptureSettings, run: DetectionRun, watch: _Stopwatch
) -> tuple[Detections, float | None]:
    """The people's 2D joints, detected or from a file, and the file's focal length in pixels where it has one."""
    if settings.keypoints is None:
        return detect_people(footage, frames, run, watch.stage).changed(hide_outside), None
    with watch.stage("keypoints"):
        detections, focal_length = people_in_file(
            footage, frames, settings.keypoints, settings.person, settings.shots, run.progress, run.warn
        )
    if settings.hands == EVERY_HAND:
        detections = add_hands(footage, detections, run, watch.stage)
    return detections, focal_length


@dataclass(frozen=True)
class _Solver:
    """From 2D joints to motions, for one shot after the other."""

    student: Student
    own_body: Body | None
    cameras: dict[tuple[float, float], ShotCamera]
    """Of each shot, by its time range."""
    weights: SolveWeights
    rate: Fraction
    """Of the motions, per second."""
    start: float
    """Time of the captured range's first frame, seconds: a sample of every motion's grid."""
    hands: str
    """As `CaptureSettings.hands`."""
    keypoint_file: Path | None
    """As `CaptureSettings.keypoints`."""

    def solve_shots(self, stretches: Sequence[Stretch], progress: Progress, warn: Warn) -> tuple[CapturedShot, ...]:
        """The motions of each stretch, in step with one another."""
        shots = []
        for number, (stretch, names) in enumerate(zip(stretches, names_of(stretches), strict=True)):
            warn_of_hidden(stretch, names, warn)
            warn_of_turned(stretch, names, warn)
            motions = self.solve(stretch, names, part_of(progress, number, len(stretches)), warn)
            start = scene_start(motions, names, self.start, warn)
            in_step = tuple(replace(motion, scene_start=start) for motion in motions)
            shots.append(CapturedShot(in_step, stretch.people, self.cameras[stretch.time_range].lens_is_guessed))
        return tuple(shots)

    def solve(self, stretch: Stretch, names: Sequence[str], progress: Progress, warn: Warn) -> list[Motion]:
        """The motions of a stretch's people, in one world; `warn` is told of poses that are doubtful."""
        count = len(stretch.people)
        # The given height is the first person's; the others follow by the floor.
        weights_of = [self.weights, *[replace(self.weights, height=None)] * (count - 1)]
        shot = self.cameras[stretch.time_range]
        camera, up = shot.camera, None
        predictions: list[StudentPrediction | None] = [None] * count
        if isinstance(camera, CameraPath):
            # The solve's frame is the camera's where somebody first comes into view.
            first = camera.at(np.array(stretch.visible_span[:1])).world_to_camera[0]
            path, background = camera.seen_from(np.linalg.inv(first)), shot.background @ first[:3, :3].T + first[:3, 3]
            found = in_metres(path, stretch.people, self.student, self.weights.height, warn, background)
            camera, predictions, up = found.path, found.predictions, found.up
        parts = [part_of(progress, number, count) for number in range(count)]
        lifted = [
            lift(person, self.student, self.own_body, camera, weights, part, prediction, up)
            for person, weights, part, prediction in zip(stretch.people, weights_of, parts, predictions, strict=True)
        ]
        for name, person in zip(names, lifted, strict=True):
            warn_of_doubt(name, person.agreement, warn)
            warn_of_guessed(name, person.limb_confidence, warn)
            if self.keypoint_file:
                warn_of_exchanged_sides(self.keypoint_file, name, person.sampled, self.student, warn)
        if len(lifted) > 1 and self.weights.foot_lock:
            lifted = share_floor(lifted, self.weights)
        lifted = [self._with_hands(person, name, camera, warn) for name, person in zip(names, lifted, strict=True)]
        reference = max(lifted, key=lambda person: float(person.certainty.sum()))
        if len(lifted) > 1:
            warn_of_levels(names, lifted, reference.floor, warn)
        world = find_world(reference.floor, reference.body.pelvis)
        times = sample_times_between(self.start, *stretch.time_range, self.rate)
        return [to_motion(person, world, camera, times, float(self.rate)) for person in lifted]

    def _with_hands(self, person: LiftedPerson, name: str, camera: Camera | CameraPath, warn: Warn) -> LiftedPerson:
        hands = usable_hands(person.keypoints, self.hands, name, warn)
        return person if hands is None else person.with_hands(hands, camera, self.weights.smoothing)


def _open(video: Path, settings: CaptureSettings) -> Footage:
    footage = open_footage(video, settings.input_fps)
    return footage.mirrored() if settings.mirror else footage


def _detection_key(footage: Footage, settings: CaptureSettings) -> DetectionKey:
    return DetectionKey(
        footage.path,
        settings.detector,
        settings.person,
        settings.input_fps,
        settings.shots != "longest",
        settings.mirror,
        settings.hands,
    )


def _camera(footage: Footage, field_of_view: float | None, focal_length: float | None) -> Camera:
    """The camera by the user's field of view, degrees, the keypoint file's focal length, pixels, or the lens."""
    if field_of_view is None and focal_length is not None:
        return Camera(focal_length, footage.image_size, np.eye(4))
    of_lens = lens_field_of_view(footage.image_size, footage.equivalent_focal_length, footage.diagonal)
    return Camera.from_field_of_view(field_of_view or of_lens, footage.image_size)
