"""Detected people, shot by shot: what a detection run, its cache or a file of 2D joints gives to the pipeline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..keypoints.keypoints import Keypoints


@dataclass(frozen=True)
class DetectedShot:
    """The chosen people of a shot."""

    time_range: tuple[float, float]
    """Of the shot's first and last frame, seconds."""
    people: tuple[Keypoints, ...]
    """At least one."""


@dataclass(frozen=True)
class Detections:
    """The 2D joints of the chosen people in the chosen shots."""

    shots: tuple[DetectedShot, ...]
    """In the order of time; at least one."""
    notes: tuple[str, ...] = ()
    """Sentences that name who was left out, and when."""
    is_everybody: bool = False
    """Nobody else was found: who is chosen does not depend on the range of time."""
    damaged: frozenset[int] = frozenset()
    """Frames of the footage that could not be read."""

    def changed(self, change: Callable[[Keypoints], Keypoints]) -> Detections:
        """The same shots with every person's keypoints changed."""
        shots = tuple(replace(shot, people=tuple(map(change, shot.people))) for shot in self.shots)
        return replace(self, shots=shots)

    def mirrored(self) -> Detections:
        """The same people in the mirrored pictures, in the order from left to right there."""
        shots = tuple(replace(shot, people=shot.people[::-1]) for shot in self.shots)
        return replace(self, shots=shots).changed(Keypoints.mirrored)

    def without_hands(self) -> Detections:
        """The bodies alone."""
        return self.changed(lambda person: replace(person, hands=None))
