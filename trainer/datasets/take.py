"""What every reader of motion capture gives, and how it becomes clips: checked, cut at glitches, at one rate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.body.skeleton import JOINT_INDEX, JOINT_NAMES
from posenet3d_blender.capture.student.features import STUDENT_RATE
from posenet3d_blender.errors import PoseNet3DError

from ..data.clips import Clips, resampled

Array = NDArray[np.float64]

SHORTEST_PIECE: Final = 20
"""Samples at STUDENT_RATE: shorter pieces between two cuts are dropped."""
FASTEST: Final = 12.0
"""Metres per second: where a joint moves faster than this against the pelvis, or the pelvis in the room, the capture
has a glitch and is cut."""


@dataclass(frozen=True)
class Take:
    """One take of one person, as captured."""

    joints: Array
    """(T, 24, 3) metres, SMPL-24 joints, Y up."""
    frame_rate: float
    name: str
    source: str
    """Whose data it is."""
    usable: NDArray[np.bool_] | None = None
    """(T,) False where the data set itself calls a frame wrong; None: all are good."""


def stacked_joints(path: Path, by_name: Mapping[str, Array], key: str) -> Array:
    """(T, 24, 3) from (T, 3) for each of JOINT_NAMES, made sure to be finite; `key` says where in the file they stand.

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
    """The same motion with its lowest foot (the hundredth percentile, against single glitches) at height 0."""
    feet = joints[:, [JOINT_INDEX["left_foot"], JOINT_INDEX["right_foot"]], 1].min(axis=1)
    return joints - np.array([0.0, np.percentile(feet, 1), 0.0])


def clips_from_takes(motions: Iterable[Take]) -> tuple[Clips, tuple[str, ...]]:
    """Clips at STUDENT_RATE and each one's source; pieces of a cut motion are named with `#` and their number.

    Raises:
        PoseNet3DError: nothing long enough is left.
    """
    relative, roots, names, sources = [], [], [], []
    for motion in motions:
        pieces = [piece for piece in map(_at_student_rate, _pieces(motion)) if len(piece.root) >= SHORTEST_PIECE]
        for number, piece in enumerate(pieces):
            relative.append(piece.relative_joints)
            roots.append(piece.root)
            names.append(motion.name if len(pieces) == 1 else f"{motion.name}#{number}")
            sources.append(motion.source)
    if not names:
        raise PoseNet3DError(
            f"no clip holds {SHORTEST_PIECE / STUDENT_RATE:.1f} s on end without a glitch; give others"
        )
    offsets = np.cumsum([0, *map(len, roots)]).astype(np.int32)
    clips = Clips(np.concatenate(relative), np.concatenate(roots), offsets, tuple(names), STUDENT_RATE)
    return clips, tuple(sources)


def _pieces(motion: Take) -> list[Clips]:
    """The motion cut where it jumps, without the frames that are not usable."""
    relative = motion.joints - motion.joints[:, :1]
    joint_steps = np.linalg.norm(np.diff(relative, axis=0), axis=-1).max(axis=-1)
    root_steps = np.linalg.norm(np.diff(motion.joints[:, 0], axis=0), axis=-1)
    jumps = np.maximum(joint_steps, root_steps) * motion.frame_rate > FASTEST
    usable = np.ones(len(relative), bool) if motion.usable is None else motion.usable
    breaks = np.flatnonzero(jumps | (usable[1:] != usable[:-1])) + 1
    return [
        Clips(
            relative[piece].astype(np.float32),
            motion.joints[piece, 0].astype(np.float32),
            np.array([0, len(piece)], np.int32),
            (motion.name,),
            motion.frame_rate,
        )
        for piece in np.split(np.arange(len(relative)), breaks)
        if len(piece) and usable[piece[0]]
    ]


def _at_student_rate(clips: Clips) -> Clips:
    return resampled(clips, STUDENT_RATE)
