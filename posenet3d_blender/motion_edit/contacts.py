"""Intervals in which a foot rests on the floor."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array
from ..body.skeleton import JOINT_INDEX

_LIKELY: Final = 0.5
_SHORTEST: Final = 0.08
"""Seconds; shorter contacts, and shorter gaps between contacts, are taken for noise."""
_STILL: Final = 0.25
"""Metres per second below which a low foot is taken to rest."""
_LOW: Final = 0.06
"""Metres above the foot's lowest height."""


def contact_intervals(probability: Array, frame_rate: float) -> list[slice]:
    """Frames of each contact of one foot from its probability (T,)."""
    shortest = max(1, round(_SHORTEST * frame_rate))
    mask = probability > _LIKELY
    for value in (False, True):  # gaps are closed first
        for run in _runs(mask == value):
            is_inside = value or (run.start > 0 and run.stop < len(mask))
            if run.stop - run.start < shortest and is_inside and len(mask) > shortest:
                mask[run] = not value
    return _runs(mask)


def estimate_contacts(joints: Array, frame_rate: float) -> Array:
    """(T, 2) 1 while a foot is low and slow, else 0: for motions that don't state their contacts; joints (T, 24, 3)."""
    contacts = np.zeros((len(joints), 2))
    if len(joints) < 2:
        return np.ones_like(contacts)
    for foot, side in enumerate(("left", "right")):
        ball = joints[:, JOINT_INDEX[f"{side}_foot"]]
        speed = np.linalg.norm(np.gradient(ball, axis=0), axis=-1) * frame_rate
        contacts[:, foot] = (speed < _STILL) & (ball[:, 2] < ball[:, 2].min() + _LOW)
    return contacts


def _runs(mask: NDArray[np.bool_]) -> list[slice]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [slice(int(start), int(end)) for start, end in edges.reshape(-1, 2)]
