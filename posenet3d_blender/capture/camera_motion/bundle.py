"""Bundle adjustment: the poses of some pictures, and depths of background points, that explain where these are seen.

A point has one unknown, the logarithm of its inverse depth in the picture that first shows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import Array
from ...body.rotations import axis_angle_to_matrix, cross_matrix
from .observations import Observations

STEPS: Final = 25
OUTLIER: Final = 1.0
"""Pixels from which a point counts less and less."""
UNITS_TO_BACKGROUND: Final = 5.0
"""Depth of the background, as a rule: it makes the unit."""
_DEPTH_SPREAD: Final = 1.0
"""Of the logarithm of a depth, one standard deviation; points at infinity stay finite."""
_DEPTH_WEIGHT: Final = 0.001
"""Against a square error of an outlier. Depths are much alike in the whole picture: as if each were independent, they
would bend the turns of a camera whose path is short."""
_JERK: Final = 0.02
"""Units by which the path may bend from picture to picture, one standard deviation: where parallax says little."""
_JERK_WEIGHT: Final = 0.05


class Bundle:
    """Levenberg and Marquardt's steps over all poses but those that are held, and all inverse depths."""

    def __init__(
        self, rotations: Array, positions: Array, focal_length: float, observations: Observations, held: int = 1
    ) -> None:
        """Start from poses, and from points at one depth.

        Args:
            rotations: (M, 3, 3) from the first picture's camera frame to each one's.
            positions: (M, 3) in the first picture's camera frame.
            focal_length: pixels.
            observations: in these pictures, numbered from 0.
            held: the first pictures whose poses are known.
        """
        self._held = held
        self._focal_length = focal_length
        self._rotations, self._positions = rotations, positions
        order = np.lexsort((observations.rows, observations.numbers))
        rows, numbers, places = observations.rows[order], observations.numbers[order], observations.places[order]
        first = np.flatnonzero(np.diff(numbers, prepend=-1))  # each point's first observation is its anchor
        numbers = np.cumsum(np.diff(numbers, prepend=-1) > 0) - 1
        anchors = first[numbers]
        later = np.arange(len(rows)) != anchors
        self._at, self._anchor, self._point = rows[later], rows[anchors[later]], numbers[later]
        self._places = places[later]
        rays = np.column_stack([places / focal_length, np.ones(len(rows))])
        self._rays = rays[anchors[later]]  # (O, 3) in the anchor's camera
        self._crossed_rays = cross_matrix(self._rays)
        self._log_inverse = np.full(len(first), -np.log(UNITS_TO_BACKGROUND))

    def solve(self) -> tuple[Array, Array]:
        """Rotations and positions."""
        damping, cost = 1e-3, self.cost()
        for _ in range(STEPS):
            kept = self._rotations, self._positions, self._log_inverse
            self._move(*self._system().step(damping, self._held))
            new_cost = self.cost()
            if new_cost < cost:
                damping, converged, cost = damping / 5, cost - new_cost < 1e-4 * cost, new_cost
                if converged:
                    break
            else:
                self._rotations, self._positions, self._log_inverse = kept
                damping *= 10
        return self._rotations, self._positions

    def residual(self) -> float:
        """Median pixels by which points are missed."""
        error, *_ = self._errors()
        return float(np.median(np.linalg.norm(error, axis=1)))

    def cost(self) -> float:
        """Sum of the robust square errors, in outliers, and of what is unlikely of depths and path."""
        error, *_ = self._errors()
        square = (error**2).sum(1) / OUTLIER**2
        spread = (self._log_inverse + np.log(UNITS_TO_BACKGROUND)) / _DEPTH_SPREAD
        bend = np.diff(self._positions, 2, axis=0) / _JERK
        return float((square / (1 + square)).sum() + _DEPTH_WEIGHT * (spread**2).sum() + _JERK_WEIGHT * (bend**2).sum())

    def _errors(self) -> tuple[Array, Array, Array, Array]:
        """Errors (O, 2) in pixels, directions in the cameras (O, 3), inverse depths (O,) and anchors' shifts (O, 3)."""
        inverse = np.exp(self._log_inverse[self._point])
        direction = np.einsum("oba,ob->oa", self._rotations[self._anchor], self._rays)
        shift = self._positions[self._anchor] - self._positions[self._at]
        seen = np.einsum("oab,ob->oa", self._rotations[self._at], direction + inverse[:, None] * shift)
        depth = np.maximum(seen[:, 2:], 0.05)
        projected = self._focal_length * seen[:, :2] / depth
        return projected - self._places, seen, inverse, shift

    def _system(self) -> _PosesAndDepths:
        """The normal equations, linearised here."""
        error, seen, inverse, shift = self._errors()
        weight = 1 / (1 + (error**2).sum(1) / OUTLIER**2) / OUTLIER  # (O,) root of Geman and McClure's
        turned = self._rotations[self._at]
        by_seen = np.zeros((len(error), 2, 3))
        depth = np.maximum(seen[:, 2], 0.05)
        scale = self._focal_length / depth
        by_seen[:, 0, 0] = by_seen[:, 1, 1] = scale
        by_seen[:, :, 2] = -(scale / depth)[:, None] * seen[:, :2]
        by_seen *= weight[:, None, None]
        by_place = by_seen @ (inverse[:, None, None] * turned)  # (O, 2, 3) of the anchor's position
        from_anchor = turned @ np.swapaxes(self._rotations[self._anchor], 1, 2)
        by_own = np.concatenate([-by_seen @ cross_matrix(seen), -by_place], axis=2)  # (O, 2, 6) of the picture's pose
        by_anchor = np.concatenate([by_seen @ from_anchor @ self._crossed_rays, by_place], axis=2)
        by_depth = (by_place @ shift[..., None])[..., 0]  # (O, 2)
        system = _PosesAndDepths.empty(len(self._rotations), len(self._log_inverse))
        system.add(self._at, self._anchor, self._point, by_own, by_anchor, by_depth, weight[:, None] * error)
        system.add_priors(self._positions, self._log_inverse + np.log(UNITS_TO_BACKGROUND))
        return system

    def _move(self, poses: Array, depths: Array) -> None:
        """Take a step, poses (M, 6) and logarithms of inverse depths (P,)."""
        self._rotations = axis_angle_to_matrix(poses[:, :3]) @ self._rotations
        self._positions = self._positions + poses[:, 3:]
        self._log_inverse = np.clip(self._log_inverse + np.clip(depths, -1, 1), -7.0, 3.0)


