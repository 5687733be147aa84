"""Data of the 2D-only recipe: 2D sequences for training, and held-out ones to choose checkpoints by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from posenet3d_blender.capture.student.features import STUDENT_WINDOW
from posenet3d_blender.errors import PoseNet3DError
from posenet3d_blender.npz import read_npz

from ..data.clips import load_clips
from ..data.npz_takes import refuse_short
from ..data.sequences import PointSequences, concatenate_sequences, load_sequences
from ..synthesis.project_clips import VIEW_MARK, project_clips
from .whole_body import missing_points, usable_sequences

_HELD_OUT_SHARE: Final = 0.05
"""Of the clips; at least one is held out."""


@dataclass(frozen=True)
class SequenceSplit:
    """Training data of a run, all two-dimensional."""

    train: PointSequences
    held_out: PointSequences


def load_sequence_split(paths: Sequence[Path], cameras: Sequence[int], seed: int) -> SequenceSplit:
    """Read 2D sequences, and motion capture projected to fixed cameras around each clip.

    Sequences that never show a whole body for a window are left out.

    Args:
        paths: of the files.
        cameras: around each clip, of each file.
        seed: of the cameras and of the choice of held-out clips.

    Raises:
        PoseNet3DError: a file is missing or damaged or has nothing usable, or there are fewer than two sequences.
    """
    sequences = concatenate_sequences([_usable(path, count, seed) for path, count in zip(paths, cameras, strict=True)])
    # A clip is held out with all its views: otherwise the same motion would be trained on from another side.
    clips = [name.partition(VIEW_MARK)[0] for name in sequences.names]
    clip_names = sorted(set(clips))
    if len(clip_names) < 2:
        raise PoseNet3DError(f"{paths[0]}: one sequence only; give at least two, so that one can be held out")
    count = max(1, round(_HELD_OUT_SHARE * len(clip_names)))
    held_out = {clip_names[index] for index in np.random.default_rng(seed).permutation(len(clip_names))[:count]}
    return SequenceSplit(
        sequences.select([index for index, clip in enumerate(clips) if clip not in held_out]),
        sequences.select([index for index, clip in enumerate(clips) if clip in held_out]),
    )


def _usable(path: Path, cameras: int, seed: int) -> PointSequences:
    if "rel" in read_npz(path, "training data (.npz)", ("rel",)):
        sequences = project_clips(load_clips(path), cameras, seed)
    else:
        sequences = load_sequences(path)
    refuse_short(path, sequences, STUDENT_WINDOW)
    usable = usable_sequences(sequences)
    if not usable:
        if missing := missing_points(sequences):
            raise PoseNet3DError(
                f"{path}: key 'confidence': never gives {', '.join(missing)}, which the recipe lifts; "
                "give sequences of a detector that does"
            )
        raise PoseNet3DError(
            f"{path}: key 'confidence': no sequence shows every joint for a window ({STUDENT_WINDOW} samples on end); "
            "give sequences of whole bodies"
        )
    return sequences.select(usable)
