"""Batches of windows that the stages of the 2D-only recipe learn from."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from .geometry import Lifted, View


@dataclass(frozen=True)
class PaperWindows:
    """Windows of 2D points; `view` and `features` show the same windows in the same virtual camera's frame."""

    view: View
    """For the teacher: the lifted joints, without detector noise."""
    features: Tensor
    """(B, T, 82) for the student: with the detector's measured noise in most windows."""
    contacts: Tensor
    """(B, T, 2) 1 where the left or right foot stands still in the image."""


@dataclass(frozen=True)
class SequenceWindows(PaperWindows):
    """Windows of 2D sequences, exact and as the detector would give them."""

    detected: View
    """For the teacher: the same points with the noise of `features`, in a virtual camera of their own."""
    turn: Tensor
    """(B, 3, 3) from the frame of `view` to that of `detected`."""


@dataclass(frozen=True)
class DistillationWindows:
    """Windows for the student, with the teacher's prediction."""

    windows: PaperWindows
    prediction: Lifted
    real_count: int
    """Windows, from the first, with poses from the data; the others are augmented."""
    keypoints: Tensor
    """(B, T, 25, 3) the detector's keypoints on a body with the skeleton of `prediction`, in its frame and unit."""
    of_keypoints: Tensor
    """(B,) 1 where the student is shown these keypoints, 0 where it is shown the joints themselves."""
    trust: Tensor
    """(B, T, 18) from 0 to 1: how sure the teacher is of each joint."""
