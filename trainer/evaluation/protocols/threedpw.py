"""3DPW's test set: `sequenceFiles/test/*.pkl`, each person, each frame with a known camera.

Keys beside those of `datasets.readers.threedpw`: `cam_poses` (T, 4, 4) world to camera, `cam_intrinsics` (3, 3) and
`poses2d`, for each person (T, 3, 18): x, y and score of OpenPose's 18 COCO points, all 0 where nobody was found.
https://virtualhumans.mpi-inf.mpg.de/3DPW/ (readme_and_demo)
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.skeleton import JOINT_INDEX
from posenet3d_blender.capture.keypoints.layouts import BODY_25
from posenet3d_blender.errors import PoseNet3DError

from ...datasets.plain_pickle import read_plain_pickle
from ...datasets.readers.threedpw import RATE, WANTED, per_person
from .sequence import TestSequence, detected_points, exact_points, true_joints

FOLDER: Final = Path("sequenceFiles", "test")
OPENPOSE_18: Final = (BODY_25[0], "neck", *BODY_25[2:8], *BODY_25[9:19])
"""OpenPose's COCO points, by the student's names: those of BODY_25 without the middle of the hips and the feet."""


def threedpw_sequences(folder: Path, detected: bool) -> Iterator[TestSequence]:
    """Every person of every sequence; folder: 3DPW's own.

    Raises:
        PoseNet3DError: there is no sequence, or a file is damaged or of another layout.
    """
    paths = sorted((folder / FOLDER).glob("*.pkl"))
    if not paths:
        raise PoseNet3DError(f"{folder}: {FOLDER} holds no .pkl; give 3DPW's folder")
    for path in paths:
        yield from _people(path, detected)


def _people(path: Path, detected: bool) -> Iterator[TestSequence]:
    data = read_plain_pickle(path, WANTED)
    intrinsics = _matrix(path, data, "cam_intrinsics", (3, 3))
    cameras = _matrix(path, data, "cam_poses", (-1, 4, 4))
    keys = ("jointPositions", "campose_valid", *(("poses2d",) if detected else ()))
    for person, (track, usable, *found) in enumerate(per_person(path, data, *keys)):
        count = len(cameras)
        if track.shape != (count, 3 * len(JOINT_INDEX)) or usable.shape != (count,):
            raise PoseNet3DError(
                f"{path}: person {person}'s joints are not ({count}, 72), or 'campose_valid' not ({count},), for the "
                f"{count} frames of 'cam_poses'; give {WANTED}"
            )
        world = track.reshape(count, -1, 3).astype(np.float64)
        in_camera = np.einsum("tij,tkj->tki", cameras[:, :3, :3], world) + cameras[:, None, :3, 3]
        joints = true_joints({name: in_camera[:, index] for name, index in JOINT_INDEX.items()})
        if not found:
            rays, confidence = exact_points(joints)
        else:
            (points,) = found
            if points.shape != (count, 3, len(OPENPOSE_18)):
                raise PoseNet3DError(f"{path}: key 'poses2d' has the shape {points.shape}, not ({count}, 3, 18)")
            rays, confidence = detected_points(
                {name: points[:, :2, index].astype(np.float64) for index, name in enumerate(OPENPOSE_18)},
                {name: points[:, 2, index].astype(np.float64) for index, name in enumerate(OPENPOSE_18)},
                intrinsics,
            )
        yield TestSequence(f"{path.stem} {person}", RATE, rays, confidence, joints, usable.astype(bool))


def _matrix(path: Path, data: dict[str, object], key: str, shape: tuple[int, ...]) -> Array:
    """An array of this shape, -1 for any number.

    Raises:
        PoseNet3DError: the key is missing or holds something else.
    """
    array = np.asarray(data.get(key, ()))
    fits = array.dtype.kind in "fiu" and array.ndim == len(shape)
    if not fits or any(wanted not in (-1, size) for wanted, size in zip(shape, array.shape, strict=True)):
        raise PoseNet3DError(f"{path}: key '{key}' is missing or no {shape} array; give {WANTED}")
    return array.astype(np.float64)
