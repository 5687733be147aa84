"""The path of a camera that travels, from the background's parallax: a bundle adjustment of a few pictures a second.

Positions come in the unit in which the background is about 5 away: only people and the ground tell metres
(`moving_camera.py`). Starting from a camera at rest and points at one depth, the adjustment finds short and long paths
alike, as others have shown for accidental motion (Yu and Gallup, CVPR 2014).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import Array
from ...body.rotations import axis_angle_to_matrix, interpolate_rotations, matrix_to_axis_angle
from .bundle import OUTLIER, UNITS_TO_BACKGROUND, Bundle
from .observations import Observations

FIRST_PIECE: Final = 12
FIRST_STEP: Final = 0.3
"""Units by which the camera may move in the first piece, to begin with."""
FEWEST_COMMON: Final = 30
"""Points of two pictures that tell their essential matrix."""
PIECE: Final = 8
"""Pictures by which the adjusted part of the path grows."""
WINDOW: Final = 40
"""Pictures that are adjusted when a piece is added, ..."""
LOOSE: Final = 10
"""... of which the last known ones, and the new ones, may move."""
MOST_AT_ONCE: Final = 160
"""Pictures that are adjusted together at the end."""
TRACKS: Final = 25
"""Points for each adjusted picture, and at least ..."""
FEWEST_TRACKS: Final = 400
FEWEST_OBSERVATIONS: Final = 3
"""Adjusted pictures that must show a point."""


@dataclass(frozen=True)
class Travel:
    """Poses of M adjusted pictures."""

    rows: NDArray[np.intp]
    """(M,) which pictures."""
    rotations: Array
    """(M, 3, 3) from the first picture's camera frame to each one's."""
    positions: Array
    """(M, 3) in the first picture's camera frame, in units of the background's depth."""
    residual: float
    """Median pixels by which the points are missed."""
    cost: float = np.inf
    """Of the last adjustment."""

    def between(self, time: Array, turns: Array) -> tuple[Array, Array]:
        """Rotations (F, 3, 3) and positions (F, 3) of all pictures at `time` (F,), seconds.

        Between the adjusted pictures the camera shakes as `turns` (F, 3, 3), found without its path, tell.
        """
        from scipy.interpolate import CubicSpline

        changes = self.rotations @ np.swapaxes(turns[self.rows], 1, 2)  # (M, 3, 3)
        rotations = interpolate_rotations(time[self.rows], changes, time) @ turns
        return rotations, CubicSpline(time[self.rows], self.positions)(time)


def find_travel(rotations: Array, focal_length: float, observations: Observations) -> Travel | None:
    """Adjust rotations and positions of some of F pictures; None: too few points are seen for long enough.

    Args:
        rotations: (F, 3, 3) to start from, as if the camera only turned.
        focal_length: pixels.
        observations: of all pictures.
    """
    rows = np.unique(observations.rows).astype(np.intp)
    if _choose(observations, rows) is None:
        return None
    turns = rotations[rows]
    found = _begun(rows[:FIRST_PIECE], turns[:FIRST_PIECE], focal_length, observations)
    # On a long path the last pictures show nothing of the first: the path grows piece by piece.
    for stop in [*range(FIRST_PIECE + PIECE, len(rows), PIECE), len(rows)]:
        first = max(0, stop - WINDOW)
        held = max(1, len(found.rows) - first - LOOSE)
        found = _adjust(
            _continued(found, turns[:stop], rows[:stop]), focal_length, observations, slice(first, stop), held
        )
    return _adjust(found, focal_length, observations, slice(0, len(rows)), 1) if len(rows) <= MOST_AT_ONCE else found


def _begun(rows: NDArray[np.intp], turns: Array, focal_length: float, observations: Observations) -> Travel:
    """The path's first pictures, `rows` (M,), from turns (M, 3, 3).

    Nearly as well as by the right path, turns and depths are often explained by the opposite one; so several directions
    are tried, and the translation from the first picture to the last one as their essential matrix tells it.
    """
    part = np.linspace(0, 1, len(rows))[:, None]
    starts = []
    for step in (np.zeros(3), *FIRST_STEP * np.eye(3), *-FIRST_STEP * np.eye(3)):
        # Turned so that what is at the first depth stays where it was seen.
        aside = axis_angle_to_matrix(part * np.cross(step, [0.0, 0.0, 1.0]) / UNITS_TO_BACKGROUND)
        starts.append((turns @ aside, part * step))
    for last in range(len(rows) - 1, 2, -1):
        known = _essential_pose(observations, rows[0], rows[last], focal_length)
        if known is not None:
            part = (np.arange(len(rows)) / last)[:, None]
            change = matrix_to_axis_angle(known[0] @ turns[last].T)
            starts.append((axis_angle_to_matrix(part * change) @ turns, part * known[1]))
            break
    every = slice(0, len(rows))
    found = [_adjust(Travel(rows, *start, 0.0), focal_length, observations, every, 1) for start in starts]
    return min(found, key=lambda travel: travel.cost)


def _essential_pose(
    observations: Observations, row: int, other_row: int, focal_length: float
) -> tuple[Array, Array] | None:
    """Rotation (3, 3) and position (3,) of another picture, seen from a first one; None: too few points."""
    import cv2

    first, last = observations.between(row, row), observations.between(other_row, other_row)
    _, own, other = np.intersect1d(first.numbers, last.numbers, return_indices=True)
    if len(own) < FEWEST_COMMON:
        return None
    before, after = first.places[own].astype(np.float64), last.places[other].astype(np.float64)
    lens = np.diag([focal_length, focal_length, 1.0])
    essential, inliers = cv2.findEssentialMat(before, after, lens, cv2.RANSAC, 0.999, OUTLIER)
    if essential is None or essential.shape != (3, 3):
        return None
    _, rotation, shift, _, points = cv2.recoverPose(essential, before, after, lens, distanceThresh=1e3, mask=inliers)
    depths = points[2] / points[3]
    depth = float(np.median(depths[depths > 0])) if (depths > 0).any() else UNITS_TO_BACKGROUND
    return np.asarray(rotation), np.asarray(-rotation.T @ shift[:, 0] * UNITS_TO_BACKGROUND / depth)


def _adjust(travel: Travel, focal_length: float, observations: Observations, part: slice, held: int) -> Travel:
    """Adjust a part of the pictures, of which the first are held."""
    rows = travel.rows[part]
    chosen = _choose(observations.between(rows[0], rows[-1]), rows)
    if chosen is None:
        return travel
    rotations, positions = travel.rotations.copy(), travel.positions.copy()
    problem = Bundle(rotations[part], positions[part], focal_length, chosen, held)
    rotations[part], positions[part] = problem.solve()
    return Travel(travel.rows, rotations, positions, problem.residual(), problem.cost())


def _continued(found: Travel, turns: Array, rows: NDArray[np.intp]) -> Travel:
    """The poses of more pictures, `rows` (M,): turned as `turns` (M, 3, 3) tell, and moving on at the last speed."""
    known = len(found.rows)
    rotations = turns @ turns[known - 1].T @ found.rotations[-1]
    rotations[:known] = found.rotations
    speed = found.positions[-1] - found.positions[-2] if known > 1 else np.zeros(3)
    steps = np.arange(1, len(turns) - known + 1)[:, None]
    positions = np.concatenate([found.positions, found.positions[-1] + steps * speed])
    return Travel(rows, rotations, positions, found.residual)


def _choose(observations: Observations, rows: NDArray[np.intp]) -> Observations | None:
    """Observations in some pictures, renumbered, of the points that are seen in most of them; None: too few."""
    points, inverse, counts = np.unique(observations.numbers, return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")[: max(FEWEST_TRACKS, TRACKS * len(rows))]
    kept = np.zeros(len(points), dtype=bool)
    kept[order] = counts[order] >= FEWEST_OBSERVATIONS
    if kept.sum() < 3 * FEWEST_OBSERVATIONS:
        return None
    observations_kept = kept[inverse]
    return Observations(
        np.searchsorted(rows, observations.rows[observations_kept]),
        (np.cumsum(kept) - 1)[inverse[observations_kept]],
        observations.places[observations_kept].astype(np.float64),
    )
