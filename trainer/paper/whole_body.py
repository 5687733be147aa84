"""Stretches of 2D sequences that show a whole body, and the points that many detectors do not give."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.body.model import load_body
from posenet3d_blender.capture.student.features import STUDENT_POINT_NAMES, STUDENT_WINDOW
from posenet3d_blender.capture.student.lifter.skeleton import POINT_OF_LIFTED

from ..data.sequences import PointSequences
from ..geometry.proportions import hand_to_forearm

_LEAST_CONFIDENCE: Final = 0.3
"""Of each lifted joint in usable windows."""


def impute_missing_points(sequences: PointSequences) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Rays (N, 27, 2) and confidence (N, 27) with points imputed in the sequences that never have them.

    Neck and head are placed between shoulders and ears, knuckles beyond the wrist along the forearm in the image.
    """
    rays, confidence = sequences.rays.copy(), sequences.confidence.copy()
    for start, end in sequences.ranges():
        for name, shares in _imputed_points().items():
            point = STUDENT_POINT_NAMES.index(name)
            if confidence[start:end, point].any():
                continue
            sources = [STUDENT_POINT_NAMES.index(source) for source in shares]
            weights = np.array(list(shares.values()), np.float32)
            rays[start:end, point] = (rays[start:end, sources] * weights[:, None]).sum(1)
            confidence[start:end, point] = confidence[start:end, sources].min(1)
    return rays, confidence


@cache
def _imputed_points() -> dict[str, dict[str, float]]:
    """Points that many detectors do not give, each as a weighted sum of others."""
    # Three digits, as the committed checkpoints were trained with.
    hand = round(hand_to_forearm(load_body()), 3)
    return {
        "neck": {"left_shoulder": 0.5, "right_shoulder": 0.5},
        "head": {"left_ear": 0.5, "right_ear": 0.5},
        **{
            f"{side}_{finger}": {f"{side}_wrist": 1 + hand, f"{side}_elbow": -hand}
            for side in ("left", "right")
            for finger in ("index", "pinky")
        },
    }


def missing_points(sequences: PointSequences) -> list[str]:
    """Names of the lifted joints' points that no sample has."""
    _, confidence = impute_missing_points(sequences)
    return [STUDENT_POINT_NAMES[point] for point in POINT_OF_LIFTED if not confidence[:, point].any()]


def whole_body_stretches(
    sequences: PointSequences, confidence: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and past-the-end sample (S,) of each stretch of a window or more that shows every lifted joint.

    confidence: (N, 27), of `impute_missing_points`.
    """
    stretches = [stretch for own in _stretches(sequences, confidence) for stretch in own]
    starts, ends = np.array(stretches, np.int64).reshape(-1, 2).T
    return starts, ends


def usable_sequences(sequences: PointSequences) -> list[int]:
    """Indices of the sequences that show every lifted joint for a window or more."""
    _, confidence = impute_missing_points(sequences)
    return [index for index, own in enumerate(_stretches(sequences, confidence)) if own]


def _stretches(sequences: PointSequences, confidence: NDArray[np.float32]) -> list[list[tuple[int, int]]]:
    """For each sequence, first and past-the-end sample of each stretch of a window or more with every lifted joint."""
    whole = (confidence[:, list(POINT_OF_LIFTED)] >= _LEAST_CONFIDENCE).all(-1)
    stretches = []
    for first, end in sequences.ranges():
        edges = np.flatnonzero(np.diff(np.concatenate([[False], whole[first:end], [False]]).astype(np.int8))) + first
        stretches.append(
            [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2) if stop - start >= STUDENT_WINDOW]
        )
    return stretches
