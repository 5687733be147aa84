"""The path of a camera that travels, in metres, by the person: feet stand on the ground, and rest in turns.

The background gives the path but for its scale, the student the person's size and pose. Where the background shows the
ground, the scale is that with which the soles come down to it. Elsewhere, with the right scale one of the soles stays
in its place at nearly every moment, whatever the student says of contacts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array
from ..body.keypoints import body_keypoints
from ..body.model import load_body
from ..body.rotations import unit
from ..body.shape import shape_of_height
from ..camera import CameraPath
from ..progress import Warn
from .camera_motion.bundle import UNITS_TO_BACKGROUND
from .camera_motion.ground import Ground, find_ground
from .keypoints.keypoints import Keypoints
from .keypoints.presence import VISIBLE_CERTAINTY, certainty
from .keypoints.sampling import SampledKeypoints, sample_keypoints
from .solve.foot_motion import seen_feet
from .solve.solver import place
from .student.features import STUDENT_RATE
from .student.predict import Student, StudentPrediction

SLIP: Final = 0.15
"""Metres per second from which the slowest sole counts less and less as resting."""
SMOOTHING: Final = 5
"""Samples over which soles are averaged: a sixth of a second."""
SPANS: Final = (6, 12, 18)
"""Samples over which speed is measured: a fifth of a second, as running feet rest, to three."""
DEPTH_NOISE: Final = 4.0
"""Times as uncertain as across the line of sight the soles' places are along it."""
LARGEST_CHANGE: Final = 12.0
"""Times larger or smaller than expected that the metres of a unit may be."""
BACKGROUND_DISTANCE: Final = 1.5
"""Times as far away as the person the background is expected, ..."""
BACKGROUND_SPREAD: Final = 0.7
"""... with this standard deviation of its logarithm, ..."""
BACKGROUND_WEIGHT: Final = 0.02
"""... against the slip, from 0 to 1."""
LEAST_GAIN: Final = 0.05
"""Least reduction of the slip, from 0 to 1, by which the scale is certain."""
STEP: Final = 15
"""Samples before and after each one within which a foot comes down to the ground."""
COMES_DOWN: Final = 0.97
"""Of the largest scale within a step, from which a foot is on the ground."""
FEWEST_ON_GROUND: Final = 10
"""Samples that must show a foot on the ground."""
LARGEST_SPREAD: Final = 0.15
"""Interquartile range of the scales by feet on the ground, over their median, beyond which they stand elsewhere."""
SHORT_PATH: Final = 0.1
"""Of the person's distance: the extent of a camera's path below which its scale changes little."""
LARGEST_DISAGREEMENT: Final = 1.3
"""Times as large or small as by resting feet, if these are certain, that the scale by the ground may be."""

POSTURE_LEVEL: Final = 0.05
"""Standard deviation, radians, of the vertical estimated from a person's posture."""
ROLL: Final = 0.02
"""Standard deviation, radians, of the camera's roll while it pans."""
INDEPENDENT_VIEWS: Final = 4.0
"""Of a shot, as far as its roll is concerned."""


@dataclass(frozen=True)
class MetricPath:
    """A camera's path in metres."""

    path: CameraPath
    predictions: list[StudentPrediction | None]
    """The student's for each person, as far as it was needed: the camera's place does not change it."""
    up: Array | None = None
    """(3,) unit vector against gravity, the ground's normal, in the path's world; None: no ground is seen."""


