"""Types of the fixtures that run the convert command."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from posenet3d_blender.body.skeleton import JOINT_INDEX
from trainer.data.clips import Clips
from trainer.data.sequences import PointSequences


@dataclass(frozen=True)
class Converted:
    """Clips written by the convert command."""

    clips: Clips

    def joint(self, name: str, frame: int = 0) -> NDArray[np.float32]:
        """(3,) metres from the pelvis."""
        position: NDArray[np.float32] = self.clips.relative_joints[frame, JOINT_INDEX[name]]
        return position

    def bone(self, start: str, end: str, frame: int = 0) -> NDArray[np.float32]:
        """(3,) metres from one joint to another."""
        vector: NDArray[np.float32] = self.joint(end, frame) - self.joint(start, frame)
        return vector


Convert: TypeAlias = Callable[..., Converted]
"""Format, files and options to clips."""
ConvertKeypoints: TypeAlias = Callable[..., PointSequences]
"""Files and options to 2D sequences."""
Refusal: TypeAlias = Callable[..., str]
"""Format, files and options to the error message."""
