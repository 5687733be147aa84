"""Feet that are slow in an augmented window: a contact holds only where the foot still rests."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from posenet3d_blender.capture.student.features import STUDENT_RATE

from ..data.foot_contacts import FOOT_JOINTS

_RESTING_SPEED: Final = 0.3
"""Metres a second, a little more than of clips: moving joints beyond the clip's poses moves feet, too."""


def slow_feet(joints: Tensor) -> Tensor:
    """(B, T, 2) 1 where the ankle or the ball of the left or right foot is slow: a leg of another clip may not rest.

    joints: (B, T, 24, 3) in a frame that stands still, metres.
    """
    if joints.shape[1] == 1:
        return torch.ones(len(joints), 1, 2)
    speed = torch.gradient(joints[:, :, FOOT_JOINTS], dim=1)[0].norm(dim=-1).amin(-1) * STUDENT_RATE  # (B, T, 2)
    slow: Tensor = (speed < _RESTING_SPEED).float()
    return slow
