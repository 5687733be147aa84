"""The recipe's material: 2D sequences for training, and some held out to choose the checkpoint by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from posenet3d_blender.capture.student.features import STUDENT_WINDOW
from posenet3d_blender.errors import PoseNet3DError
from posenet3d_blender.npz import read_npz

from ..data.clips import load_clips, refuse_short
from ..data.sequences import PointSequences, joined, load_sequences
from ..synthesis.project_clips import VIEW_MARK, project_clips
from .sequence_sampler import never_given, usable_sequences

_HELD_OUT: Final = 0.05
"""Share of the clips; at least one."""


@dataclass(frozen=True)
class SequenceSplit:
    """What a run learns from; all of it two-dimensional."""

    train: PointSequences
    held_out: PointSequences


def load_sequence_split(paths: Sequence[Path], cameras: int, seed: int) -> SequenceSplit:
    """Read 2D sequences, and motion capture as `cameras` fixed cameras around each clip see it.

    Sequences that never show a whole body for a window are left out.

    Raises:
        PoseNet3DError: a file is missing or damaged or has nothing usable, or there are fewer than two sequences.
    """
    sequences = joined([_usable(path, cameras, seed) for path in paths])
    # A clip is held out with all its views, or what is held out would have been seen from elsewhere.
    clips = [name.partition(VIEW_MARK)[0] for name in sequences.names]
    kinds = sorted(set(clips))
    if len(kinds) < 2:
        raise PoseNet3DError(f"{paths[0]}: one sequence only; give at least two, so that one can be held out")
    count = max(1, round(_HELD_OUT * len(kinds)))
    held_out = {kinds[index] for index in np.random.default_rng(seed).permutation(len(kinds))[:count]}
    is_held_out = np.array([clip in held_out for clip in clips])
    return SequenceSplit(
        _chosen(sequences, np.flatnonzero(~is_held_out)), _chosen(sequences, np.flatnonzero(is_held_out))
    )


def _usable(path: Path, cameras: int, seed: int) -> PointSequences:
    if "rel" in read_npz(path, "training data (.npz)", ("rel",)):
        sequences = project_clips(load_clips(path), cameras, seed)
    else:
        sequences = load_sequences(path)
    refuse_short(path, [end - start for start, end in sequences.ranges()], STUDENT_WINDOW)
    usable = usable_sequences(sequences)
    if not usable:
        if missing := never_given(sequences):
            raise PoseNet3DError(
                f"{path}: key 'confidence': never gives {', '.join(missing)}, which the recipe lifts; "
                "give sequences of a detector that does"
            )
        raise PoseNet3DError(
            f"{path}: key 'confidence': no sequence shows every joint for a window ({STUDENT_WINDOW} samples on end); "
            "give sequences of whole bodies"
        )
    return _chosen(sequences, np.array(usable))


def _chosen(sequences: PointSequences, chosen: np.ndarray) -> PointSequences:
    ranges = [sequences.ranges()[index] for index in chosen]
    frames = np.concatenate([np.arange(start, end) for start, end in ranges])
    return PointSequences(
        sequences.rays[frames],
        sequences.confidence[frames],
        np.cumsum([0, *(end - start for start, end in ranges)]).astype(np.int32),
        tuple(sequences.names[index] for index in chosen),
    )
