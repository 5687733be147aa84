"""Finger poses in motion files: keys of their own beside AMASS's, or as a part of `poses` in SMPL-H's form."""

from __future__ import annotations

from typing import Final

import numpy as np

from .arrays import AnyArray, Array
from .body.fingers import FINGER_COUNT, SIDES
from .body.skeleton import JOINT_COUNT

BODY_VALUES: Final = 3 * (JOINT_COUNT - 2)
"""Of `poses` in SMPL-H's form, whose fingers take the place of SMPL's two hand joints."""
HAND_VALUES: Final = 3 * FINGER_COUNT
SMPL_H_VALUES: Final = BODY_VALUES + 2 * HAND_VALUES
"""156, as in AMASS."""
HAND_SHAPES: Final[dict[str, tuple[int | None, ...]]] = {
    # None: one for each frame
    **{f"{side}_hand_pose": (None, HAND_VALUES) for side in SIDES},
    **{f"{side}_hand_confidence": (None,) for side in SIDES},
}
"""Optional keys of a motion file."""


def hand_arrays(data: dict[str, AnyArray]) -> dict[str, Array]:
    """The finger poses and confidences that a motion file has, by their names in a `Motion`."""
    return {key: data[key].astype(np.float64) for key in HAND_SHAPES if key in data}


def from_smpl_h(data: dict[str, AnyArray]) -> dict[str, AnyArray]:
    """A motion file's arrays with SMPL-H's `poses` (T, 156) taken apart; those of another form stay as they are.

    Hands at rest throughout, without a confidence, are those of a motion without fingers.
    """
    poses = data.get("poses", np.empty(0))
    if poses.ndim != 2 or poses.shape[1] != SMPL_H_VALUES:
        return data
    body = np.concatenate([poses[:, :BODY_VALUES], np.zeros((len(poses), 6), poses.dtype)], axis=1)
    hands = poses[:, BODY_VALUES:]
    if not hands.any() and not any(f"{side}_hand_confidence" in data for side in SIDES):
        return data | {"poses": body}
    left, right = np.split(hands, 2, axis=1)
    return data | {"poses": body, "left_hand_pose": left, "right_hand_pose": right}


def to_smpl_h(data: dict[str, AnyArray]) -> dict[str, AnyArray]:
    """A motion file's arrays with `poses` (T, 156) in SMPL-H's form; hands without a pose are the body's at rest."""
    parts = [data["poses"][:, :BODY_VALUES]]
    parts += [data.get(f"{side}_hand_pose", np.zeros((len(parts[0]), HAND_VALUES))) for side in SIDES]
    others = {key: value for key, value in data.items() if not key.endswith("_hand_pose")}
    return others | {"poses": np.concatenate(parts, axis=1)}