@dataclass(frozen=True)
class _Soles:
    """Soles of one person before the camera."""

    places: Array
    """(S, 4, 3) metres from the camera, in the path's axes."""
    cameras: Array
    """(S, 3) in the path's unit."""
    weights: Array
    """(S,) 1 where the person is visible, else 0."""
    feet_are_seen: NDArray[np.bool_]
    """(S,)"""

    @property
    def distance(self) -> float:
        """Metres from the camera, as a rule."""
        return float(np.median(np.linalg.norm(self.places[self.weights > 0], axis=-1)))

    def slip(self, scale: float) -> float:
        """Mean slip of the slowest sole, from 0 (it rests) to 1, if the path's unit is so many metres."""
        world = self.places + scale * self.cameras[:, None]
        return float(np.mean([self._slip_over(world, span) for span in SPANS]))

    def scales_on(self, ground: Ground) -> Array:
        """(N,) metres of the path's unit at the samples that show a foot on the ground."""
        from scipy.ndimage import maximum_filter1d

        down = self.places @ ground.up  # (S, 4)
        scales = down.min(axis=1) / (ground.height - self.cameras @ ground.up)  # (S,) of a raised foot too small
        scales = np.where(self.feet_are_seen, scales, 0.0)
        lowest = maximum_filter1d(scales, 2 * STEP + 1, mode="nearest")
        return np.asarray(scales[(scales > 0) & (scales >= COMES_DOWN * lowest)])

    def _slip_over(self, world: Array, span: int) -> float:
        """Mean slip, from 0 to 1, over `span` samples, of the slowest of soles (S, 4, 3) in the world, metres."""
        move = world[span:] - world[:-span]  # (S - span, 4, 3)
        sight = unit(self.places[span // 2 : span // 2 + len(move)])
        along = (move * sight).sum(axis=-1)
        across = (move**2).sum(axis=-1) - along**2
        square = np.maximum(across, 0) + (along / DEPTH_NOISE) ** 2
        slowest = square.min(axis=1) * (STUDENT_RATE / span) ** 2
        weights = self.weights[span:] * self.weights[:-span] + 1e-9
        return float(np.average(slowest / (slowest + SLIP**2), weights=weights))


def in_metres(
    path: CameraPath,
    people: Sequence[Keypoints],
    student: Student,
    height: float | None,
    warn: Warn,
    background: Array | None = None,
) -> MetricPath:
    """The path with positions in metres; a path that stays in its place is returned as it is.

    Args:
        path: as `camera_of_shot` gives it.
        people: the first one's height may be known.
        student: the network.
        height: metres; None: unknown.
        warn: told if the scale is uncertain.
        background: (N, 3) points of the background, in the path's world and unit; None: unknown.
    """
    if not path.positions.any():
        return MetricPath(path, [None] * len(people))
    turning = path.scaled(0.0)
    sampled = [sample_keypoints(one, STUDENT_RATE, turning) for one in people]
    predictions = [student.predict(one) for one in sampled]
    heights = [height, *[None] * (len(people) - 1)]
    soles = [_soles(path, *seen) for seen in zip(sampled, predictions, heights, strict=True)]
    soles = [one for one in soles if len(one.places) > 2 * max(SPANS) and one.weights.any()]
    scale, is_certain = _metres_of_unit(soles) if soles else (0.0, False)
    ground = _ground(path, background, sampled, predictions)
    by_ground = None if ground is None else _metres_by_ground(soles, ground)
    if by_ground is not None and not (is_certain and _ratio(by_ground, scale) > LARGEST_DISAGREEMENT):
        scale, is_certain = by_ground, True
    extent = scale * float(np.linalg.norm(np.ptp(path.positions, axis=0)))
    if not is_certain and not (soles and extent < SHORT_PATH * _distance(soles)):
        warn(
            "The camera travels, but how far is hard to tell, as no foot is seen to rest for long; the walked "
            "path may be wrong (film with the feet in view, or state --camera static if the camera hardly moves)"
        )
    return MetricPath(path.scaled(scale), [*predictions], None if ground is None else ground.up)


def level_with_pan(up: Array, views: Array) -> Array:
    """The direction against gravity (3,), by the person's posture and by a camera that pans about the vertical.

    People who film turn about the vertical: the camera's roll, by its own level, hardly changes.

    Args:
        up: (3,) unit vector, as the person's posture tells it, in the frame of the solve.
        views: (S, 4, 4) from that frame to each sample's camera.
    """
    sideways = views[:, 0, :3]  # the camera's own x axis
    change = sideways - sideways.mean(axis=0)
    levelled = np.linalg.solve(
        np.eye(3) / POSTURE_LEVEL**2 + INDEPENDENT_VIEWS / ROLL**2 * (change.T @ change) / len(change),
        up / POSTURE_LEVEL**2,
    )
    return np.asarray(levelled / np.linalg.norm(levelled))


def _metres_of_unit(soles: Sequence[_Soles]) -> tuple[float, bool]:
    """Metres of the path's unit with which the soles of at least one person rest best, and whether that is certain."""
    expected = BACKGROUND_DISTANCE * _distance(soles) / UNITS_TO_BACKGROUND

    def slip(scale: float) -> float:
        return sum(one.slip(scale) for one in soles) / len(soles)

    def cost(scale: float) -> float:
        return slip(scale) + BACKGROUND_WEIGHT * float(np.log(scale / expected) / BACKGROUND_SPREAD) ** 2

    scales = expected * np.geomspace(1 / LARGEST_CHANGE, LARGEST_CHANGE, 80)
    for _ in range(2):
        best = float(min(scales, key=cost))
        scales = best * np.geomspace(0.95, 1.05, 20)
    best = float(min(scales, key=cost))
    return best, slip(0.0) - slip(best) > LEAST_GAIN


def _distance(soles: Sequence[_Soles]) -> float:
    """Metres from the camera to people, as a rule."""
    return float(np.median([one.distance for one in soles]))


def _ground(
    path: CameraPath,
    background: Array | None,
    sampled: Sequence[SampledKeypoints],
    predictions: Sequence[StudentPrediction],
) -> Ground | None:
    """The ground that the background shows, near level by the first person's posture."""
    if background is None or not predictions or sampled[0].views is None:
        return None
    return find_ground(background, path.positions, level_with_pan(predictions[0].up, sampled[0].views))


def _metres_by_ground(soles: Sequence[_Soles], ground: Ground) -> float | None:
    """Metres of the path's unit with which feet come down to the ground; None: they don't agree, or none is seen."""
    scales = np.concatenate([np.zeros(0), *[one.scales_on(ground) for one in soles]])
    if len(scales) < FEWEST_ON_GROUND:
        return None
    low, middle, high = np.percentile(scales, [25, 50, 75])
    return float(middle) if high - low < LARGEST_SPREAD * middle else None


def _ratio(one: float, other: float) -> float:
    """At least 1."""
    return max(one, other) / min(one, other)


def _soles(path: CameraPath, sampled: SampledKeypoints, prediction: StudentPrediction, height: float | None) -> _Soles:
    body = load_body()
    if height is not None:
        prediction = replace(prediction, betas=shape_of_height(prediction.betas, height, body))
    placed = place(body, body_keypoints(body), sampled, prediction)
    places = np.concatenate([part.soles for part in placed.in_blocks()])  # (S, 4, 3)
    window = np.hanning(SMOOTHING + 2)[1:-1]
    padded = np.pad(places.reshape(len(places), -1), ((SMOOTHING // 2, SMOOTHING // 2), (0, 0)), mode="edge")
    smooth = np.stack([np.convolve(axis, window / window.sum(), mode="valid") for axis in padded.T], axis=-1)
    visible = (certainty(sampled.confidence) >= VISIBLE_CERTAINTY).astype(np.float64)
    cameras, seen = path.at(sampled.time).positions, seen_feet(sampled).any(axis=1) & (visible > 0)
    return _Soles(smooth.reshape(places.shape), cameras, visible, seen)
