"""MPI-INF-3DHP's test set: `TS1` to `TS6`, each with `annot_data.mat`, frames marked as valid.

Layout (MATLAB 7.3, so HDF5): `annot3` and `univ_annot3` (T, 1, 17, 3) millimetres in the camera's frame, the second
scaled to one height for all, which is what papers are measured on; `valid_frame` (T, 1).
https://vcai.mpi-inf.mpg.de/3dhp-dataset/ (README of the test set, util/mpii_evaluate_errors.m)
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import h5py
import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.arrays import Array
from posenet3d_blender.errors import PoseNet3DError, one_line

from .sequence import TestSequence, exact_points, true_joints

FILE: Final = "annot_data.mat"
RATE: Final = 25.0
JOINTS_17: Final = (
    "head_top",
    "neck",
    *(f"right_{joint}" for joint in ("shoulder", "elbow", "wrist")),
    *(f"left_{joint}" for joint in ("shoulder", "elbow", "wrist")),
    *(f"right_{joint}" for joint in ("hip", "knee", "ankle")),
    *(f"left_{joint}" for joint in ("hip", "knee", "ankle")),
    "pelvis",
    "spine",
    "head",
)
_NOT_SMPL: Final = "spine"
"""Halfway up the back; SMPL's spine has three joints, none of them there."""


def mpi_inf_3dhp_sequences(folder: Path, detected: bool) -> Iterator[TestSequence]:
    """The test sequences; folder: the test set's own.

    Raises:
        PoseNet3DError: detected input is asked for, there is no sequence, or a file is damaged or of another layout.
    """
    if detected:
        raise PoseNet3DError("the test set of MPI-INF-3DHP has no detected points; use --input clean")
    paths = sorted(folder.glob(f"TS*/{FILE}"))
    if not paths:
        raise PoseNet3DError(f"{folder}: it holds no TS1/{FILE}; give the folder of MPI-INF-3DHP's test set")
    for path in paths:
        seen, measured, valid = _read(path)
        rays, confidence = exact_points(_by_name(seen))
        yield TestSequence(path.parent.name, RATE, rays, confidence, _by_name(measured), valid)


def _by_name(positions: Array) -> Array:
    """(T, 25, 3) metres of (T, 17, 3) millimetres."""
    return true_joints({name: positions[:, index] / 1000 for index, name in enumerate(JOINTS_17) if name != _NOT_SMPL})


def _read(path: Path) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Joints as the camera saw them and as measured, each (T, 17, 3), and the valid frames (T,)."""
    arrays = []
    try:
        with h5py.File(path) as file:
            for key in ("annot3", "univ_annot3", "valid_frame"):
                if key not in file:
                    raise PoseNet3DError(f"{path}: key '{key}' is missing; give the test set's {FILE}")
                arrays.append(np.asarray(file[key]))
    except OSError as error:
        raise PoseNet3DError(f"{path}: not a complete .mat ({one_line(str(error))}); get the file again") from error
    seen, measured, valid = arrays
    shape = (len(seen), 1, len(JOINTS_17), 3)
    if seen.shape != shape or measured.shape != shape or valid.size != len(seen) or seen.dtype.kind != "f":
        raise PoseNet3DError(f"{path}: 'annot3' is not (T, 1, 17, 3) or the others differ; give the test set's {FILE}")
    return seen[:, 0].astype(np.float64), measured[:, 0].astype(np.float64), valid.reshape(-1) > 0
