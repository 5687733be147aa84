"""The simplest motion capture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from posenet3d_blender.body.model import load_body
from trainer.data.clips import Clips, save_clips


def write_still(path: Path, lengths: list[int], frame_rate: float = 30.0) -> None:
    """Clips of the body at rest, which moves along by a metre a second."""
    joints, count = load_body().joint_template, sum(lengths)
    clips = Clips(
        np.repeat((joints - joints[0])[None], count, 0).astype(np.float32),
        np.arange(count, dtype=np.float32)[:, None] / frame_rate * np.array([1, 0, 0], np.float32),
        np.cumsum([0, *lengths]).astype(np.int32),
        tuple(f"still {index}" for index in range(len(lengths))),
        frame_rate,
    )
    save_clips(path, clips)
