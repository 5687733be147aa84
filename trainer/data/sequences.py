"""Plain 2D sequences: what a detector saw of people, one person at a time. Nothing in them is three-dimensional.

Made from anybody's own videos, or by projecting motion capture; all that the 2D-only recipe learns from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.archives import read_npz
from posenet3d_blender.capture.student_input import STUDENT_POINT_COUNT, STUDENT_RATE
from posenet3d_blender.errors import PoseNet3DError
from posenet3d_blender.files import writing


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
    # A stream, as NumPy adds an ending to a name that lacks it.
    with writing(path) as partial, partial.open("wb") as stream:
        np.savez_compressed(
            stream,
            rays=sequences.rays.astype(np.float32),
            confidence=sequences.confidence.astype(np.float32),
            offsets=sequences.offsets.astype(np.int32),
            names=np.array(sequences.names, dtype=np.str_),
            fps=np.float32(STUDENT_RATE),
        )


def load_sequences(path: Path) -> PointSequences:
    """Read a file of 2D sequences.

    Raises:
        PoseNet3DError: the file is missing or unreadable, is of another rate, or a key is missing, has a wrong shape or
            is not finite.
    """
    keys = ("rays", "confidence", "offsets", "names", "fps")
    data = read_npz(path, "an .npz of 2D sequences", keys)
    for key in keys:
        if key not in data:
            raise PoseNet3DError(f"{path}: key '{key}' is missing; write the file with `convert keypoints`")
        if data[key].dtype.kind not in ("US" if key == "names" else "fiu"):
            raise PoseNet3DError(
                f"{path}: key '{key}' holds {data[key].dtype}; write the file with `convert keypoints`"
            )
    rays, confidence, offsets, names, rate = (data[key] for key in keys)
    count = len(confidence) if confidence.ndim else 0
    if rays.shape != (count, STUDENT_POINT_COUNT, 2) or confidence.shape != (count, STUDENT_POINT_COUNT):
        raise PoseNet3DError(f"{path}: keys 'rays' and 'confidence' must be (N, 27, 2) and (N, 27)")
    for key in ("rays", "confidence"):
        if not np.isfinite(data[key]).all():
            raise PoseNet3DError(f"{path}: key '{key}' holds values that are not finite numbers")
    if confidence.size and not 0 <= confidence.min() <= confidence.max() <= 1:
        raise PoseNet3DError(f"{path}: key 'confidence' must lie between 0 and 1")
    if offsets.ndim != 1 or len(offsets) < 2 or offsets.dtype.kind == "f":
        raise PoseNet3DError(f"{path}: key 'offsets' must hold the sequences' starts and the final end")
    if offsets[0] != 0 or offsets[-1] != count or (np.diff(offsets.astype(np.int64)) <= 0).any():
        raise PoseNet3DError(f"{path}: key 'offsets' must rise from 0 to the number of samples, {count}")
    if names.shape != (len(offsets) - 1,):
        raise PoseNet3DError(f"{path}: key 'names' must hold a name for each of the {len(offsets) - 1} sequences")
    if rate.size != 1 or abs(float(rate.reshape(())) - STUDENT_RATE) > 1e-3:
        raise PoseNet3DError(f"{path}: key 'fps' must be {STUDENT_RATE:g}; convert the sequences again")
    return PointSequences(
        rays.astype(np.float32), confidence.astype(np.float32), offsets.astype(np.int32), tuple(map(str, names))
    )
