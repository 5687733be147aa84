"""A person in a T-pose in round numbers: metres, Y up, facing +z, left at +x."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

JOINTS: dict[str, tuple[float, float, float]] = {
    "pelvis": (0, 0.95, 0),
    "left_hip": (0.1, 0.9, 0),
    "left_knee": (0.1, 0.5, 0),
    "left_ankle": (0.1, 0.1, 0),
    "left_foot": (0.1, 0.0, 0.15),
    "spine1": (0, 1.05, 0),
    "spine2": (0, 1.15, 0),
    "spine3": (0, 1.25, 0),
    "neck": (0, 1.5, 0),
    "head": (0, 1.6, 0.02),
    "left_collar": (0.07, 1.45, 0),
    "left_shoulder": (0.2, 1.45, 0),
    "left_elbow": (0.5, 1.45, 0),
    "left_wrist": (0.75, 1.45, 0),
    "left_hand": (0.85, 1.45, 0),
}
JOINTS |= {name.replace("left_", "right_"): (-x, y, z) for name, (x, y, z) in JOINTS.items() if "left_" in name}


def joint(name: str) -> NDArray[Any]:
    """(3,) metres."""
    return np.array(JOINTS[name], dtype=np.float64)


def from_pelvis(name: str) -> NDArray[Any]:
    """(3,) metres from the pelvis."""
    vector: NDArray[Any] = joint(name) - joint("pelvis")
    return vector
