"""Find out whether the camera moves in a shot, and follow its turns and zoom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...arrays import Array
from ...body.rotations import axis_angle_to_matrix, matrix_to_axis_angle
from ...progress import Progress, Warn, ignore_warning, silent
from ..keypoints.keypoints import Keypoints
from ..video.footage import Footage
from ..video.grey_copies import GreyCopies, GreyCopy
from .background import COPY_SIZE, FEWEST_POINTS, BackgroundTracker, Grey, Matches, people_mask
from .between import turned_between
from .ground import placed_points
from .lens_of_turns import ViewPair, ViewPairs, lens_of_turns
from .observations import FEW, ObservationLog, Observations
from .travel import find_travel
from .turn import OUTLIER, Turn, angle_of, fit_turn, parallax_errors

SURVEY_INTERVAL: Final = 0.25
"""Seconds between the pictures in which a camera is found to stand still."""
TRACKING_RATE: Final = 32.0
"""Pictures per second in which a moving one is followed, at most."""
STILL_ANGLE: Final = np.radians(0.3)
"""Turn below which a camera stands still, some three pixels of a picture of COPY_SIZE: tripods on soft floors, and
furniture that somebody moves, look like as much."""
STILL_ZOOM: Final = 0.004
LEAST_ZOOM: Final = 0.04
"""Logarithm of a zoom below which the lens is taken not to zoom: what is seen of it is the lens's distortion, or a
camera that sways."""
MOST_LOST: Final = 0.6
"""Part of the points that a camera that stands still does not lose from one picture of the survey to the next."""
TURN_RESIDUAL: Final = 0.3
"""Pixels, in a picture of COPY_SIZE, that turns and zooms may miss by the median; more may be parallax. A camera that
is carried round the body by a third of a metre, and sees nothing near, misses by half a pixel."""
LENS_RESIDUAL: Final = 0.6
"""Pixels that turns may miss by where the lens zooms, or is only guessed: a little parallax and a slightly wrong lens
look alike."""
MUCH_BETTER: Final = 0.6
"""Part of the residual that a path must not exceed, to be believed."""
FEWEST_FOLLOWED: Final = 6
"""Points from which a camera that is known to move is followed."""
_SLOWING: Final = 0.85
"""Of a turn that can't be followed, from picture to picture."""
LEAST_WELL_TRACKED: Final = 0.5
"""Part of the pictures that must show enough of the background for a camera to be found to move."""
LEAST_TRACKED: Final = 0.5
"""Part of the survey's pictures that must show enough of the background."""
_AGREED: Final = 0.4
"""Part of the points that agree with a turn, or else it is none."""
_STRAY: Final = 4 * OUTLIER
"""Pixels from its place, by the turn and three times the median residual, beyond which a point is dropped for good."""
LARGEST_PARALLAX: Final = 60.0
"""Pixels that a near point may move beside the rest between two key pictures."""

_Picture: TypeAlias = tuple[int, Grey, NDArray[np.bool_]]
"""Index of a frame, its copy (h, w), and where people are in it (h, w)."""


@dataclass(frozen=True)
class CameraTrack:
    """A camera's motion and zoom at F times, relative to the first."""

    time: Array
    """(F,) seconds."""
    rotations: Array
    """(F, 3, 3) from the first picture's camera frame to each one's."""
    zoom: Array
    """(F,) focal length over the first picture's."""
    positions: Array
    """(F, 3) in the first picture's camera frame, in units of the background's depth; 0: the camera stays in place."""
    residuals: Array
    """(F,) median pixels, in a picture of COPY_SIZE, by which the background is missed."""
    known: Array
    """(F,) 1 where enough of the background was followed, else 0."""
    focal_length: float
    """Of the first picture, pixels of a picture of COPY_SIZE."""
    points: Array
    """(N, 3) points of the background, as `positions`; none of a camera that stays in its place."""
    well_tracked: float
    """Part of the pictures with enough points to tell whether the camera moves at all. In a close-up most points lie on
    somebody's clothes, and are lost again at once."""

    def moves(self) -> bool:
        """True if it surely turns, zooms or travels at some time by more than a picture's noise."""
        if self.well_tracked < LEAST_WELL_TRACKED:
            return False
        turned = max(angle_of(rotation) for rotation in self.rotations) > STILL_ANGLE
        return bool(turned or np.abs(np.log(self.zoom)).max() > STILL_ZOOM or self.positions.any())


