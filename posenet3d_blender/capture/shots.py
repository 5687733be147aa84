"""The stretches of the footage that become motions, and the time at which scenes of them start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..arrays import Array
from ..body.limbs import LIMB_NAMES
from ..errors import PoseNet3DError
from ..motion import Motion
from ..progress import Warn
from .detection.choice import left_out_shots
from .detection.detections import DetectedShot
from .keypoints.keypoints import Keypoints
from .keypoints.presence import (
    SHORTEST_VISIBLE,
    body_seconds,
    seconds_visible,
    split_at_absences,
    trunk_throughout,
    visible_frames,
)
from .student.features import STUDENT_RATE
from .video.timecode import timecode

LONGEST_LEAD_IN: Final = 60.0
"""Seconds for which an animation may hold its first pose to stay in step with the footage."""
NOTED_LEAD_IN: Final = 0.5
"""Seconds from which a warning tells of it."""
LEAST_AGREEMENT: Final = 0.7
"""Agreement of the student's windows below which a pose is doubtful; on clips of upright people hardly any is."""
SHORTEST_DOUBT: Final = 0.3
"""Seconds of such poses that are worth a warning."""
GUESSED_LIMB: Final = 0.3
"""Confidence below which a limb is more guessed than seen."""
NOTED_GUESS: Final = 0.25
"""Part of the time for which a limb must be guessed to be worth a warning."""


@dataclass(frozen=True)
class Stretch:
    """People whose motions share one scene."""

    time_range: tuple[float, float]
    """Of the first and last frame of the shot, seconds."""
    people: tuple[Keypoints, ...]
    """Each from the first to the last frame in which they are visible, without a long absence."""

    @property
    def visible_span(self) -> tuple[float, float]:
        """First and last sight of anybody, seconds."""
        return min(float(one.time[0]) for one in self.people), max(float(one.time[-1]) for one in self.people)

    @property
    def body_seconds(self) -> float:
        """Seconds for which the people are visible, weighted by how much of their bodies is, summed up."""
        return sum(body_seconds(one) for one in self.people)


def choose_stretches(
    detected: Sequence[DetectedShot], shots: str, everyone: bool, video: Path, warn: Warn
) -> list[Stretch]:
    """Select the stretches to capture.

    A person who is absent for long ends a stretch and begins another one. Where everyone of a shot is captured, both
    belong to it, as two people.

    Args:
        detected: repaired.
        shots: "longest", "all", or "1", "2" and so on, in the order of time.
        everyone: several people may be captured in each shot.
        video: the footage, for messages.
        warn: told of what is left out.

    Raises:
        PoseNet3DError: nobody is visible for long enough, or there is no such shot.
    """
    stretches: list[Stretch] = []
    for shot in detected:
        people = _long_enough(shot, detected, video, warn)
        groups = [people] if everyone else [[one] for one in people]
        stretches += [Stretch(shot.time_range, tuple(group)) for group in groups if group]
    if not stretches:
        raise PoseNet3DError(f"{video}: nobody is visible for long enough; give footage that shows a whole person")
    if shots == "longest":
        longest = max(stretches, key=lambda stretch: stretch.body_seconds)
        for note in left_out_shots([stretch.visible_span for stretch in stretches if stretch is not longest]):
            warn(note)
        return [longest]
    if shots == "all":
        return stretches
    if not shots.isdecimal() or int(shots) == 0:
        raise PoseNet3DError(f"shot '{shots}' is not known; use longest, all, or 1, 2 and so on")
    if int(shots) > len(stretches):
        raise PoseNet3DError(f"{video}: there is no shot {shots}; {len(stretches)} found that show a person")
    return [stretches[int(shots) - 1]]


def names_of(stretches: Sequence[Stretch]) -> list[list[str]]:
    """The name by which messages call each person of each stretch."""
    names = []
    for number, stretch in enumerate(stretches, start=1):
        count = len(stretch.people)
        people = ["the person"] if count == 1 else [f"person {person}" for person in range(1, count + 1)]
        of_shot = f" of shot {number}" if len(stretches) > 1 else ""
        names.append([name[0].upper() + name[1:] + of_shot for name in people])
    return names


