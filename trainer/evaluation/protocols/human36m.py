"""Human3.6M's test set: subjects 9 and 11, all actions, all four cameras, every frame.

Files as VideoPose3D prepares them, in one folder: `data_3d_h36m.npz` (see `datasets.readers.human36m`),
`data_2d_h36m_gt.npz` and, for detected input, `data_2d_h36m_cpn_ft_h36m_dbb.npz`. The 2D files hold `positions_2d`, a
pickled dictionary subject -> action -> one (T, 17, 2) array of pixels for each camera.
https://github.com/facebookresearch/VideoPose3D/blob/main/DATASETS.md
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.skeleton import JOINT_INDEX
from posenet3d_blender.errors import PoseNet3DError

from ...datasets.plain_pickle import read_pickled_member
from ...datasets.readers.human36m import JOINTS_17, RATE, read_human36m
from .camera_resection import ResectedCamera, resect
from .sequence import TestSequence, detected_points, exact_points, true_joints

SUBJECTS: Final = ("S9", "S11")
FILE_3D: Final = "data_3d_h36m.npz"
FILE_EXACT: Final = "data_2d_h36m_gt.npz"
FILE_DETECTED: Final = "data_2d_h36m_cpn_ft_h36m_dbb.npz"
KEY_2D: Final = "positions_2d"
CAMERAS: Final = 4
_SHARED: Final = {name: index for name, index in JOINTS_17.items() if name != "middle"}
"""Joints of the 2D files that the 3D reader gives too."""
_POINTS: Final = {name: index for name, index in _SHARED.items() if name != "pelvis"}
"""Those that the student takes."""


def human36m_sequences(folder: Path, detected: bool) -> Iterator[TestSequence]:
    """All sequences of the test subjects.

    The files hold no cameras: each is found from the exact pixels of a subject's joints in all actions.

    Raises:
        PoseNet3DError: a file is missing, damaged or of another layout.
    """
    takes = {take.name: take.joints for take in read_human36m(folder / FILE_3D)}
    exact = _read_pixels(folder / FILE_EXACT)
    given = _read_pixels(folder / FILE_DETECTED) if detected else exact
    for subject in SUBJECTS:
        joints = {action: _take(takes, folder, subject, action) for action in exact[subject]}
        for camera in range(CAMERAS):
            found = _camera(joints, {action: views[camera] for action, views in exact[subject].items()})
            for action, world in joints.items():
                pixels = given[subject].get(action)
                if pixels is None:
                    raise PoseNet3DError(f"{folder / FILE_DETECTED}: {subject} has no action '{action}'")
                count = min(len(world), len(exact[subject][action][camera]), len(pixels[camera]))
                yield _sequence(f"{subject} {action} {camera}", world[:count], pixels[camera][:count], found, detected)


def _sequence(name: str, world: Array, pixels: Array, camera: ResectedCamera, detected: bool) -> TestSequence:
    """One action in one camera; world: (T, 24, 3), pixels: (T, 17, 2)."""
    in_camera = camera.to_camera(world)
    joints = true_joints({joint: in_camera[:, index] for joint, index in JOINT_INDEX.items()})
    if detected:
        scores = np.ones(len(pixels))
        rays, confidence = detected_points(
            {point: pixels[:, index] for point, index in _POINTS.items()},
            dict.fromkeys(_POINTS, scores),
            camera.intrinsics,
        )
    else:
        rays, confidence = exact_points(joints)
    return TestSequence(name, RATE, rays, confidence, joints, np.ones(len(joints), bool))


def _camera(joints: dict[str, Array], pixels: dict[str, Array]) -> ResectedCamera:
    """One camera from all actions of a subject."""
    world, picture = [], []
    for action, positions in joints.items():
        count = min(len(positions), len(pixels[action]))
        for name, index in _SHARED.items():
            world.append(positions[:count, JOINT_INDEX[name]])
            picture.append(pixels[action][:count, index])
    return resect(np.concatenate(world), np.concatenate(picture))


def _take(takes: dict[str, Array], folder: Path, subject: str, action: str) -> Array:
    """(T, 24, 3) metres."""
    name = f"h36m_{subject} {action}".replace(" ", "_")
    if name not in takes:
        raise PoseNet3DError(f"{folder / FILE_3D}: {subject} has no action '{action}', which {FILE_EXACT} has")
    return takes[name]


def _read_pixels(path: Path) -> dict[str, dict[str, list[Array]]]:
    """Pixels (T, 17, 2) by subject, action and camera, of the test subjects.

    Raises:
        PoseNet3DError: the file is missing, damaged or of another layout.
    """
    wanted = f"VideoPose3D's {path.name}"
    content = read_pickled_member(path, KEY_2D, wanted)
    result: dict[str, dict[str, list[Array]]] = {}
    for subject in SUBJECTS:
        actions = content.get(subject)
        if not isinstance(actions, dict) or not actions:
            raise PoseNet3DError(f"{path}: key '{KEY_2D}' holds no actions of {subject}; give {wanted}")
        for action, views in actions.items():
            tracks = [np.asarray(view) for view in views] if isinstance(views, list | tuple) else []
            shaped = all(track.ndim == 3 and track.shape[1:] == (17, 2) for track in tracks)
            if len(tracks) < CAMERAS or not shaped or any(track.dtype.kind not in "fiu" for track in tracks):
                raise PoseNet3DError(
                    f"{path}: {subject} '{action}' is not (T, 17, 2) numbers in {CAMERAS} cameras; give {wanted}"
                )
            result.setdefault(subject, {})[str(action)] = [track.astype(np.float64) for track in tracks]
    return result
