"""2D sequences: a detector's points of one person at a time, without anything three-dimensional.

Made from videos, or by projecting motion capture; the only training data of the 2D-only recipe.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.capture.student.features import STUDENT_POINT_COUNT, STUDENT_RATE
from posenet3d_blender.errors import PoseNet3DError
from posenet3d_blender.npz import write_npz

from .npz_takes import NpzTakes, read_takes


@dataclass(frozen=True)
class PointSequences(NpzTakes):
    """Several sequences, one after another, each of one person in one camera, at STUDENT_RATE."""

    ROWS: ClassVar = ("rays", "confidence")

    rays: NDArray[np.float32]
    """(N, 27, 2) x/z and y/z in the camera frame (x right, y down), in the order of STUDENT_POINT_NAMES; 0 where
    confidence is 0."""
    confidence: NDArray[np.float32]
    """(N, 27) from 0 (not given) to 1."""
    offsets: NDArray[np.int32]
    """(S + 1,) first sample of each sequence, then the total."""
    names: tuple[str, ...]


def concatenate_sequences(parts: Sequence[PointSequences]) -> PointSequences:
    """All sequences of `parts` (at least one), in that order."""
    lengths = np.concatenate([np.diff(part.offsets) for part in parts])
    return PointSequences(
        np.concatenate([part.rays for part in parts]),
        np.concatenate([part.confidence for part in parts]),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32),
        tuple(name for part in parts for name in part.names),
    )


def save_sequences(path: Path, sequences: PointSequences) -> None:
    """Write an `.npz` for `load_sequences`.

    Raises:
        PoseNet3DError: the file can't be written.
    """
    write_npz(
        path,
        {
            "rays": sequences.rays.astype(np.float32),
            "confidence": sequences.confidence.astype(np.float32),
            "offsets": sequences.offsets.astype(np.int32),
            "names": np.array(sequences.names, dtype=np.str_),
            "fps": np.array(STUDENT_RATE, np.float32),
        },
    )


def load_sequences(path: Path) -> PointSequences:
    """Read a file of 2D sequences.

    Raises:
        PoseNet3DError: the file is missing or unreadable or of another rate, or a key is missing, of a wrong shape or
            not finite.
    """
    points = STUDENT_POINT_COUNT
    data = read_takes(path, "an .npz of 2D sequences", {"rays": (points, 2), "confidence": (points,)})
    confidence = data["confidence"]
    if confidence.size and not 0 <= confidence.min() <= confidence.max() <= 1:
        raise PoseNet3DError(f"{path}: key 'confidence' must lie between 0 and 1")
    if abs(float(data["fps"]) - STUDENT_RATE) > 1e-3:
        raise PoseNet3DError(f"{path}: key 'fps' must be {STUDENT_RATE:g}; convert the sequences again")
    return PointSequences(data["rays"], confidence, data["offsets"], tuple(map(str, data["names"])))
