"""Human3.6M as VideoPose3D prepares it: `data_3d_h36m.npz`, all subjects and actions in one file.

Layout: key `positions_3d`, a pickled dictionary subject -> action -> (T, 32, 3) metres, Z up, 50 frames per second; 32
joints, or 17 without the duplicates.
https://github.com/facebookresearch/VideoPose3D/blob/main/DATASETS.md, common/h36m_dataset.py
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np

from posenet3d_blender.arrays import Array
from posenet3d_blender.errors import PoseNet3DError

from ..axes import Z_UP_TO_Y_UP
from ..missing_joints import collar, foot, hand, spine
from ..plain_pickle import read_pickled_member
from ..take import Take, stacked_joints

KEY: Final = "positions_3d"
RATE: Final = 50.0
WANTED: Final = "VideoPose3D's data_3d_h36m.npz"

_JOINTS_32: Final = {
    "pelvis": 0,
    "right_hip": 1,
    "right_knee": 2,
    "right_ankle": 3,
    "right_foot": 4,
    "left_hip": 6,
    "left_knee": 7,
    "left_ankle": 8,
    "left_foot": 9,
    "middle": 12,
    "neck": 13,
    "head": 14,
    "left_shoulder": 17,
    "left_elbow": 18,
    "left_wrist": 19,
    "left_hand_end": 22,
    "right_shoulder": 25,
    "right_elbow": 26,
    "right_wrist": 27,
    "right_hand_end": 30,
}
JOINTS_17: Final = {
    "pelvis": 0,
    "right_hip": 1,
    "right_knee": 2,
    "right_ankle": 3,
    "left_hip": 4,
    "left_knee": 5,
    "left_ankle": 6,
    "middle": 7,
    "neck": 8,
    "head": 9,
    "left_shoulder": 11,
    "left_elbow": 12,
    "left_wrist": 13,
    "right_shoulder": 14,
    "right_elbow": 15,
    "right_wrist": 16,
}
_LAYOUTS: Final = {32: _JOINTS_32, 17: JOINTS_17}
"""SMPL's name of each joint used; `middle` is halfway up the back, `hand_end` beyond the wrist."""


def read_human36m(path: Path) -> Iterator[Take]:
    """Read all takes.

    Raises:
        PoseNet3DError: the file is missing or damaged, would run code, or a take is not of this layout.
    """
    for subject, actions in read_pickled_member(path, KEY, WANTED).items():
        if not isinstance(actions, dict):
            raise PoseNet3DError(f"{path}: key '{KEY}' holds no actions for {subject}; give {WANTED}")
        for action, positions in actions.items():
            take = f"{subject} {action}"
            joints = _smpl_joints(_checked(path, take, positions))
            stacked = stacked_joints(path, joints, f"{KEY} {take}")
            yield Take(stacked @ Z_UP_TO_Y_UP.T, RATE, f"h36m_{take}".replace(" ", "_"), "Human3.6M")


def _checked(path: Path, take: str, positions: object) -> Array:
    track = positions if isinstance(positions, np.ndarray) else np.empty(0)
    known = track.ndim == 3 and track.shape[0] > 1 and track.shape[1] in _LAYOUTS and track.shape[2] == 3
    if not known or track.dtype.kind not in "fiu":
        raise PoseNet3DError(f"{path}: '{take}' in key '{KEY}' is not (T, 32, 3) or (T, 17, 3) numbers; give {WANTED}")
    return track.astype(np.float64)


def _smpl_joints(positions: Array) -> Mapping[str, Array]:
    layout = _LAYOUTS[positions.shape[1]]
    tracks = {name: positions[:, index] for name, index in layout.items()}
    joints = {name: track for name, track in tracks.items() if name != "middle" and not name.endswith("_end")}
    joints |= spine(tracks["pelvis"], tracks["middle"], tracks["neck"])
    for side in ("left", "right"):
        joints[f"{side}_collar"] = collar(tracks["neck"], tracks[f"{side}_shoulder"])
        joints[f"{side}_hand"] = hand(tracks[f"{side}_elbow"], tracks[f"{side}_wrist"], tracks.get(f"{side}_hand_end"))
        joints.setdefault(
            f"{side}_foot",
            foot(side, tracks[f"{side}_knee"], tracks[f"{side}_ankle"], tracks["left_hip"] - tracks["right_hip"]),
        )
    return joints
