"""Linear least squares over frames, with a banded matrix.

Residuals couple a frame's unknowns with those of a few frames before it; some unknowns are shared by all frames.
"""

from __future__ import annotations

import numpy as np

from ..arrays import Array
from .lapack import solve_banded


class FrameSystem:
    """Normal equations, gathered block by block: `frames` blocks of `size` unknowns, then `shared` unknowns."""

    def __init__(self, frames: int, size: int, shared: int, reach: int = 2) -> None:
        """Start with an empty system; `reach`: frames that a residual may reach back."""
        self.frames, self.size, self.shared = frames, size, shared
        self.blocks = [np.zeros((frames - distance, size, size)) for distance in range(min(reach + 1, frames))]
        """blocks[d][t] is the block of rows of frame t and columns of frame t + d."""
        self.border = np.zeros((frames, size, shared))
        self.corner = np.zeros((shared, shared))
        self.gradient = np.zeros((frames, size))
        self.shared_gradient = np.zeros(shared)

    def add(self, jacobians: list[Array], residual: Array, shared_jacobian: Array | None = None) -> None:
        """Add residuals that touch one frame or several in a row.

        Args:
            jacobians: for frames t, t + 1, ... each (N, R, size), where N residual groups start at frames 0 .. N - 1.
            residual: (N, R).
            shared_jacobian: (N, R, M), of the first M shared unknowns.
        """
        count = len(residual)
        for later, second in enumerate(jacobians):
            self.gradient[later : later + count] += (_transposed(second) @ residual[..., None])[..., 0]
            for earlier in range(later + 1):
                self.blocks[later - earlier][earlier : earlier + count] += _transposed(jacobians[earlier]) @ second
        if shared_jacobian is not None:
            touched = shared_jacobian.shape[-1]
            for later, jacobian in enumerate(jacobians):
                self.border[later : later + count, :, :touched] += _transposed(jacobian) @ shared_jacobian
            flat = shared_jacobian.reshape(-1, touched)  # (N R, M)
            self.corner[:touched, :touched] += flat.T @ flat
            self.shared_gradient[:touched] += flat.T @ residual.ravel()

    def add_diagonal(self, weight: Array, residual: Array) -> None:
        """Add one residual for each unknown: squared weights (size,), residual (frames, size)."""
        indices = np.arange(self.size)
        self.blocks[0][:, indices, indices] += weight
        self.gradient += weight * residual

    def add_differences(self, order: int, weight: Array, residual: Array) -> None:
        """Add the differences of an order along time, the second being x[t] - 2 x[t+1] + x[t+2].

        Args:
            order: up to the reach.
            weight: (frames - order, size) squared weights.
            residual: (frames - order, size).
        """
        count = len(residual)
        if count <= 0:
            return
        indices = np.arange(self.size)
        factors = np.diff(np.eye(order + 1), order, axis=0)[0]
        for later in range(order + 1):
            self.gradient[later : later + count] += factors[later] * weight * residual
            for earlier in range(later + 1):
                block = self.blocks[later - earlier][earlier : earlier + count]
                block[:, indices, indices] += factors[later] * factors[earlier] * weight

    def add_small_differences(self, order: int, differences: Array, deviation: Array, outlying: float) -> None:
        """Differences (frames - order, size) along time are small against their deviations (size,), as a robust term.

        Cauchy's weights: beyond `outlying` deviations a difference counts less and less. With an infinite deviation it
        does not count.
        """
        robust_weight = 1 / (1 + (differences / (outlying * deviation)) ** 2)
        self.add_differences(order, robust_weight / deviation**2, differences)

    def solve(self, damping: float) -> tuple[Array, Array]:
        """The damped Gauss-Newton step, (frames, size) and (shared,), by the Schur complement of the shared part."""
        border = self.border.reshape(self.frames * self.size, self.shared)
        right = np.concatenate([border, -self.gradient.reshape(-1, 1)], axis=1)  # (frames size, shared + 1)
        solution = solve_banded(self._band(damping), right)
        coupling, frame_step = solution[:, :-1], solution[:, -1]
        shared_step = np.linalg.solve(
            self.corner - border.T @ coupling + damping * np.eye(self.shared),
            -self.shared_gradient - border.T @ frame_step,
        )
        return (frame_step - coupling @ shared_step).reshape(self.frames, self.size), shared_step

    def _band(self, damping: float) -> Array:
        """The frames' blocks in the lower banded form of LAPACK."""
        size = self.size
        band = np.zeros((self.frames, size, size * len(self.blocks)))  # rows: columns of LAPACK, from the diagonal
        for distance, blocks in enumerate(self.blocks):
            for unknown in range(size):
                first = max(0, unknown - distance * size)  # what lies above the diagonal is left out
                start = distance * size - unknown + first
                band[: len(blocks), unknown, start : start + size - first] = blocks[:, unknown, first:]
        band[:, :, 0] += damping
        return band.reshape(self.frames * size, -1).T


def _transposed(matrices: Array) -> Array:
    return np.swapaxes(matrices, -1, -2)
