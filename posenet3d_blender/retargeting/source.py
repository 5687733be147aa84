"""The motion to retarget, as read from a captured armature."""

from __future__ import annotations

from dataclasses import dataclass

from ..arrays import Array
from .finger_rest import SourceFingers


@dataclass(frozen=True)
class SourceMotion:
    """Motion of an SMPL skeleton in the body frame, metres; T frames."""

    rotations: Array
    """(T, 24, 3, 3) rotation of each bone from rest."""
    joints: Array
    """(T, 24, 3) positions."""
    rest_joints: Array
    """(24, 3) positions at rest, with the soles at zero."""
    contacts: Array
    """(T, 2) probability that the left and the right foot rest on the floor."""
    frame_rate: float
    fingers: SourceFingers | None = None
    """None: the motion has none."""

    @property
    def frame_count(self) -> int:
        """T."""
        return len(self.rotations)