def follow_camera(
    footage: Footage,
    frames: slice,
    people: Sequence[Keypoints],
    focal_length: float,
    is_moving: bool = False,
    lens_is_known: bool = True,
    progress: Progress = silent,
    warn: Warn = ignore_warning,
    copies: GreyCopies | None = None,
) -> CameraTrack | None:
    """Follow the camera through a shot; None: it stands still, or the background shows too little to tell.

    Args:
        footage: the video.
        frames: of the shot.
        people: everyone whose pixels are known not to be background.
        focal_length: pixels of the footage's picture.
        is_moving: it is known to move.
        lens_is_known: False: the focal length is a guess, which a camera that turns may disprove.
        progress: told of the stage "camera".
        warn: told if the background shows too little to tell.
        copies: of `survey_copies`, as far as they were kept when these frames were read before; None: none were.
    """
    focal_length = focal_length * copy_scale(footage.image_size)
    if not is_moving:
        pictures = _with_people((copies or survey_copies()).take(footage, frames), people)
        if _stands_still(pictures, frames, focal_length, progress, warn):
            return None
    turn_residual = TURN_RESIDUAL if lens_is_known else LENS_RESIDUAL
    track, views = _follow(footage, frames, people, focal_length, turn_residual, progress)
    found = None if lens_is_known else lens_of_turns(views, focal_length)
    if found is not None:
        track, _ = _follow(footage, frames, people, found, turn_residual, progress)
    return track if is_moving or track.moves() else None


def copy_scale(image_size: tuple[int, int]) -> float:
    """Pixels of the copies in which the background is followed, for each one of a picture."""
    return min(1.0, COPY_SIZE / max(image_size))


def survey_copies() -> GreyCopies:
    """Keeps the pictures that tell whether the camera stands still."""
    return GreyCopies(COPY_SIZE, SURVEY_INTERVAL)


def _stands_still(
    pictures: Iterable[_Picture], frames: slice, focal_length: float, progress: Progress, warn: Warn
) -> bool:
    """True if all pictures of a survey show the same background in the same place, or none that can be followed."""
    tracker = BackgroundTracker()
    turned = Turn(np.eye(3), 1.0, np.zeros(0))
    is_well_tracked: list[bool] = []
    for index, grey, mask in pictures:
        matches = tracker.update(index, grey, mask)
        if matches is None:
            continue
        followed = len(matches.before)
        if matches.lost > MOST_LOST:
            return False  # all is somewhere else
        is_well_tracked.append(followed >= FEWEST_POINTS)
        if is_well_tracked[-1]:
            turned = fit_turn(matches.before, matches.after, focal_length, turned.rotation)
            if _is_move(turned):
                return False
        if tracker.needs_key():
            tracker.set_key(index, grey, mask)
        progress("camera", 0.5 * (index - frames.start) / max(1, frames.stop - frames.start))
    if is_well_tracked and np.mean(is_well_tracked) < LEAST_TRACKED:
        warn(
            "The background shows too little to tell whether the camera moves; it is taken to stand still "
            "(if it moves, film with more of the surroundings in the picture)"
        )
    return True


def _is_move(turn: Turn) -> bool:
    moved = angle_of(turn.rotation) > STILL_ANGLE or abs(np.log(turn.zoom)) > STILL_ZOOM
    return bool(moved and (turn.errors < 2 * OUTLIER).mean() > _AGREED)


def _follow(
    footage: Footage,
    frames: slice,
    people: Sequence[Keypoints],
    focal_length: float,
    turn_residual: float,
    progress: Progress,
) -> tuple[CameraTrack, list[ViewPair]]:
    """The camera's track, and views that tell its lens; beyond `turn_residual`, pixels, it may travel."""
    tracker, views = BackgroundTracker(), ViewPairs()
    fixed, zooming = _Chain(focal_length, may_zoom=False), _Chain(focal_length, may_zoom=True)
    times: list[float] = []
    known: list[float] = []
    is_well_tracked: list[bool] = []
    observations, sparse = ObservationLog(), ObservationLog(0.0, FEW)
    copies = GreyCopies(COPY_SIZE, 1 / TRACKING_RATE).take(footage, frames)
    for index, grey, mask in _with_people(copies, people):
        matches = tracker.update(index, grey, mask)
        followed = matches is not None and len(matches.before) >= FEWEST_FOLLOWED
        if matches is not None and followed:
            errors = np.minimum(fixed.add(matches), zooming.add(matches))
            tracker.keep(errors < _STRAY)
            views.update(ViewPair(matches.before, matches.after))
        else:
            fixed.hold()
            zooming.hold()
        if matches is not None and tracker.needs_key():
            tracker.set_key(index, grey, mask)
            for chain in (fixed, zooming, views):
                chain.set_key()
        seen = len(times), float(footage.time[index]), *tracker.places()
        if not observations.add(*seen, index == frames.stop - 1):
            sparse.add(*seen)
        times.append(float(footage.time[index]))
        known.append(float(matches is None or followed))
        is_well_tracked.append(matches is None or (len(matches.before) >= FEWEST_POINTS and matches.lost <= MOST_LOST))
        progress("camera", (index - frames.start) / max(1, frames.stop - frames.start))
    views.set_key()
    well_tracked, logs = float(np.mean(is_well_tracked)), (observations.joined(), sparse.joined())
    return _select_motion(
        np.array(times), np.array(known), well_tracked, fixed, zooming, *logs, turn_residual
    ), views.kept


