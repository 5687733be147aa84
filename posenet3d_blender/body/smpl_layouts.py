"""Bodies of SMPL's family with more joints, SMPL-H and SMPL-X, as a body of SMPL's 24 joints with fingers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..arrays import AnyArray, Array
from .fingers import FINGER_COUNT, FINGER_JOINTS, FINGER_PARENTS, HANDS, WRISTS, Fingers
from .skeleton import JOINT_COUNT, JOINT_INDEX, PARENTS

_BODY: Final = 22
"""Joints that all of them have in common: SMPL's without the hands."""
_KNUCKLES: Final = np.array([0.25 if joint.endswith("1") and joint != "thumb1" else 0.0 for joint in FINGER_JOINTS])
"""(15,) shares of the joints in whose middle SMPL has the hand."""


@dataclass(frozen=True)
class Layout:
    """Joints of a body file."""

    face: int
    """Joints of jaw and eyes between body and fingers; they stay at rest."""

    @property
    def first_finger(self) -> int:
        """Index of left_index1."""
        return _BODY + self.face

    @property
    def parents(self) -> tuple[int, ...]:
        """Parent of each joint, -1 for the pelvis."""
        fingers = [
            WRISTS[side] if parent < 0 else self.first_finger + side * FINGER_COUNT + parent
            for side in range(2)
            for parent in FINGER_PARENTS
        ]
        return (*PARENTS[:_BODY], *[JOINT_INDEX["head"]] * self.face, *fingers)


LAYOUTS: Final = {52: Layout(face=0), 55: Layout(face=3)}
"""By the number of joints."""


def parents_of(joint_count: int) -> tuple[int, ...]:
    """Parent of each joint of a body with 24, 52 or 55 joints."""
    return PARENTS if joint_count == JOINT_COUNT else LAYOUTS[joint_count].parents


def with_24_joints(arrays: dict[str, AnyArray]) -> tuple[dict[str, AnyArray], Fingers | None]:
    """The arrays of a checked body file as those of an SMPL body, and its fingers if it has any.

    Jaw and eyes move with the head. `posedirs` must be (V, 3, 9 (J - 1)).
    """
    layout = LAYOUTS.get(arrays["weights"].shape[1])
    if layout is None:
        return arrays, None
    first = layout.first_finger
    weights = _gathered(arrays["weights"], first, np.ones(FINGER_COUNT))
    weights[:, JOINT_INDEX["head"]] += arrays["weights"][:, _BODY:first].sum(axis=1)
    regressor = arrays["J_regressor"]
    reduced = arrays | {"weights": weights, "J_regressor": _gathered(regressor.T, first, _KNUCKLES).T}
    directions = None
    if "posedirs" in arrays:
        by_joint = arrays["posedirs"].reshape(len(weights), 3, -1, 9)  # of joints 1 and on
        stiff = np.zeros((len(weights), 3, len(HANDS), 9))
        reduced["posedirs"] = np.concatenate([by_joint[:, :, : _BODY - 1], stiff], axis=2).reshape(len(weights), 3, -1)
        directions = by_joint[:, :, first - 1 :].reshape(len(weights), 3, -1).astype(np.float64)
    reduced.pop("kintree_table", None)
    return reduced, Fingers(
        joint_regressor=regressor[first:].astype(np.float64),
        skin_weights=(arrays["weights"][:, first:] / weights.sum(axis=1, keepdims=True)).astype(np.float64),
        pose_directions=directions if directions is not None and directions.any() else None,
    )


def _gathered(columns: AnyArray, first_finger: int, shares: Array) -> Array:
    """(V, 24) of (V, J): the body's columns, and for each hand its fingers' by `shares` (15,)."""
    hands = [columns[:, start : start + FINGER_COUNT] @ shares for start in (first_finger, first_finger + FINGER_COUNT)]
    return np.column_stack([columns[:, :_BODY], *hands]).astype(np.float64)
