"""MPI-INF-3DHP's training sequences: `S1/Seq1/annot.mat`, with `camera.calibration` beside it.

Layout: `annot3` (14, 1) cells, one for each camera, each (T, 84): 28 joints in millimetres in the camera's frame
(x right, y down, z forward); `univ_annot3` the same, scaled to one height for all. All cameras show the same motion:
the first is used. The calibration's world is Y up.
https://vcai.mpi-inf.mpg.de/3dhp-dataset/ (README, util/mpii_get_joint_set.m, util/mpii_get_sequence_info.m)
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import numpy as np
from scipy.io import loadmat

from posenet3d_blender.arrays import Array
from posenet3d_blender.errors import PoseNet3DError, one_line

from ..axes import CAMERA_TO_Y_UP
from ..take import Take, on_floor, stacked_joints
from ..text_lines import read_text

WANTED: Final = "a training sequence's annot.mat of MPI-INF-3DHP"
KEYS: Final = ("annot3", "univ_annot3")
JOINT_COUNT: Final = 28
CALIBRATION: Final = "camera.calibration"
RATE: Final = 25.0
DOUBLE_RATE_SEQUENCES: Final = {("S1", "Seq2"), ("S3", "Seq1"), ("S3", "Seq2"), ("S5", "Seq1"), ("S5", "Seq2")}
"""Sequences recorded at twice RATE."""

_JOINTS: Final = {
    "pelvis": 4,
    "left_hip": 18,
    "right_hip": 23,
    "spine1": 3,
    "left_knee": 19,
    "right_knee": 24,
    "spine2": 2,
    "left_ankle": 20,
    "right_ankle": 25,
    "spine3": 0,
    "left_foot": 21,
    "right_foot": 26,
    "neck": 5,
    "left_collar": 8,
    "right_collar": 13,
    "head": 6,
    "left_shoulder": 9,
    "right_shoulder": 14,
    "left_elbow": 10,
    "right_elbow": 15,
    "left_wrist": 11,
    "right_wrist": 16,
    "left_hand": 12,
    "right_hand": 17,
}
"""Index of each SMPL joint; spine4, head_top and the tips of the toes are not used."""


def read_mpi_inf_3dhp(path: Path) -> Take:
    """Read one sequence. Without the calibration the first camera is assumed level, which is true to 2 degrees.

    Raises:
        PoseNet3DError: a file is missing or damaged, or a key is missing or of another layout.
    """
    key, positions = _first_camera(path)
    by_name = {name: positions[:, index] / 1000 for name, index in _JOINTS.items()}
    turned = stacked_joints(path, by_name, key) @ _camera_to_world(path.with_name(CALIBRATION)).T
    subject, sequence = path.parent.parent.name, path.parent.name
    rate = 2 * RATE if (subject, sequence) in DOUBLE_RATE_SEQUENCES else RATE
    return Take(on_floor(turned), rate, f"mpi_inf_3dhp_{subject}_{sequence}", "MPI-INF-3DHP")


def _first_camera(path: Path) -> tuple[str, Array]:
    """The key found, and (T, 28, 3) millimetres in the first camera's frame."""
    try:
        data = loadmat(path, variable_names=KEYS)
    except FileNotFoundError:
        raise PoseNet3DError(f"{path}: no such file; give {WANTED}") from None
    except Exception as error:  # scipy's reader can raise nearly anything on damaged bytes
        raise PoseNet3DError(f"{path}: not a complete .mat ({one_line(str(error))}); give {WANTED}") from error
    key = next((key for key in KEYS if key in data), None)
    if key is None:
        raise PoseNet3DError(f"{path}: key '{KEYS[0]}' is missing; give {WANTED}")
    cells = data[key]
    cell = cells.reshape(-1)[0] if isinstance(cells, np.ndarray) and cells.dtype == object and cells.size else None
    wrong = not isinstance(cell, np.ndarray) or cell.dtype.kind not in "fiu" or cell.ndim != 2
    if cell is None or wrong or cell.shape[1] != 3 * JOINT_COUNT or len(cell) < 2:
        raise PoseNet3DError(
            f"{path}: key '{key}' holds no cells of (T, 84) numbers, one for each camera; give {WANTED}"
        )
    return key, cell.reshape(-1, JOINT_COUNT, 3).astype(np.float64)


def _camera_to_world(calibration: Path) -> Array:
    """(3, 3) from the first camera's frame to Y up."""
    if not calibration.exists():
        return CAMERA_TO_Y_UP
    found = re.search(r"^\s*extrinsic\s+(.*)$", read_text(calibration, f"the data set's {CALIBRATION}"), re.MULTILINE)
    try:
        rows = np.array(found[1].split() if found else [], dtype=np.float64).reshape(4, 4)
    except ValueError as error:
        raise PoseNet3DError(f"{calibration}: key 'extrinsic' is not 16 numbers; get the file again") from error
    world_to_camera = rows[:3, :3]
    if not np.allclose(world_to_camera @ world_to_camera.T, np.eye(3), atol=1e-3) or np.linalg.det(world_to_camera) < 0:
        raise PoseNet3DError(f"{calibration}: key 'extrinsic' holds no rotation; get the file again")
    return world_to_camera.T
