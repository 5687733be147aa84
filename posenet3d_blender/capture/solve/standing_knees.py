"""Knees of people who stand still are nearly straight.

In one camera a knee bent by 3 degrees and one bent by 20 look nearly alike, and the student takes the middle: it bends
straight knees of real people by 13 to 20 degrees. A moment of standing still shows by how much.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import Array, blocks
from ...body.fingers import SIDES
from ...body.kinematics import forward_kinematics
from ...body.rotations import axis_angle_to_matrix, matrix_to_axis_angle
from ...body.skeleton import JOINT_INDEX
from ..keypoints.keypoints import KEYPOINT_INDEX
from ..keypoints.sampling import SampledKeypoints

STANDING: Final = np.radians(5.0)
"""Flexion of a knee that is stood on. In motion capture the median of people who stand still is 8 degrees."""
_MOST: Final = np.radians(12.0)
"""Largest correction."""
_BENT: Final = np.radians(25.0)
"""A student's knee that is bent by more is bent."""
_FADES: Final = np.radians(60.0)
"""Flexion from which a knee stays as it is: it shows in the picture."""
_STILL: Final = 0.12
"""Metres per second of pelvis and knees against the ankles, on average over _CALM samples."""
_CALM: Final = 9
_SHORTEST: Final = 10
"""Samples of standing still that tell enough: a third of a second."""
_UPRIGHT: Final = np.cos(np.radians(20.0))
_SEEN: Final = 0.5
_LEG_POINTS: Final = [KEYPOINT_INDEX[f"{side}_{part}"] for side in SIDES for part in ("hip", "knee", "ankle")]
_KNEES, _ANKLES = ([JOINT_INDEX[f"{side}_{part}"] for side in SIDES] for part in ("knee", "ankle"))


def straighten_standing_knees(
    rotations: Array, rest_joints: Array, sampled: SampledKeypoints, rests: Array, up: Array
) -> Array:
    """Unbend the knees of somebody who stands still somewhere in the clip, by what they are too bent there.

    The correction is one for each knee and the whole clip, and fades where the knee is bent more. The pelvis, the foot
    and the line from hip to ankle keep their directions.

    Args:
        rotations: (S, 24, 3, 3) the student's, relative to the parent.
        rest_joints: (24, 3) metres, of the student's shape.
        sampled: the keypoints.
        rests: (S, 2) from 0 to 1: how far each foot rests.
        up: (3,) against gravity, in the frame of the pelvis's rotations.

    Returns:
        (S, 24, 3, 3), the same array where nobody stands still.
    """
    flexion = matrix_to_axis_angle(rotations[:, _KNEES])[..., 0]  # (S, 2)
    still = _stands_still(rotations, rest_joints, sampled, rests, up) & (flexion < _BENT).all(axis=1)  # (S,)
    if still.sum() < _SHORTEST:
        return rotations
    straightened = rotations.copy()
    for side, bend in zip(SIDES, flexion.T, strict=True):
        usual = float(np.median(bend[still]))
        share = np.clip((_FADES - bend) / (_FADES - usual), 0, 1)  # (S,)
        turn = np.clip(usual - STANDING, 0, _MOST) * share  # (S,)
        hip, knee, ankle = (JOINT_INDEX[f"{side}_{part}"] for part in ("hip", "knee", "ankle"))
        straightened[:, hip] = rotations[:, hip] @ _about_x(turn / 2)
        straightened[:, knee] = rotations[:, knee] @ _about_x(-turn)
        straightened[:, ankle] = _about_x(turn / 2) @ rotations[:, ankle]
    return straightened


def _stands_still(
    rotations: Array, rest_joints: Array, sampled: SampledKeypoints, rests: Array, up: Array
) -> NDArray[np.bool_]:
    """(S,) upright on both feet, the legs in view and at rest."""
    if len(rotations) < _CALM:
        return np.zeros(len(rotations), dtype=bool)
    track = np.empty((len(rotations), 3, 3))
    for samples in blocks(len(rotations)):  # so that memory stays bounded
        joints, _ = forward_kinematics(rotations[samples], rest_joints)
        track[samples] = joints[:, [0, *_KNEES]] - joints[:, _ANKLES].mean(axis=1, keepdims=True)
    step = sampled.time[1] - sampled.time[0]
    speed = np.linalg.norm(np.gradient(track, step, axis=0), axis=-1).max(axis=1)  # (S,)
    padded = np.pad(speed, _CALM // 2, mode="edge")
    calm = np.convolve(padded, np.full(_CALM, 1 / _CALM), mode="valid") < _STILL
    upright = rotations[:, 0, :, 1] @ up > _UPRIGHT
    seen = (sampled.confidence[:, _LEG_POINTS] > _SEEN).all(axis=1)
    still: NDArray[np.bool_] = calm & upright & seen & (rests > 0.5).all(axis=1)
    return still


def _about_x(angles: Array) -> Array:
    """(S, 3, 3) rotations about X by angles (S,), radians."""
    matrices: Array = axis_angle_to_matrix(angles[:, None] * np.array([1.0, 0.0, 0.0]))
    return matrices
