"""Proportions of the body at rest."""

from __future__ import annotations

import numpy as np

from posenet3d_blender.body.model import Body
from posenet3d_blender.body.skeleton import JOINT_INDEX


def hand_to_forearm(body: Body) -> float:
    """Length from wrist to hand joint over that from elbow to wrist, on the body at rest."""
    elbow, wrist, hand = (body.joint_template[JOINT_INDEX[f"left_{part}"]] for part in ("elbow", "wrist", "hand"))
    return float(np.linalg.norm(hand - wrist) / np.linalg.norm(wrist - elbow))
