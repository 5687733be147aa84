"""Batches of windows that the stages of the 2D-only recipe learn from."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ..windows.windows import Windows
from .geometry import Lifted, View


@dataclass(frozen=True)
class SequenceWindows:
    """Windows of 2D sequences for the teacher, exact and as the detector would give them."""

    view: View
    """The lifted joints, without detector noise."""
    detected: View
    """The same points with noise, in a virtual camera of their own."""
    turn: Tensor
    """(B, 3, 3) from the frame of `view` to that of `detected`."""


@dataclass(frozen=True)
class DistillationWindows:
    """Windows for the student, with the teacher's skeletons; all in the same virtual camera's frame."""

    features: Tensor
    """(B, T, 82) of the student: with the detector's measured noise in most windows."""
    view: View
    """The lifted joints, without detector noise."""
    skeletons: Lifted
    """The teacher's, seen from a new camera that is turned to the person."""
    up: Tensor
    """(B, 3) unit vector against gravity."""
    real_count: int
    """Windows, from the first, with poses from the data; the others are augmented."""
    contacts: Tensor
    """(B, T, 2) 1 where the left or right foot rests, of the poses before they are augmented."""
    keypoints: Tensor
    """(B, T, 25, 3) the detector's keypoints on a body with these skeletons, in their frame and unit."""
    of_keypoints: Tensor
    """(B,) 1 where the student is shown these keypoints, 0 where it is shown the joints themselves."""


@dataclass(frozen=True)
class TeacherWindows:
    """Windows of the teacher's skeletons on the SMPL body, in new views; every lifted joint is given."""

    exact: Windows
    detected: Windows
    """Others, with the detector's noise."""
