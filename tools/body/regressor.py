"""Joints from the skin: the weights of SMPL's `J_regressor`."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.optimize import nnls

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.skeleton import JOINT_COUNT, JOINT_NAMES, PARENTS

_RING: Final = 160
"""Vertices around a joint that may have a weight."""
_HALF_WIDTH: Final = 0.06
"""Metres along the bone by which they may be off the joint."""
_SUM_STRENGTH: Final = 50.0


def joint_regressor(surfaces: Array, joints: Array, skin_weights: Array) -> Array:
    """Weights (24, V), none negative, rows summing to one, that give each joint from the skin around it.

    Args:
        surfaces: (11, V, 3) the mean surface, then how each shape component moves it, metres.
        joints: (11, 24, 3) the same of the joints.
        skin_weights: (V, 24)
    """
    mean, places = surfaces[0], joints[0]
    regressor = np.zeros((JOINT_COUNT, len(mean)))
    for joint, name in enumerate(JOINT_NAMES):
        children = [child for child in range(JOINT_COUNT) if PARENTS[child] == joint]
        if name.startswith(("pelvis", "spine", "neck", "head")):
            axis = np.array([0.0, 1.0, 0.0])
        elif children:
            axis = places[children].mean(axis=0) - places[joint]
        else:
            axis = places[joint] - places[PARENTS[joint]]
        axis = axis / np.linalg.norm(axis)
        family = [joint, *children] + ([PARENTS[joint]] if joint else [])
        near = np.abs((mean - places[joint]) @ axis) < _HALF_WIDTH
        ring = np.flatnonzero(near & (skin_weights[:, family].sum(axis=1) > 0.3))
        ring = ring[np.argsort(np.linalg.norm(mean[ring] - places[joint], axis=1), kind="stable")]
        ring = ring[:: max(1, len(ring) // _RING)]
        regressor[joint, ring] = ring_weights(surfaces[:, ring], joints[:, joint])
    return regressor


def ring_weights(ring: Array, joint: Array) -> Array:
    """Weights (N,), none negative, with the sum one, that give a joint from the vertices around it.

    Args:
        ring: (11, N, 3) the vertices of the mean surface, then how each shape component moves them, metres.
        joint: (11, 3) the same of the joint.
    """
    system = ring.transpose(0, 2, 1).reshape(-1, ring.shape[1])
    weights, _ = nnls(
        np.vstack([system, np.full((1, ring.shape[1]), _SUM_STRENGTH)]),
        np.append(joint.ravel(), _SUM_STRENGTH),
        maxiter=20000,
    )
    scaled: Array = weights / weights.sum()
    return scaled