def warn_of_hidden(stretch: Stretch, names: Sequence[str], warn: Warn) -> None:
    """Warn of frames in which somebody is not visible."""
    for name, person in zip(names, stretch.people, strict=True):
        hidden = ~visible_frames(person)
        if hidden.any():
            warn(
                f"{name} is not visible in {int(hidden.sum())} of {len(hidden)} frames; the motion there is "
                "interpolated and its confidence is low"
            )


def warn_of_turned(stretch: Stretch, names: Sequence[str], warn: Warn) -> None:
    """Warn of people who are upside down or lie throughout, as in footage that was made with the camera turned."""
    for name, person in zip(names, stretch.people, strict=True):
        way = trunk_throughout(person)
        if way == "down":
            warn(
                f"{name} is upside down in nearly all frames; if the footage is turned, or a keypoint file counts y "
                "upwards, turn it upright and capture again"
            )
        elif way == "sideways":
            warn(
                f"{name} lies in nearly all frames; if the footage is turned, or a keypoint file gives y before x, "
                "turn it upright and capture again"
            )


def warn_of_doubt(name: str, agreement: Array, warn: Warn) -> None:
    """Warn of poses on which the student's windows don't agree (S,), from 0 to 1, at the student's rate."""
    doubtful = agreement < LEAST_AGREEMENT
    if doubtful.sum() / STUDENT_RATE >= SHORTEST_DOUBT:
        warn(
            f"{name} has doubtful poses {doubtful.mean():.0%} of the time: rare ones, such as upside down, or much of "
            "the body is hidden; check the frames of low confidence"
        )


def warn_of_guessed(name: str, limbs: Array, warn: Warn) -> None:
    """Warn of limbs that are hidden, or out of the picture, for much of the time, by their confidence (S, 6)."""
    guessed = (limbs < GUESSED_LIMB).mean(axis=0)
    noted = [number for number, share in enumerate(guessed) if share >= NOTED_GUESS]
    if noted:
        shares = ", ".join(f"{LIMB_NAMES[number].replace('_', ' ')} {guessed[number]:.0%}" for number in noted)
        warn(
            f"{name} is only partly in view; guessed, of the time: {shares} (--body-parts keeps guessed limbs out of "
            "the animation)"
        )


def scene_start(motions: Sequence[Motion], names: Sequence[str], range_start: float, warn: Warn) -> float:
    """Time at which a scene of the motions starts, seconds: with the captured range, if the motions start soon after.

    Args:
        motions: of one scene.
        names: what messages call the people.
        range_start: time of the captured range's first frame.
        warn: told of everyone who comes into view later.
    """
    first = min(float(motion.time[0]) for motion in motions)
    start = range_start if first - range_start <= LONGEST_LEAD_IN else first
    if start > range_start:
        warn(
            f"Animations start at {timecode(first)}, when somebody comes into view, {first - range_start:.0f} s later "
            "than the footage"
        )
    for name, motion in zip(names, motions, strict=True):
        if motion.time[0] - start >= NOTED_LEAD_IN:
            warn(
                f"{name} comes into view at {timecode(float(motion.time[0]))}; until then animations hold the first "
                "pose, to be in step with the footage"
            )
    return start


def _long_enough(shot: DetectedShot, detected: Sequence[DetectedShot], video: Path, warn: Warn) -> list[Keypoints]:
    """Each person's stretches of visibility that are long enough."""
    is_only_one = len(detected) == 1 and len(shot.people) == 1
    kept = []
    for keypoints in shot.people:
        parts = split_at_absences(keypoints)
        long_parts = [part for part in parts if seconds_visible(part) >= SHORTEST_VISIBLE]
        kept += long_parts
        seconds = seconds_visible(keypoints)
        if is_only_one and not long_parts:
            raise PoseNet3DError(
                f"{video}: the person is visible for only {seconds:.1f} s; give footage that shows a whole "
                f"person for at least {SHORTEST_VISIBLE:g} s"
            )
        if not parts:
            warn(f"One person is visible for only {seconds:.1f} s and was skipped")
        for part in parts:
            if not any(part is one for one in long_parts):
                warn(
                    f"One person is visible for only {seconds_visible(part):.1f} s, at {timecode(part.time[0])}, and "
                    "was skipped"
                )
    return kept
