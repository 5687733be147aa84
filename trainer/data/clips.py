"""Clips of motion capture as joint positions, in the contract's training-data format.

Frame: Y up, metres, SMPL-24 joints.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.body.skeleton import JOINT_COUNT, JOINT_NAMES, PARENTS
from posenet3d_blender.errors import PoseNet3DError
from posenet3d_blender.npz import write_npz

from .npz_takes import read_takes


@dataclass(frozen=True)
class Clips:
    """Several clips, one after another."""

    relative_joints: NDArray[np.float32]
    """(N, 24, 3) joints relative to the pelvis."""
    root: NDArray[np.float32]
    """(N, 3) pelvis position."""
    offsets: NDArray[np.int32]
    """(C + 1,) first frame of each clip, with the final end."""
    names: tuple[str, ...]
    frame_rate: float

    def ranges(self) -> list[tuple[int, int]]:
        """First and past-the-end frame of each clip."""
        return [(int(start), int(end)) for start, end in zip(self.offsets[:-1], self.offsets[1:], strict=True)]


def load_clips(path: Path) -> Clips:
    """Read a training-data file.

    Raises:
        PoseNet3DError: the file is missing or unreadable, a key is missing or has a wrong shape or is not finite.
    """
    data = read_takes(path, "a training-data .npz", {"rel": (JOINT_COUNT, 3), "root": (3,)})
    return Clips(data["rel"], data["root"], data["offsets"], tuple(map(str, data["names"])), float(data["fps"]))


def save_clips(path: Path, clips: Clips, sources: Sequence[str] | None = None) -> None:
    """Write a training-data file that `load_clips` reads back, joints to float16's precision (a millimetre at 1 m).

    Args:
        path: the `.npz`.
        clips: what to write.
        sources: whose data each clip is; None: not told.

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


def refuse_short(path: Path, lengths: Sequence[int], window: int) -> None:
    """Raise PoseNet3DError where not one of a file's clips has as many samples as a window."""
    if max(lengths) < window:
        raise PoseNet3DError(
            f"{path}: key 'offsets': the longest clip has {max(lengths)} samples, fewer than the window of {window}; "
            "give longer clips"
        )


def chosen_clips(clips: Clips, chosen: Sequence[int]) -> Clips:
    """Some of the clips (at least one), by index."""
    frames = frames_of(clips, chosen)
    lengths = np.diff(clips.offsets)[list(chosen)]
    return Clips(
        clips.relative_joints[frames],
        clips.root[frames],
        np.cumsum([0, *lengths]).astype(np.int32),
        tuple(clips.names[index] for index in chosen),
        clips.frame_rate,
    )


def joined_clips(parts: Sequence[Clips]) -> Clips:
    """Clips of several files (at least one, of one frame rate), one after another."""
    lengths = np.concatenate([np.diff(part.offsets) for part in parts])
    return Clips(
        np.concatenate([part.relative_joints for part in parts]),
        np.concatenate([part.root for part in parts]),
        np.cumsum([0, *lengths]).astype(np.int32),
        tuple(name for part in parts for name in part.names),
        parts[0].frame_rate,
    )


def frames_of(clips: Clips, chosen: Sequence[int]) -> NDArray[np.int64]:
    """(M,) the frames of some clips (at least one, by index), one clip after another."""
    ranges = clips.ranges()
    return np.concatenate([np.arange(*ranges[index]) for index in chosen])


def resampled(clips: Clips, frame_rate: float) -> Clips:
    """The clips at another rate, joints interpolated along straight lines; at the same rate, as they are."""
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
    return track[before] + share * (track[after] - track[before])
