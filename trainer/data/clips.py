"""Clips of motion capture as joint positions: the training-data format.

Frame: Y up, metres, SMPL-24 joints.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.body.skeleton import JOINT_COUNT, JOINT_NAMES, PARENTS
from posenet3d_blender.npz import write_npz

from .npz_takes import NpzTakes, read_takes


@dataclass(frozen=True)
class Clips(NpzTakes):
    """Several clips, one after another."""

    ROWS: ClassVar = ("relative_joints", "root")

    relative_joints: NDArray[np.float32]
    """(N, 24, 3) joints relative to the pelvis."""
    root: NDArray[np.float32]
    """(N, 3) pelvis position."""
    offsets: NDArray[np.int32]
    """(C + 1,) first frame of each clip, then the total."""
    names: tuple[str, ...]
    frame_rate: float


def load_clips(path: Path) -> Clips:
    """Read a training-data file.

    Raises:
        PoseNet3DError: the file is missing or unreadable, or a key is missing, of a wrong shape or not finite.
    """
    data = read_takes(path, "a training-data .npz", {"rel": (JOINT_COUNT, 3), "root": (3,)})
    return Clips(data["rel"], data["root"], data["offsets"], tuple(map(str, data["names"])), float(data["fps"]))


def save_clips(path: Path, clips: Clips, sources: Sequence[str] | None = None) -> None:
    """Write a training-data file for `load_clips`; joints in float16 (precise to a millimetre at 1 m).

    Args:
        path: the `.npz`.
        clips: the clips.
        sources: data set of each clip; None: unknown.

    Raises:
        PoseNet3DError: the file can't be written.
    """
    write_npz(
        path,
        {
            "rel": clips.relative_joints.astype(np.float16),
            "root": clips.root.astype(np.float32),
            "offsets": clips.offsets.astype(np.int32),
            "names": np.array(clips.names, dtype=np.str_),
            "source": np.array(sources or [""] * len(clips.names), dtype=np.str_),
            "joints": np.array(JOINT_NAMES),
            "parents": np.array(PARENTS, np.int8),
            "fps": np.array(clips.frame_rate, np.float32),
        },
    )


def resampled(clips: Clips, frame_rate: float) -> Clips:
    """The clips at another rate, linearly interpolated; at the same rate, the same object."""
    if abs(clips.frame_rate - frame_rate) < 1e-3:
        return clips
    joints, roots = [], []
    for start, end in clips.ranges():
        count = int((end - start - 1) / clips.frame_rate * frame_rate + 1e-6) + 1
        moments = start + np.arange(count) * clips.frame_rate / frame_rate
        before = np.minimum(moments.astype(np.int64), end - 1)
        after = np.minimum(before + 1, end - 1)
        share = (moments - before).astype(np.float32)[:, None]
        joints.append(_between(clips.relative_joints, before, after, share[..., None]))
        roots.append(_between(clips.root, before, after, share))
    offsets = np.cumsum([0, *map(len, roots)]).astype(np.int32)
    return Clips(np.concatenate(joints), np.concatenate(roots), offsets, clips.names, frame_rate)


def _between(
    track: NDArray[np.float32], before: NDArray[np.int64], after: NDArray[np.int64], share: NDArray[np.float32]
) -> NDArray[np.float32]:
    between: NDArray[np.float32] = track[before] + share * (track[after] - track[before])
    return between
