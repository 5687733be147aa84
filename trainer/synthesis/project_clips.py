"""2D sequences from motion capture: projections to fixed cameras around each clip. No depth leaves this module."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..data.clips import Clips
from ..data.sequences import PointSequences
from .benchmark_views import benchmark_views

VIEW_MARK: Final = "@"
"""Separates the clip's name and the camera's number."""


def project_clips(clips: Clips, cameras: int, seed: int) -> PointSequences:
    """Each clip in `cameras` fixed cameras at random azimuths, as in the evaluation; each view becomes a sequence.

    A sequence's name holds its clip's, so that whole clips can be held out; training does not link views.
    """
    views = list(benchmark_views(clips, cameras, seed, None))
    offsets = np.cumsum([0, *(len(view.rays) for view in views)]).astype(np.int32)
    return PointSequences(
        np.concatenate([view.rays for view in views]).astype(np.float32),
        np.concatenate([view.confidence for view in views]).astype(np.float32),
        offsets,
        tuple(f"{clips.names[index // cameras]}{VIEW_MARK}{index % cameras}" for index in range(len(views))),
    )
