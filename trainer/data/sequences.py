"""Plain 2D sequences: what a detector saw of people, one person at a time. Nothing in them is three-dimensional.

Made from anybody's own videos, or by projecting motion capture; all that the 2D-only recipe learns from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.capture.student.features import STUDENT_POINT_COUNT, STUDENT_RATE
from posenet3d_blender.errors import PoseNet3DError
from posenet3d_blender.npz import write_npz

from .npz_takes import read_takes


@dataclass(frozen=True)
class PointSequences:
    """Several sequences, one after another, each of one person seen by one camera, at STUDENT_RATE."""

    rays: NDArray[np.float32]
    """(N, 27, 2) x/z and y/z in the camera frame (x right, y down), in the order of STUDENT_POINT_NAMES; 0 where
    confidence is 0."""
    confidence: NDArray[np.float32]
    """(N, 27) from 0 (not given) to 1."""
    offsets: NDArray[np.int32]
    """(S + 1,) first sample of each sequence, with the final end."""
    names: tuple[str, ...]

    def ranges(self) -> list[tuple[int, int]]:
        """First and past-the-end sample of each sequence."""
        return [(int(start), int(end)) for start, end in zip(self.offsets[:-1], self.offsets[1:], strict=True)]


def joined(several: Sequence[PointSequences]) -> PointSequences:
    """All sequences of `several` (at least one), in that order."""
    lengths = np.concatenate([np.diff(one.offsets) for one in several])
    return PointSequences(
        np.concatenate([one.rays for one in several]),
        np.concatenate([one.confidence for one in several]),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32),
        tuple(name for one in several for name in one.names),
    )


def save_sequences(path: Path, sequences: PointSequences) -> None:
    """Write an `.npz` that `load_sequences` reads back.

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
        PoseNet3DError: the file is missing or unreadable, is of another rate, or a key is missing, has a wrong shape or
            is not finite.
    """
    points = STUDENT_POINT_COUNT
    data = read_takes(path, "an .npz of 2D sequences", {"rays": (points, 2), "confidence": (points,)})
    confidence = data["confidence"]
    if confidence.size and not 0 <= confidence.min() <= confidence.max() <= 1:
        raise PoseNet3DError(f"{path}: key 'confidence' must lie between 0 and 1")
    if abs(float(data["fps"]) - STUDENT_RATE) > 1e-3:
        raise PoseNet3DError(f"{path}: key 'fps' must be {STUDENT_RATE:g}; convert the sequences again")
    return PointSequences(data["rays"], confidence, data["offsets"], tuple(map(str, data["names"])))
