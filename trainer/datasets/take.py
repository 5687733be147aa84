"""Takes of motion capture, and their conversion to clips: cut at glitches, resampled to one rate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.arrays import Array
from posenet3d_blender.body.skeleton import JOINT_INDEX, JOINT_NAMES
from posenet3d_blender.capture.student.features import STUDENT_RATE
from posenet3d_blender.errors import PoseNet3DError

from ..data.clips import Clips, resampled

SHORTEST_PIECE: Final = 20
"""Samples at STUDENT_RATE; shorter pieces between cuts are dropped."""
FASTEST: Final = 12.0
"""Metres per second; faster joints relative to the pelvis, or a faster pelvis in the room, are glitches."""


@dataclass(frozen=True)
class Take:
    """One take of one person, as captured."""

    joints: Array
    """(T, 24, 3) metres, SMPL-24 joints, Y up."""
    frame_rate: float
    name: str
    source: str
    """Data set."""
    usable: NDArray[np.bool_] | None = None
    """(T,) False where the data set marks a frame as wrong; None: all are good."""


def stacked_joints(path: Path, by_name: Mapping[str, Array], key: str) -> Array:
    """(T, 24, 3) from (T, 3) for each of JOINT_NAMES, checked to be finite; `key`: their place in the file.

    Raises:
        PoseNet3DError: a position is not a finite number.
    """
    for name, track in by_name.items():
        finite = np.isfinite(track).all(axis=-1)
        if not finite.all():
            frame = int(np.flatnonzero(~finite)[0])
            raise PoseNet3DError(
                f"{path}: key '{key}' holds no finite number for {name} in frame {frame}; get the file again"
            )
    return np.stack([by_name[name] for name in JOINT_NAMES], axis=1)


def on_floor(joints: Array) -> Array:
    """The motion with its lowest foot (first percentile, robust to single glitches) at height 0."""
    feet = joints[:, [JOINT_INDEX["left_foot"], JOINT_INDEX["right_foot"]], 1].min(axis=1)
    grounded: Array = joints - np.array([0.0, np.percentile(feet, 1), 0.0])
    return grounded


def clips_from_takes(takes: Iterable[Take]) -> tuple[Clips, tuple[str, ...]]:
    """Clips at STUDENT_RATE, and the source of each; pieces of a cut take are named with `#` and their number.

    Raises:
        PoseNet3DError: all pieces are too short.
    """
    relative, roots, names, sources = [], [], [], []
    for take in takes:
        pieces = [piece for piece in map(_at_student_rate, _pieces(take)) if len(piece.root) >= SHORTEST_PIECE]
        for number, piece in enumerate(pieces):
            relative.append(piece.relative_joints)
            roots.append(piece.root)
            names.append(take.name if len(pieces) == 1 else f"{take.name}#{number}")
            sources.append(take.source)
    if not names:
        raise PoseNet3DError(
            f"no clip holds {SHORTEST_PIECE / STUDENT_RATE:.1f} s in a row without a glitch; give other takes"
        )
    offsets = np.cumsum([0, *map(len, roots)]).astype(np.int32)
    clips = Clips(np.concatenate(relative), np.concatenate(roots), offsets, tuple(names), STUDENT_RATE)
    return clips, tuple(sources)


def _pieces(take: Take) -> list[Clips]:
    """The take cut at jumps, without unusable frames."""
    relative = take.joints - take.joints[:, :1]
    joint_steps = np.linalg.norm(np.diff(relative, axis=0), axis=-1).max(axis=-1)
    root_steps = np.linalg.norm(np.diff(take.joints[:, 0], axis=0), axis=-1)
    jumps = np.maximum(joint_steps, root_steps) * take.frame_rate > FASTEST
    usable = np.ones(len(relative), bool) if take.usable is None else take.usable
    breaks = np.flatnonzero(jumps | (usable[1:] != usable[:-1])) + 1
    return [
        Clips(
            relative[piece].astype(np.float32),
            take.joints[piece, 0].astype(np.float32),
            np.array([0, len(piece)], np.int32),
            (take.name,),
            take.frame_rate,
        )
        for piece in np.split(np.arange(len(relative)), breaks)
        if len(piece) and usable[piece[0]]
    ]


def _at_student_rate(clips: Clips) -> Clips:
    return resampled(clips, STUDENT_RATE)
