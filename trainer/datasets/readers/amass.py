"""AMASS: SMPL-H (or SMPL-X) parameters, one `.npz` for each take.

Used keys: `poses` (T, 156) axis-angle radians, the pelvis and 21 body joints first, as in SMPL; `trans` (T, 3) metres;
`betas`; `mocap_framerate` (`mocap_frame_rate` with SMPL-X). Z up. https://amass.is.tue.mpg.de
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.kinematics import forward_kinematics
from posenet3d_blender.body.model import SHAPE_COUNT, Body, load_body
from posenet3d_blender.body.rotations import axis_angle_to_matrix
from posenet3d_blender.body.skeleton import JOINT_COUNT, JOINT_NAMES
from posenet3d_blender.errors import PoseNet3DError
from posenet3d_blender.npz import read_npz

from ..axes import Z_UP_TO_Y_UP
from ..take import Take, stacked_joints

WANTED: Final = "a take of AMASS (.npz)"
BODY_JOINT_COUNT: Final = 22
"""Pelvis and body, common to SMPL, SMPL-H and SMPL-X. Finger joints do not move SMPL's hand joints."""
RATE_KEYS: Final = ("mocap_framerate", "mocap_frame_rate")


def read_amass(path: Path, own_body: Body | None = None) -> Take:
    """Read one take; joints by forward kinematics.

    Args:
        path: the take.
        own_body: the user's SMPL body, for the take's first ten shape coefficients. None: the shipped body in its mean
            shape, as its shape space is not SMPL's.

    Raises:
        PoseNet3DError: the file is missing or damaged, or a key is missing, of another layout or not finite.
    """
    data = read_npz(path, WANTED, ("poses", "trans", "betas", *RATE_KEYS))
    rate_key = next((key for key in RATE_KEYS if key in data), RATE_KEYS[0])
    for key in ("poses", "trans", "betas", rate_key):
        _check(path, key, data)
    poses, trans, betas, rate = data["poses"], data["trans"], data["betas"], data[rate_key]
    if poses.ndim != 2 or poses.shape[1] < 3 * BODY_JOINT_COUNT or len(poses) < 2:
        raise PoseNet3DError(f"{path}: key 'poses' has the shape {poses.shape}, not (T, 156); give {WANTED}")
    if trans.shape != (len(poses), 3):
        raise PoseNet3DError(f"{path}: key 'trans' has the shape {trans.shape}, not ({len(poses)}, 3); give {WANTED}")
    if rate.size != 1 or rate.reshape(-1)[0] <= 0:
        raise PoseNet3DError(f"{path}: key '{rate_key}' must be one positive number; give {WANTED}")
    joints = _joints(own_body, poses, betas) + trans.astype(np.float64)[:, None]
    stacked = stacked_joints(path, {name: joints[:, i] for i, name in enumerate(JOINT_NAMES)}, "poses")
    name = f"amass_{path.parent.name}_{path.stem}"
    return Take(stacked @ Z_UP_TO_Y_UP.T, float(rate.reshape(-1)[0]), name, "AMASS")


def _check(path: Path, key: str, data: dict[str, NDArray[Any]]) -> None:
    if key not in data:
        raise PoseNet3DError(f"{path}: key '{key}' is missing; give {WANTED}")
    if data[key].dtype.kind not in "fiu" or not np.isfinite(data[key]).all():
        raise PoseNet3DError(f"{path}: key '{key}' holds values that are not finite numbers; get the file again")


def _joints(own_body: Body | None, poses: NDArray[Any], betas: NDArray[Any]) -> Array:
    """(T, 24, 3) metres, Z up, before the take's translation."""
    shape = np.zeros(SHAPE_COUNT)
    if own_body is not None:
        coefficients = betas.reshape(-1)[:SHAPE_COUNT]
        shape[: len(coefficients)] = coefficients
    rotations = np.zeros((len(poses), JOINT_COUNT, 3))
    rotations[:, :BODY_JOINT_COUNT] = poses[:, : 3 * BODY_JOINT_COUNT].reshape(len(poses), -1, 3)
    rest = (own_body or load_body()).rest_joints(shape)
    return forward_kinematics(axis_angle_to_matrix(rotations), rest)[0]
