"""2D sequences from motion capture: what fixed cameras around each clip see. The depth does not leave this module."""

from __future__ import annotations

import numpy as np

from .clips import Clips
from .evaluation_views import evaluation_views
from .sequences import PointSequences


def project_clips(clips: Clips, cameras: int, seed: int) -> PointSequences:
    """Each clip before `cameras` fixed cameras at random azimuths, as in the evaluation; each view is a sequence.

    No sequence tells which others show the same clip.
    """
    views = list(evaluation_views(clips, cameras, seed, None))
    offsets = np.cumsum([0, *(len(view.rays) for view in views)]).astype(np.int32)
    return PointSequences(
        np.concatenate([view.rays for view in views]).astype(np.float32),
        np.concatenate([view.confidence for view in views]).astype(np.float32),
        offsets,
        tuple(f"{clips.names[index // cameras]}@{index % cameras}" for index in range(len(views))),
    )