@dataclass(frozen=True)
class _PosesAndDepths:
    """Normal equations of M poses of six unknowns, and of P depths, each of which only its own observations tell."""

    poses: Array
    """(M, 6, M, 6)"""
    coupling: Array
    """(P, M, 6)"""
    depths: Array
    """(P,)"""
    pose_gradient: Array
    """(M, 6)"""
    depth_gradient: Array
    """(P,)"""

    @staticmethod
    def empty(poses: int, depths: int) -> _PosesAndDepths:
        """Of nothing seen."""
        return _PosesAndDepths(
            np.zeros((poses, 6, poses, 6)),
            np.zeros((depths, poses, 6)),
            np.zeros(depths),
            np.zeros((poses, 6)),
            np.zeros(depths),
        )

    def add(
        self,
        at: NDArray[np.intp],
        anchor: NDArray[np.intp],
        point: NDArray[np.intp],
        by_own: Array,
        by_anchor: Array,
        by_depth: Array,
        error: Array,
    ) -> None:
        """Add O observations.

        Args:
            at: (O,) the picture of each.
            anchor: (O,) the picture in which the point's depth is.
            point: (O,)
            by_own: (O, 2, 6) derivative of the errors by the pose of `at`.
            by_anchor: (O, 2, 6) the same by the pose of `anchor`.
            by_depth: (O, 2) the same by the depth.
            error: (O, 2)
        """
        count = len(self.poses)
        every = np.arange(count)
        for row, derivative in ((at, by_own), (anchor, by_anchor)):
            transposed = np.swapaxes(derivative, 1, 2)
            self.poses[every, :, every] += _summed(row, transposed @ derivative, count)
            self.pose_gradient[:] += _summed(row, (transposed @ error[..., None])[..., 0], count)
            coupled = (transposed @ by_depth[..., None])[..., 0]  # (O, 6)
            self.coupling[:] += _summed(point * count + row, coupled, self.coupling[..., 0].size).reshape(
                self.coupling.shape
            )
        crossed = _summed(at * count + anchor, np.swapaxes(by_own, 1, 2) @ by_anchor, count**2)
        crossed = crossed.reshape(count, count, 6, 6).swapaxes(1, 2)  # (M, 6, M, 6)
        self.poses[:] += crossed + crossed.transpose(2, 3, 0, 1)
        self.depths[:] += _summed(point, (by_depth**2).sum(1), len(self.depths))
        self.depth_gradient[:] += _summed(point, (by_depth * error).sum(1), len(self.depths))

    def add_priors(self, positions: Array, log_inverse: Array) -> None:
        """Add what is unlikely of the path (M, 3), and of the logarithms (P,) of inverse depths over the usual one."""
        self.depths[:] += _DEPTH_WEIGHT / _DEPTH_SPREAD**2
        self.depth_gradient[:] += _DEPTH_WEIGHT / _DEPTH_SPREAD**2 * log_inverse
        bends = np.diff(np.eye(len(positions)), 2, axis=0)  # (M - 2, M)
        strength = _JERK_WEIGHT / _JERK**2
        for axis in range(3):
            self.poses[:, 3 + axis, :, 3 + axis] += strength * bends.T @ bends
        self.pose_gradient[:, 3:] += strength * bends.T @ (bends @ positions)

    def step(self, damping: float, held: int) -> tuple[Array, Array]:
        """The damped step, poses (M, 6) and depths (P,), by the Schur complement of the depths; `held` poses stay."""
        count = self.pose_gradient.size
        free = slice(6 * held, count)
        poses = self.poses.reshape(count, count)[free, free]
        poses = poses + damping * np.diag(poses.diagonal() + 1e-6)
        coupling = self.coupling.reshape(-1, count)[:, free]  # (P, 6 F)
        depths = self.depths + damping * (self.depths + 1e-6)
        scaled = coupling / depths[:, None]
        step = np.zeros(count)
        step[free] = np.linalg.solve(
            poses - scaled.T @ coupling, scaled.T @ self.depth_gradient - self.pose_gradient.ravel()[free]
        )
        return step.reshape(-1, 6), -(self.depth_gradient + coupling @ step[free]) / depths


def _summed(indices: NDArray[np.intp], values: Array, count: int) -> Array:
    """(count, ...) sums of the values (O, ...) that have the same index (O,)."""
    flat = values.reshape(len(values), -1)
    size = flat.shape[1]
    places = indices[:, None] * size + np.arange(size)
    summed = np.bincount(places.ravel(), weights=flat.ravel(), minlength=count * size)
    return np.asarray(summed, dtype=np.float64).reshape(count, *values.shape[1:])
