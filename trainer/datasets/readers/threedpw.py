"""3DPW: one pickle for each sequence (`sequenceFiles/*/NAME.pkl`), made by Python 2, with one or two people.

Used keys, each a list with an entry for each person: `jointPositions` (T, 72) metres, SMPL-24 joints, Y up;
`campose_valid` (T,), false where the camera, and so the person's position, was lost. 30 frames per second.
https://virtualhumans.mpi-inf.mpg.de/3DPW/ (readme_and_demo)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.body.skeleton import JOINT_COUNT, JOINT_NAMES
from posenet3d_blender.errors import PoseNet3DError

from ..plain_pickle import read_plain_pickle
from ..take import Take, on_floor, stacked_joints

RATE: Final = 30.0
WANTED: Final = "a 3DPW sequence (.pkl)"


def read_threedpw(path: Path) -> Iterator[Take]:
    """Read one sequence, a take for each person.

    Raises:
        PoseNet3DError: the file is missing or damaged, would run code, or a key is missing or of another layout.
    """
    data = read_plain_pickle(path, WANTED)
    for person, (positions, usable) in enumerate(per_person(path, data, "jointPositions", "campose_valid")):
        if positions.ndim != 2 or positions.shape[1] != 3 * JOINT_COUNT or len(positions) < 2:
            raise PoseNet3DError(f"{path}: key 'jointPositions' has the shape {positions.shape}, not (T, 72)")
        if usable.shape != (len(positions),):
            raise PoseNet3DError(f"{path}: key 'campose_valid' has the shape {usable.shape}, not ({len(positions)},)")
        joints = positions.reshape(-1, JOINT_COUNT, 3).astype(np.float64)
        stacked = stacked_joints(path, {name: joints[:, i] for i, name in enumerate(JOINT_NAMES)}, "jointPositions")
        name = f"3dpw_{path.stem}_{person}"
        yield Take(on_floor(stacked), RATE, name, "3DPW", usable.astype(bool))


def per_person(path: Path, data: Mapping[str, object], *keys: str) -> list[tuple[NDArray[Any], ...]]:
    """Each person's arrays of numbers, one for each key.

    Raises:
        PoseNet3DError: a key is missing, holds something else or has another number of people.
    """
    columns = [_people(path, data, key) for key in keys]
    for key, column in zip(keys, columns, strict=True):
        if len(column) != len(columns[0]):
            raise PoseNet3DError(f"{path}: key '{key}' has {len(column)} people, '{keys[0]}' {len(columns[0])}")
    return list(zip(*columns, strict=True))


def _people(path: Path, data: Mapping[str, object], key: str) -> list[NDArray[Any]]:
    if key not in data:
        raise PoseNet3DError(f"{path}: key '{key}' is missing; give {WANTED}")
    people = data[key]
    if not isinstance(people, list) or not people:
        raise PoseNet3DError(f"{path}: key '{key}' is no list of people; give {WANTED}")
    arrays = [np.asarray(person) for person in people]
    if any(array.dtype.kind not in "fiub" for array in arrays):
        raise PoseNet3DError(f"{path}: key '{key}' holds something other than numbers; give {WANTED}")
    return arrays