def _select_motion(
    time: Array,
    known: Array,
    well_tracked: float,
    fixed: _Chain,
    zooming: _Chain,
    observations: Observations,
    sparse: Observations,
    turn_residual: float,
) -> CameraTrack:
    """The simplest motion that explains what was seen: turns, then turns and a zoom, then a path."""
    in_place, lens = np.zeros((len(time), 3)), fixed.focal_length
    zooms = np.abs(np.log(zooming.zooms)).max() > LEAST_ZOOM
    chain = zooming if zooms else fixed
    rotations, zoom, residuals = np.stack(chain.rotations), np.array(chain.zooms), np.array(chain.residuals)
    if np.median(residuals) > (LENS_RESIDUAL if zooms else turn_residual):
        turns = np.stack(fixed.rotations)
        travel = find_travel(turns, lens, observations)
        if travel is not None and travel.residual < MUCH_BETTER * np.median(residuals):
            rotations, positions = travel.between(time, turns)
            rotations = turned_between(time, rotations, travel.rows, observations, sparse, lens)
            points = placed_points(observations, rotations, positions, lens)
            residuals = np.full(len(time), travel.residual)
            return CameraTrack(
                time, rotations, np.ones(len(time)), positions, residuals, known, lens, points, well_tracked
            )
    return CameraTrack(time, rotations, zoom, in_place, residuals, known, lens, np.zeros((0, 3)), well_tracked)


class _Chain:
    """Turns from the first picture on, by way of key pictures."""

    def __init__(self, focal_length: float, may_zoom: bool) -> None:
        self.focal_length, self._may_zoom = focal_length, may_zoom
        self._key_rotation, self._key_zoom = np.eye(3), 1.0
        self._start = np.eye(3)
        self.rotations: list[Array] = []
        self.zooms: list[float] = []
        self.residuals: list[float] = []

    def add(self, matches: Matches) -> Array:
        """Take the next picture; (N,) pixels by which its points are missed, but for parallax, as far as that goes."""
        focal_length = self.focal_length * self._key_zoom
        turn = fit_turn(matches.before, matches.after, focal_length, self._start, self._may_zoom)
        self._start = turn.rotation
        self.rotations.append(turn.rotation @ self._key_rotation)
        self.zooms.append(turn.zoom * self._key_zoom)
        residual = float(np.median(turn.errors))
        self.residuals.append(residual)
        off = parallax_errors(matches.before, matches.after, focal_length, turn)
        return np.where(turn.errors < LARGEST_PARALLAX, off, turn.errors) - 3 * residual

    def hold(self) -> None:
        """Go on to turn, more and more slowly, if nothing can be followed; at the first picture stand still."""
        before, last = ([np.eye(3)] * 2 + self.rotations)[-2:]
        self.rotations.append(axis_angle_to_matrix(_SLOWING * matrix_to_axis_angle(last @ before.T)) @ last)
        self.zooms.append(self.zooms[-1] if self.zooms else 1.0)
        self.residuals.append(0.0)

    def set_key(self) -> None:
        """The last picture becomes the key picture."""
        self._key_rotation, self._key_zoom, self._start = self.rotations[-1], self.zooms[-1], np.eye(3)


def _with_people(copies: Iterable[GreyCopy], people: Sequence[Keypoints]) -> Iterator[_Picture]:
    for copy in copies:
        height, width = copy.pixels.shape
        yield copy.index, copy.pixels, people_mask(people, copy.time, (height, width))
