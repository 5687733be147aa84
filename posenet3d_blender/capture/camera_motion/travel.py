"""The way of a camera that travels, from the background's parallax: a bundle adjustment of a few pictures a second.

Positions come in the unit in which the background is about 5 away: only people and the ground tell metres
(`moving_camera.py`). A point has one unknown, the logarithm of its inverse depth in the picture that first shows it.
Starting from a camera at rest and points at one depth, the adjustment finds short and long ways alike, as others have
shown for accidental motion (Yu and Gallup, CVPR 2014).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import Array
from ...body.rotations import axis_angle_to_matrix, cross_matrix, interpolate_rotations, matrix_to_axis_angle
from .sights import Sights

FIRST_PIECE: Final = 12
FIRST_WAY: Final = 0.3
"""Units by which the camera may move in the first piece, to begin with."""
FEWEST_COMMON: Final = 30
"""Points of two pictures that tell their essential matrix."""
PIECE: Final = 8
"""Pictures by which the adjusted part of the way grows."""
WINDOW: Final = 40
"""Pictures that are adjusted when a piece is added, ..."""
LOOSE: Final = 10
"""... of which the last known ones, and the new ones, may move."""
MOST_AT_ONCE: Final = 160
"""Pictures that are adjusted together at the end."""
TRACKS: Final = 25
"""Points for each adjusted picture, and at least ..."""
FEWEST_TRACKS: Final = 400
FEWEST_SIGHTS: Final = 3
"""Adjusted pictures that must show a point."""
STEPS: Final = 25
OUTLIER: Final = 1.0
"""Pixels from which a point counts less and less."""
UNITS_TO_BACKGROUND: Final = 5.0
"""Depth of the background, as a rule: it makes the unit."""
_DEPTH_SPREAD: Final = 1.0
"""Of the logarithm of a depth, one standard deviation; points at infinity stay finite."""
_DEPTH_WEIGHT: Final = 0.05
_JERK: Final = 0.02
"""Units by which the way may bend from picture to picture, one standard deviation: where parallax says little."""


@dataclass(frozen=True)
class Travel:
    """Poses of M adjusted pictures."""

    rows: NDArray[np.intp]
    """(M,) which pictures."""
    rotations: Array
    """(M, 3, 3) from the first picture's camera frame to each one's."""
    positions: Array
    """(M, 3) in the first picture's camera frame, in units of the background's depth."""
    miss: float
    """Median pixels by which the points are missed."""
    cost: float = np.inf
    """Of the last adjustment."""

    def between(self, time: Array, turns: Array) -> tuple[Array, Array]:
        """Rotations (F, 3, 3) and positions (F, 3) of all pictures at `time` (F,), seconds.

        Between the adjusted pictures the camera shakes as `turns` (F, 3, 3), found without its way, tell.
        """
        from scipy.interpolate import CubicSpline

        changes = self.rotations @ np.swapaxes(turns[self.rows], 1, 2)  # (M, 3, 3)
        rotations = interpolate_rotations(time[self.rows], changes, time) @ turns
        return rotations, CubicSpline(time[self.rows], self.positions)(time)


def find_travel(time: Array, rotations: Array, focal_length: float, sights: Sights) -> Travel | None:
    """Adjust rotations and positions of some of F pictures; None: too few points are seen for long enough.

    Args:
        time: (F,) seconds.
        rotations: (F, 3, 3) to start from, as if the camera only turned.
        focal_length: pixels.
        sights: of all pictures.
    """
    rows = np.unique(sights.rows).astype(np.intp)
    if _choose(sights, rows) is None:
        return None
    turns = rotations[rows]
    found = _begun(rows[:FIRST_PIECE], turns[:FIRST_PIECE], focal_length, sights)
    # On a long way the last pictures show nothing of the first: the way grows piece by piece.
    for stop in [*range(FIRST_PIECE + PIECE, len(rows), PIECE), len(rows)]:
        first = max(0, stop - WINDOW)
        held = max(1, len(found.rows) - first - LOOSE)
        found = _adjust(_continued(found, turns[:stop], rows[:stop]), focal_length, sights, slice(first, stop), held)
    return _adjust(found, focal_length, sights, slice(0, len(rows)), 1) if len(rows) <= MOST_AT_ONCE else found


def _begun(rows: NDArray[np.intp], turns: Array, focal_length: float, sights: Sights) -> Travel:
    """The way's first pictures, `rows` (M,), from turns (M, 3, 3).

    Nearly as well as by the right way, turns and depths are often explained by the opposite one; so several directions
    are tried, and the way from the first picture to the last one as their essential matrix tells it.
    """
    part = np.linspace(0, 1, len(rows))[:, None]
    starts = []
    for way in (np.zeros(3), *FIRST_WAY * np.eye(3), *-FIRST_WAY * np.eye(3)):
        # Turned so that what is at the first depth stays where it was seen.
        aside = axis_angle_to_matrix(part * np.cross(way, [0.0, 0.0, 1.0]) / UNITS_TO_BACKGROUND)
        starts.append((turns @ aside, part * way))
    for last in range(len(rows) - 1, 2, -1):
        known = _essential_pose(sights, rows[0], rows[last], focal_length)
        if known is not None:
            part = (np.arange(len(rows)) / last)[:, None]
            change = matrix_to_axis_angle(known[0] @ turns[last].T)
            starts.append((axis_angle_to_matrix(part * change) @ turns, part * known[1]))
            break
    every = slice(0, len(rows))
    found = [_adjust(Travel(rows, *start, 0.0), focal_length, sights, every, 1) for start in starts]
    return min(found, key=lambda travel: travel.cost)


def _essential_pose(sights: Sights, row: int, other_row: int, focal_length: float) -> tuple[Array, Array] | None:
    """Rotation (3, 3) and position (3,) of another picture, seen from a first one; None: too few points."""
    import cv2

    first, last = sights.between(row, row), sights.between(other_row, other_row)
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


def _adjust(travel: Travel, focal_length: float, sights: Sights, part: slice, held: int) -> Travel:
    """Adjust a part of the pictures, of which the first are held."""
    rows = travel.rows[part]
    chosen = _choose(sights.between(rows[0], rows[-1]), rows)
    if chosen is None:
        return travel
    rotations, positions = travel.rotations.copy(), travel.positions.copy()
    problem = _Problem(rotations[part], positions[part], focal_length, chosen, held)
    rotations[part], positions[part] = problem.solve()
    return Travel(travel.rows, rotations, positions, problem.miss(), problem.cost())


def _continued(found: Travel, turns: Array, rows: NDArray[np.intp]) -> Travel:
    """The poses of more pictures, `rows` (M,): turned as `turns` (M, 3, 3) tell, and moving on at the last speed."""
    known = len(found.rows)
    rotations = turns @ turns[known - 1].T @ found.rotations[-1]
    rotations[:known] = found.rotations
    speed = found.positions[-1] - found.positions[-2] if known > 1 else np.zeros(3)
    steps = np.arange(1, len(turns) - known + 1)[:, None]
    positions = np.concatenate([found.positions, found.positions[-1] + steps * speed])
    return Travel(rows, rotations, positions, found.miss)


def _choose(sights: Sights, rows: NDArray[np.intp]) -> Sights | None:
    """Sights in some pictures, renumbered, of the points that are seen in most of them; None: too few."""
    points, inverse, counts = np.unique(sights.numbers, return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")[: max(FEWEST_TRACKS, TRACKS * len(rows))]
    kept = np.zeros(len(points), dtype=bool)
    kept[order] = counts[order] >= FEWEST_SIGHTS
    if kept.sum() < 3 * FEWEST_SIGHTS:
        return None
    sights_kept = kept[inverse]
    return Sights(
        np.searchsorted(rows, sights.rows[sights_kept]),
        (np.cumsum(kept) - 1)[inverse[sights_kept]],
        sights.places[sights_kept].astype(np.float64),
    )


class _Problem:
    """Levenberg and Marquardt's steps over all poses but those that are held, and all inverse depths."""

    def __init__(self, rotations: Array, positions: Array, focal_length: float, sights: Sights, held: int = 1) -> None:
        self._held = held
        self._focal_length = focal_length
        self._rotations, self._positions = rotations, positions
        order = np.lexsort((sights.rows, sights.numbers))
        rows, numbers, places = sights.rows[order], sights.numbers[order], sights.places[order]
        first = np.flatnonzero(np.diff(numbers, prepend=-1))  # each point's first sight is its anchor
        numbers = np.cumsum(np.diff(numbers, prepend=-1) > 0) - 1
        anchors = first[numbers]
        later = np.arange(len(rows)) != anchors
        self._at, self._anchor, self._point = rows[later], rows[anchors[later]], numbers[later]
        self._places = places[later]
        rays = np.column_stack([places / focal_length, np.ones(len(rows))])
        self._rays = rays[anchors[later]]  # (O, 3) in the anchor's camera
        self._log_inverse = np.full(len(first), -np.log(UNITS_TO_BACKGROUND))

    def solve(self) -> tuple[Array, Array]:
        """Rotations and positions."""
        damping, cost = 1e-3, self.cost()
        for _ in range(STEPS):
            kept = self._rotations, self._positions, self._log_inverse
            self._move(self._step(damping))
            new_cost = self.cost()
            if new_cost < cost:
                damping, converged, cost = damping / 5, cost - new_cost < 1e-4 * cost, new_cost
                if converged:
                    break
            else:
                self._rotations, self._positions, self._log_inverse = kept
                damping *= 10
        return self._rotations, self._positions

    def miss(self) -> float:
        """Median pixels by which points are missed."""
        error, *_ = self._errors()
        return float(np.median(np.linalg.norm(error, axis=1)))

    def _errors(self) -> tuple[Array, Array, Array, Array]:
        """Errors (O, 2) in pixels, directions in the cameras (O, 3), inverse depths (O,) and anchors' rays (O, 3)."""
        inverse = np.exp(self._log_inverse[self._point])
        direction = np.einsum("oba,ob->oa", self._rotations[self._anchor], self._rays)
        shift = self._positions[self._anchor] - self._positions[self._at]
        seen = np.einsum("oab,ob->oa", self._rotations[self._at], direction + inverse[:, None] * shift)
        depth = np.maximum(seen[:, 2:], 0.05)
        projected = self._focal_length * seen[:, :2] / depth
        return projected - self._places, seen, inverse, shift

    def cost(self) -> float:
        """Sum of the robust square errors, in outliers, and of what is unlikely of depths and way."""
        error, *_ = self._errors()
        square = (error**2).sum(1) / OUTLIER**2
        spread = (self._log_inverse + np.log(UNITS_TO_BACKGROUND)) / _DEPTH_SPREAD
        bend = np.diff(self._positions, 2, axis=0) / _JERK
        return float(
            (square / (1 + square)).sum() + _DEPTH_WEIGHT * (spread**2).sum() + _DEPTH_WEIGHT * (bend**2).sum()
        )

    def _step(self, damping: float) -> Array:
        from scipy.sparse import coo_matrix, diags
        from scipy.sparse.linalg import spsolve

        error, seen, inverse, shift = self._errors()
        weight = 1 / (1 + (error**2).sum(1) / OUTLIER**2) / OUTLIER  # (O,) root of Geman and McClure's
        turned = self._rotations[self._at]
        by_point = np.zeros((len(error), 2, 3))
        depth = np.maximum(seen[:, 2], 0.05)
        scale = self._focal_length / depth
        by_point[:, 0, 0] = by_point[:, 1, 1] = scale
        by_point[:, :, 2] = -(scale / depth)[:, None] * seen[:, :2]
        by_point *= weight[:, None, None]
        by_place = by_point @ (inverse[:, None, None] * turned)  # (O, 2, 3) of the anchor's position
        blocks = [
            (6 * self._at, -by_point @ cross_matrix(seen)),
            (6 * self._at + 3, -by_place),
            (
                6 * self._anchor,
                by_point @ turned @ np.swapaxes(self._rotations[self._anchor], 1, 2) @ cross_matrix(self._rays),
            ),
            (6 * self._anchor + 3, by_place),
            (6 * len(self._rotations) + self._point, (by_place @ shift[..., None])),
        ]
        rows = 2 * np.arange(len(error))[:, None, None] + np.arange(2)[None, :, None]
        entries = [
            (np.broadcast_to(rows, block.shape), start[:, None, None] + np.arange(block.shape[2]), block)
            for start, block in blocks
        ]
        size = (2 * len(error), 6 * len(self._rotations) + len(self._log_inverse))
        row, column, value = (
            np.concatenate([np.broadcast_to(entry[part], entry[2].shape).ravel() for entry in entries])
            for part in range(3)
        )
        jacobian = coo_matrix((value, (row, column)), shape=size).tocsr()
        normal = jacobian.T @ jacobian
        gradient = jacobian.T @ (error * weight[:, None]).ravel()
        prior, prior_gradient = self._priors(size[1])
        normal, gradient = normal + prior, gradient + prior_gradient
        free = np.arange(6 * self._held, size[1])
        normal = normal[free][:, free]
        normal = (normal + damping * diags(normal.diagonal() + 1e-6)).tocsc()
        step = np.zeros(size[1])
        step[free] = -spsolve(normal, gradient[free])
        return step

    def _priors(self, size: int) -> tuple[object, Array]:
        from scipy.sparse import csr_matrix, diags

        count = len(self._rotations)
        diagonal, gradient = np.zeros(size), np.zeros(size)
        diagonal[6 * count :] = _DEPTH_WEIGHT / _DEPTH_SPREAD**2
        gradient[6 * count :] = _DEPTH_WEIGHT / _DEPTH_SPREAD**2 * (self._log_inverse + np.log(UNITS_TO_BACKGROUND))
        bends = max(0, count - 2)
        rows = np.repeat(np.arange(3 * bends), 3)
        columns = (6 * np.arange(bends)[:, None, None] + 3 + np.arange(3)[:, None] + 6 * np.arange(3)).ravel()
        second = csr_matrix((np.tile([1.0, -2.0, 1.0], 3 * bends), (rows, columns)), shape=(3 * bends, size))
        bend = np.diff(self._positions, 2, axis=0).ravel()
        strength = _DEPTH_WEIGHT / _JERK**2
        return diags(diagonal) + strength * (second.T @ second), gradient + strength * (second.T @ bend)

    def _move(self, step: Array) -> None:
        count = len(self._rotations)
        poses = step[: 6 * count].reshape(count, 6)
        self._rotations = axis_angle_to_matrix(poses[:, :3]) @ self._rotations
        self._positions = self._positions + poses[:, 3:]
        self._log_inverse = np.clip(self._log_inverse + np.clip(step[6 * count :], -1, 1), -7.0, 3.0)
