"""Clips of motion capture as joint positions, in the contract's training-data format.

Frame: Y up, metres, SMPL-24 joints.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.body.skeleton import JOINT_COUNT
from posenet3d_blender.errors import PoseNet3DError


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
    try:
        with np.load(path, allow_pickle=False) as archive:
            data = {key: archive[key] for key in archive.files}
    except FileNotFoundError:
        raise PoseNet3DError(f"{path}: no such file; give a training-data .npz") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise PoseNet3DError(f"{path}: not a readable training-data .npz ({error})") from error
    for key in ("rel", "root", "offsets", "names", "fps"):
        if key not in data:
            raise PoseNet3DError(f"{path}: key '{key}' is missing; see the training-data format")
    count = len(data["rel"])
    if data["rel"].shape != (count, JOINT_COUNT, 3) or data["root"].shape != (count, 3):
        raise PoseNet3DError(f"{path}: keys 'rel' and 'root' must be (N, 24, 3) and (N, 3)")
    for key in ("rel", "root"):
        if not np.isfinite(data[key]).all():
            raise PoseNet3DError(f"{path}: key '{key}' holds values that are not finite numbers")
    if data["offsets"][0] != 0 or data["offsets"][-1] != count or (np.diff(data["offsets"]) <= 0).any():
        raise PoseNet3DError(f"{path}: key 'offsets' must rise from 0 to the number of frames, {count}")
    return Clips(
        data["rel"].astype(np.float32),
        data["root"].astype(np.float32),
        data["offsets"],
        tuple(str(name) for name in data["names"]),
        float(data["fps"]),
    )
